"""What the client reads and changes in a cluster, and what it says when it may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from grpclib.const import Status

from access_bridge.access_request import RequestState
from access_bridge.errors import BridgeError
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.errors import (
    AlreadyResolved,
    AlreadyReviewed,
    InvalidRequest,
    NotPermitted,
    OnBehalfUnsupported,
    RequestGone,
    ReviewRefused,
    ReviewsUnsupported,
    Unavailable,
    WriteOutcomeUnknown,
)
from access_bridge.teleport.identity import parse_identity
from local.teleport.cluster import TeleportCluster
from tests.contract.teleport_client.conftest import Connect, NewCluster
from tests.unit.teleport.given import Given

APPROVED, DENIED, PENDING = RequestState.APPROVED, RequestState.DENIED, RequestState.PENDING
NOBODY = str(uuid4())


# ---- reading


def test_a_request_reads_as_it_was_made(cluster: TeleportCluster, as_user: Connect) -> None:
    made = cluster.as_user("alice").create_request(["dba"], 'restart "db" <b>now</b> 日本 [code]x[/code]')
    with as_user("sn-tickets") as teleport:
        request = teleport.access_request(made)
    assert request is not None
    assert (request.id, request.user, request.roles, request.state) == (made, "alice", ("dba",), PENDING)
    assert request.reason == 'restart "db" <b>now</b> 日本 [code]x[/code]'
    assert request.system_annotations["teleport.dev/notify-services"] == ("Database On-Call",)
    assert request.approvals_needed() == (0, 1)
    assert request.created is not None
    assert request.pending_until is not None
    assert request.created < request.pending_until
    assert request.assume_start is None
    assert request.revision


def test_a_request_that_is_not_there_or_not_visible_is_none(cluster: TeleportCluster, as_user: Connect) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "")
    with as_user("sn-tickets") as teleport:
        assert teleport.access_request(NOBODY) is None
        assert teleport.access_request("") is None
    with as_user("eh") as teleport:
        assert teleport.access_request(made) is None


def test_the_list_is_read_to_its_end_over_several_pages(cluster: TeleportCluster, as_user: Connect) -> None:
    alice = cluster.as_user("alice")
    made = {alice.create_request(["dba"], str(number)) for number in range(230)}
    with as_user("sn-tickets") as teleport:
        everything = teleport.access_requests()
        some = teleport.access_requests(limit=1)
    assert len(everything) == len(made)
    assert {request.id for request in everything} == made
    assert len(some) == 1
    pages = [call for call in cluster.calls if call.path.endswith("ListAccessRequests")]
    assert len(pages) == 3 + 1


def test_a_user_is_found_by_exactly_his_name(cluster: TeleportCluster, as_user: Connect) -> None:
    with as_user("sn-tickets") as teleport:
        bob = teleport.user("bob")
        assert bob is not None
        assert (bob.name, bob.roles, bob.traits["email"]) == ("bob", ("reviewer",), ("bob@example.test",))
        for nobody in ("Bob", "nobody", "bob@example.test", 'a "quoted" name\\', "日本", "", "a\u00a0b", "a\nb"):
            assert teleport.user(nobody) is None


def test_users_that_may_not_be_read_are_a_missing_right(as_user: Connect) -> None:
    with as_user("eh") as teleport, pytest.raises(NotPermitted, match=r"Teleport user eh: .*\"read\" on \"user\""):
        teleport.user("bob")


# ---- reviews


def test_a_review_returns_the_request_after_it(cluster: TeleportCluster, as_user: Connect) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "")
    with as_user("sn-decisions") as teleport:
        after = teleport.submit_review(made, APPROVED, "INC0010001 by bob")
        read = teleport.access_request(made)
    assert read is not None
    assert after == replace(read, revision=after.revision)
    assert (after.state, after.resolve_reason) == (APPROVED, "INC0010001 by bob")
    (review,) = after.reviews
    assert (review.author, review.proposed_state, review.reason) == ("sn-decisions", APPROVED, "INC0010001 by bob")


def test_a_request_that_needs_two_reviews_stays_pending_after_one(cluster: TeleportCluster, as_user: Connect) -> None:
    made = cluster.as_user("dave").create_request(["dba"], "")
    with as_user("sn-decisions") as teleport:
        after = teleport.submit_review(made, APPROVED, "")
        assert (after.state, after.approvals_needed()) == (PENDING, (1, 2))
        with pytest.raises(AlreadyReviewed):
            teleport.submit_review(made, DENIED, "")


def test_a_long_reason_is_cut_so_that_it_is_taken(cluster: TeleportCluster, as_user: Connect) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "")
    with as_user("sn-decisions") as teleport:
        after = teleport.submit_review(made, DENIED, "é" * 4096)
    assert after.state is DENIED
    assert after.resolve_reason.endswith(" … [cut]")


def test_a_review_in_a_humans_name_is_taken_by_servers_that_know_it(new_cluster: NewCluster) -> None:
    cluster = new_cluster(on_behalf=True)
    cluster.apply(
        "kind: role\nversion: v7\nmetadata: {name: sn-decisions}\n"
        "spec: {allow: {rules: [{resources: [access_request], verbs: [list, read]}],"
        " review_requests: {submit_for_users: ['*']}}}\n"
    )
    made = cluster.as_user("alice").create_request(["dba"], "")
    with connect(
        Given(parse_identity(cluster.identity_file("sn-decisions"))), Endpoint(cluster.proxy_addr)
    ) as teleport:
        after = teleport.submit_review(made, APPROVED, "in INC0010001", author="bob")
    (review,) = after.reviews
    assert (after.state, review.author, review.submitted_by) == (APPROVED, "bob", "sn-decisions")


# ---- state changes


def test_a_state_change_resolves_past_thresholds_and_keeps_annotations(
    cluster: TeleportCluster, as_user: Connect
) -> None:
    made = cluster.as_user("dave").create_request(["dba"], "")
    with as_user("sn-decisions") as teleport:
        teleport.set_access_request_state(
            made, APPROVED, "INC0010001", delegator="servicenow:bob", annotations={"access-bridge/decision": ["row"]}
        )
        after = teleport.access_request(made)
    assert after is not None
    assert (after.state, after.resolve_reason, after.reviews) == (APPROVED, "INC0010001", ())
    assert after.resolve_annotations == {"access-bridge/decision": ("row",)}


# ---- refusals


def _review(request_id: str, state: RequestState = APPROVED, author: str = "") -> Callable[[Teleport], object]:
    return lambda teleport: teleport.submit_review(request_id, state, "", author=author)


def _set(request_id: str, state: RequestState = APPROVED, reason: str = "") -> Callable[[Teleport], object]:
    return lambda teleport: teleport.set_access_request_state(request_id, state, reason, delegator="", annotations={})


def _refusal(as_user: Connect, user: str, do: Callable[[Teleport], object]) -> BridgeError:
    with as_user(user) as teleport, pytest.raises(BridgeError) as caught:
        do(teleport)
    return caught.value


def test_each_refusal_has_its_type(cluster: TeleportCluster, as_user: Connect) -> None:
    alice = cluster.as_user("alice")
    pending, approved, denied = (alice.create_request(["dba"], "") for _ in range(3))
    cluster.tctl_approve(approved)
    cluster.tctl_deny(denied)
    cluster.apply(
        "kind: user\nversion: v2\nmetadata: {name: rita}\nspec: {roles: [requester, reviewer]}\n---\n"
        "kind: role\nversion: v7\nmetadata: {name: dba-reviewer}\n"
        "spec: {allow: {review_requests: {roles: [prod-access]}}}\n---\n"
        "kind: user\nversion: v2\nmetadata: {name: nora}\nspec: {roles: [dba-reviewer]}\n"
    )
    ritas = cluster.as_user("rita").create_request(["dba"], "")
    rows: list[tuple[str, Callable[[Teleport], object], type[BridgeError]]] = [
        ("sn-decisions", _review(NOBODY), RequestGone),
        ("sn-decisions", _set(NOBODY), RequestGone),
        ("sn-decisions", _review(approved, DENIED), AlreadyResolved),
        ("sn-decisions", _review(denied), AlreadyResolved),
        ("sn-decisions", _set(denied), AlreadyResolved),
        ("sn-decisions", _set(""), InvalidRequest),
        ("sn-decisions", _set(pending, RequestState.NONE), InvalidRequest),
        ("sn-decisions", _set(pending, RequestState.PROMOTED), InvalidRequest),
        ("sn-decisions", _set(pending, PENDING, "why"), InvalidRequest),
        ("sn-decisions", _review(pending, PENDING), InvalidRequest),
        ("sn-decisions", _review(pending, author="bob"), OnBehalfUnsupported),
        ("sn-tickets", _review(pending), ReviewsUnsupported),
        ("sn-tickets", _set(pending), NotPermitted),
        ("sn-update-only", _set(pending), RequestGone),
        ("nora", _review(pending), ReviewRefused),
        ("rita", _review(ritas), ReviewRefused),
        ("alice", _review(pending), ReviewsUnsupported),
    ]
    for user, do, kind in rows:
        error = _refusal(as_user, user, do)
        assert type(error) is kind, (user, kind, error)
        if isinstance(error, AlreadyResolved):
            assert error.state in (APPROVED, DENIED)


def test_open_source_refuses_reviews_and_says_what_to_set(new_cluster: NewCluster) -> None:
    cluster = new_cluster("oss.yaml", edition="oss")
    made = cluster.as_user("alice").create_request(["dba"], "")
    with connect(
        Given(parse_identity(cluster.identity_file("bot-sn-decisions"))), Endpoint(cluster.auth_addr)
    ) as teleport:
        with pytest.raises(ReviewsUnsupported, match="set_state"):
            teleport.submit_review(made, APPROVED, "")
        teleport.set_access_request_state(made, APPROVED, "", delegator="servicenow:bob", annotations={})


def test_a_locked_bot_is_told_to_look_for_locks(cluster: TeleportCluster, as_user: Connect) -> None:
    with as_user("sn-decisions") as teleport:
        teleport.access_requests(limit=1)
        cluster.lock("sn-decisions")
        with pytest.raises(NotPermitted, match="tctl get locks"):
            teleport.access_requests(limit=1)


def test_an_identity_whose_user_is_gone_is_a_broken_setting_not_a_missing_request(
    cluster: TeleportCluster, as_user: Connect
) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "")
    with as_user("sn-decisions") as teleport:
        cluster.remove_user("sn-decisions")
        for do in (_review(made), _set(made), lambda teleport: teleport.user("bob")):
            with pytest.raises(NotPermitted, match="TELEPORT_IDENTITY_SECRET_ARN"):
                do(teleport)


# ---- what goes wrong on the way


@pytest.mark.parametrize("after_commit", [False, True], ids=["before it took effect", "after it took effect"])
@pytest.mark.parametrize("method", ["SubmitAccessReview", "SetAccessRequestState"])
def test_a_write_whose_answer_is_lost_has_an_unknown_outcome(
    cluster: TeleportCluster, as_user: Connect, method: str, after_commit: bool
) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "")
    do = _review(made) if method == "SubmitAccessReview" else _set(made)
    with as_user("sn-decisions") as teleport:
        cluster.faults.drop(method, after_commit=after_commit)
        with pytest.raises(WriteOutcomeUnknown):
            do(teleport)
        now = teleport.access_request(made)
    assert now is not None
    assert now.state is (APPROVED if after_commit else PENDING)


@pytest.mark.parametrize("after_commit", [False, True], ids=["before it took effect", "after it took effect"])
def test_a_write_that_is_not_answered_in_time_has_an_unknown_outcome(
    cluster: TeleportCluster, as_user: Connect, after_commit: bool
) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "")
    with as_user("sn-decisions", deadline=1.0) as teleport:
        teleport.ping()
        cluster.faults.delay("SubmitAccessReview", 5, after_commit=after_commit)
        with pytest.raises(WriteOutcomeUnknown, match="none within 1 s"):
            teleport.submit_review(made, APPROVED, "")


def test_a_read_that_is_lost_or_late_is_repeated_later(cluster: TeleportCluster, as_user: Connect) -> None:
    with as_user("sn-tickets", deadline=1.0) as teleport:
        teleport.ping()
        cluster.faults.drop("ListAccessRequests")
        with pytest.raises(Unavailable, match="dropped the connection"):
            teleport.access_requests()
        cluster.faults.delay("ListAccessRequests", 5)
        with pytest.raises(Unavailable, match="none within 1 s"):
            teleport.access_requests()
        assert teleport.access_requests() == ()


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (Status.FAILED_PRECONDITION, "too many concurrent writes to access request x, try again later", Unavailable),
        (Status.RESOURCE_EXHAUSTED, "rate limit exceeded", Unavailable),
        (Status.UNAVAILABLE, "connection problem", WriteOutcomeUnknown),
        (Status.UNKNOWN, "", WriteOutcomeUnknown),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_write_that_teleport_cannot_do_now_is_repeated(
    cluster: TeleportCluster, as_user: Connect, status: Status, text: str, kind: type[BridgeError]
) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "")
    cluster.faults.fail("SubmitAccessReview", status, text)
    assert type(_refusal(as_user, "sn-decisions", _review(made))) is kind
