"""The ledger's item stays below what DynamoDB takes, whatever people put into a request."""

from __future__ import annotations

import pytest

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review
from access_bridge.decisions.outcome import decision_mark, marked_decision
from access_bridge.ledger.codec import snapshot, snapshot_text

MOST_BYTES = 300_000
WIDE = "\N{GRINNING FACE}"
"""Takes twelve bytes in JSON of plain ASCII."""
MARK = decision_mark("d" * 32)


@pytest.mark.parametrize(
    "request_now",
    [
        AccessRequest("id", "alice", suggested_reviewers=tuple(f"reviewer-{number}" for number in range(50_000))),
        AccessRequest("id", "alice", resources=tuple(Resource("c", "node", WIDE * 1000) for _ in range(500))),
        AccessRequest(
            "id", "alice", reviews=tuple(Review(f"r{n}", RequestState.APPROVED, WIDE * 9000) for n in range(500))
        ),
        AccessRequest(
            "id", "alice", system_annotations={f"key-{n}": tuple("x" * 900 for _ in range(900)) for n in range(500)}
        ),
        AccessRequest("id", "alice", resolve_annotations={"key": (WIDE * 400_000,)}),
    ],
    ids=["suggested reviewers", "resources", "reviews", "annotations", "one long annotation"],
)
def test_a_large_request_still_fits(request_now: AccessRequest) -> None:
    text = snapshot_text(request_now)
    assert len(text.encode()) < MOST_BYTES
    assert snapshot(text).user == "alice"


def test_a_usual_request_is_kept_whole() -> None:
    request = AccessRequest(
        "id",
        "alice",
        reviews=tuple(Review(f"r{number}", RequestState.APPROVED, "known work") for number in range(20)),
        suggested_reviewers=tuple(f"reviewer-{number}" for number in range(200)),
        system_annotations={"teleport.dev/schedules": tuple("0a" * 16 for _ in range(100))},
    )
    assert snapshot(snapshot_text(request)) == request


def test_a_review_keeps_its_mark_and_an_annotation_no_half_names() -> None:
    request = AccessRequest(
        "id",
        "alice",
        reviews=(Review("bot", RequestState.APPROVED, f"{MARK} {'x' * 4000}"),),
        system_annotations={"groups": ("a" * 3000, "b" * 3000)},
    )
    kept = snapshot(snapshot_text(request))
    assert marked_decision(kept.reviews[0].reason) == "d" * 32
    assert kept.system_annotations == {"groups": ("a" * 3000,)}
