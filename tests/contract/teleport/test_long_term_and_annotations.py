"""What a request says about itself besides roles and times: that it is for long, and what its roles annotate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import AUTH, Answer, call

RESOURCES = Path(__file__).parents[2] / "recordings" / "resources"
LONG_TERM = pb.AccessRequestSpecV3.LONG_TERM
SPEAKER = """
kind: role
metadata: {name: sn-decisions}
spec: {allow: {rules: [{resources: [access_request], verbs: [list, read]}], review_requests: {submit_for_users: [bob]}}}
"""


def cluster(directory: Path, **settings: Any) -> TeleportCluster:
    made = TeleportCluster(directory=directory, **settings)
    made.apply((RESOURCES / "roles.yaml").read_text(encoding="utf-8"))
    made.apply(SPEAKER)
    return made


def read(teleport: TeleportCluster, request_id: str) -> pb.AccessRequestSpecV3:
    query = pb.ListAccessRequestsRequest(Filter=pb.AccessRequestFilter(ID=request_id))
    spec: pb.AccessRequestSpecV3 = (
        call(teleport, "sn-tickets", f"{AUTH}/ListAccessRequests", query).messages[0].AccessRequests[0].Spec
    )
    return spec


def for_bob(request_id: str) -> pb.AccessReviewSubmission:
    given = pb.AccessReview(Author="bob", ProposedState=pb.APPROVED, submitted_on_behalf_of_author=True)
    return pb.AccessReviewSubmission(RequestID=request_id, Review=given)


# ---- long-term requests


def test_a_request_for_long_says_so(tmp_path: Path) -> None:
    with cluster(tmp_path, on_behalf=True) as teleport:
        alice = teleport.as_user("alice")
        assert read(teleport, alice.create_request(["dba"], long_term=True)).RequestKind == LONG_TERM
        assert read(teleport, alice.create_request(["dba"])).RequestKind != LONG_TERM


def test_18_0_0_knows_no_such_requests(tmp_path: Path) -> None:
    with cluster(tmp_path) as teleport:
        with pytest.raises(ValueError, match="knows no long-term requests"):
            teleport.as_user("alice").create_request(["dba"], long_term=True)
        asked = pb.AccessRequestV3(Spec=pb.AccessRequestSpecV3(User="alice", Roles=["dba"], RequestKind=LONG_TERM))
        made = call(teleport, "alice", f"{AUTH}/CreateAccessRequestV2", asked).messages[0]
        assert read(teleport, made.Metadata.Name).RequestKind == pb.AccessRequestSpecV3.UNDEFINED


def test_a_review_on_behalf_of_a_human_may_be_taken_or_refused(tmp_path: Path) -> None:
    with cluster(tmp_path, on_behalf=True) as teleport:
        first, second = (teleport.as_user("alice").create_request(["dba"], long_term=True) for _ in range(2))
        assert call(teleport, "sn-decisions", f"{AUTH}/SubmitAccessReview", for_bob(first)).status == "OK"

        teleport.refuses_long_term_on_behalf = True
        assert call(teleport, "sn-decisions", f"{AUTH}/SubmitAccessReview", for_bob(second)) == Answer(
            "PERMISSION_DENIED", f'user "bob" cannot review request "{second}"'
        )
        assert teleport.as_user("bob").review(second, "APPROVED") == "APPROVED"


# ---- annotations


ANNOTATING = """
kind: role
metadata: {name: on-call-requester}
spec:
  allow:
    request:
      roles: [dba]
      annotations:
        teleport.dev/schedules: ['0123456789abcdef0123456789abcdef', 'ffffffffffffffffffffffffffffffff']
        team: [payments]
---
kind: role
metadata: {name: auditor-requester}
spec: {allow: {request: {roles: [auditor], annotations: {teleport.dev/schedules: [unrelated]}}}}
---
kind: user
metadata: {name: erin}
spec: {roles: [requester, on-call-requester, auditor-requester]}
"""


def test_a_request_carries_what_every_role_that_allows_it_annotates(tmp_path: Path) -> None:
    with cluster(tmp_path) as teleport:
        teleport.apply(ANNOTATING)
        spec = read(teleport, teleport.as_user("erin").create_request(["dba"]))

        assert {key: list(values.Values) for key, values in spec.SystemAnnotations.Values.items()} == {
            "teleport.dev/schedules": ["0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff"],
            "teleport.dev/notify-services": ["Database On-Call"],
            "team": ["payments"],
        }
        assert teleport.audit_log[-1]["annotations"]["team"] == ["payments"]
