"""What the stand-in lets a test see and disturb, and what it refuses as the real cluster would."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from grpclib.const import Status

from local.teleport.cluster import TeleportCluster
from local.teleport.errors import RefusedError
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import AUTH, USERS, Answer, ask, call, client_context, open_channel, pem_blocks

RECORDINGS = Path(__file__).parents[2] / "recordings"
LIST = f"{AUTH}/ListAccessRequests"
REVIEW = f"{AUTH}/SubmitAccessReview"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path)
    for name in ("roles", "bots", "more", "trait"):
        made.apply((RECORDINGS / "resources" / f"{name}.yaml").read_text(encoding="utf-8"))
    with made:
        yield made


def by_id(request_id: str) -> pb.ListAccessRequestsRequest:
    return pb.ListAccessRequestsRequest(Filter=pb.AccessRequestFilter(ID=request_id))


def review(request_id: str) -> pb.AccessReviewSubmission:
    return pb.AccessReviewSubmission(RequestID=request_id, Review=pb.AccessReview(ProposedState=pb.APPROVED))


def state_of(cluster: TeleportCluster, request_id: str) -> str:
    return pb.RequestState.Name(cluster.requests[request_id].Spec.State)


# ---- identities


def attributes(certificate: str) -> list[str]:
    name = x509.load_pem_x509_certificate(certificate.encode()).subject
    return [attribute.oid.dotted_string for attribute in name]


@pytest.mark.parametrize(("shape", "user"), [("tctl", "sn-tickets"), ("tbot", "bot-sn-tickets")])
def test_an_identity_file_has_the_recorded_shape(shape: Any, user: str, cluster: TeleportCluster) -> None:
    recorded = (RECORDINGS / f"identity-{shape}.pem").read_text()
    own = cluster.identity_file(user, shape=shape)

    headers = [line for line in recorded.splitlines() if line.startswith("-----BEGIN")]
    assert [line for line in own.splitlines() if line.startswith("-----BEGIN")] == headers
    known_host = re.compile(
        r"^@cert-authority tele\.example\.test,\*\.tele\.example\.test ssh-ed25519 \S+ type=host$", re.M
    )
    assert known_host.search(own)
    assert known_host.search(recorded)
    assert attributes(pem_blocks(own)[1]) == attributes(pem_blocks(recorded)[1])


def test_only_an_identity_from_tctl_holds_an_ssh_certificate(cluster: TeleportCluster) -> None:
    assert "-cert-v01@openssh.com " in cluster.identity_file("sn-tickets")
    assert "-cert-v01@openssh.com " not in cluster.identity_file("bot-sn-tickets", shape="tbot")


def test_there_is_no_identity_for_somebody_unknown(cluster: TeleportCluster) -> None:
    with pytest.raises(ValueError, match="nobody"):
        cluster.identity_file("nobody")


# ---- resources


def test_a_resource_of_an_unknown_kind_is_refused(cluster: TeleportCluster) -> None:
    with pytest.raises(ValueError, match="access_list"):
        cluster.apply("{kind: access_list, metadata: {name: a}, spec: {}}")


def test_a_predicate_that_would_not_be_evaluated_is_refused(cluster: TeleportCluster) -> None:
    role = "{kind: role, metadata: {name: r}, spec: {allow: {review_requests: {roles: ['*'], where: 'x'}}}}"
    with pytest.raises(ValueError, match=re.escape("review_requests.where")):
        cluster.apply(role)


def test_the_open_source_edition_refuses_a_role_that_may_review(tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path, edition="oss")
    with pytest.raises(ValueError, match="only available in enterprise subscriptions"):
        cluster.apply("{kind: role, metadata: {name: r}, spec: {allow: {review_requests: {roles: ['*']}}}}")


# ---- people without a network


def test_a_request_that_is_not_allowed_is_refused_in_process_too(cluster: TeleportCluster) -> None:
    with pytest.raises(RefusedError, match='user "alice" can not request role "editor"'):
        cluster.as_user("alice").create_request(["editor"])


def test_a_request_carries_what_was_asked_for(cluster: TeleportCluster) -> None:
    request_id = cluster.as_user("alice").create_request(
        [],
        "look at the logs",
        ttl=timedelta(minutes=5),
        resources=[f"/{cluster.name}/node/{cluster.host_id}"],
        suggested_reviewers=["bob"],
    )

    spec = cluster.requests[request_id].Spec
    assert (list(spec.Roles), list(spec.SuggestedReviewers), spec.State) == (["prod-access"], ["bob"], pb.PENDING)
    assert 290 < spec.ResourceExpiry.seconds - time.time() <= 300
    assert spec.Expires.seconds > spec.ResourceExpiry.seconds
    assert cluster.audit_log[-1]["resource_names"] == ["/node/lab"]


def test_two_thresholds_need_two_people(cluster: TeleportCluster) -> None:
    request_id = cluster.as_user("dave").create_request(["dba"])

    assert cluster.as_user("bob").review(request_id, "APPROVED") == "PENDING"
    with pytest.raises(RefusedError, match='user "bob" has already reviewed this request'):
        cluster.as_user("bob").review(request_id, "APPROVED")
    assert cluster.as_user("carol").review(request_id, "APPROVED", "fine") == "APPROVED"
    assert cluster.requests[request_id].Spec.ResolveReason == "fine"


# ---- disturbing it


def test_a_call_can_fail_before_or_after_it_took_effect(cluster: TeleportCluster) -> None:
    first, second = (cluster.as_user("alice").create_request(["dba"]) for _ in range(2))

    cluster.faults.fail("SubmitAccessReview", Status.UNAVAILABLE, "try later")
    assert call(cluster, "bob", REVIEW, review(first)) == Answer("UNAVAILABLE", "try later")
    assert state_of(cluster, first) == "PENDING"

    cluster.faults.drop("SubmitAccessReview", after_commit=True)
    assert call(cluster, "bob", REVIEW, review(second)).status == "TRANSPORT"
    assert state_of(cluster, second) == "APPROVED"

    assert call(cluster, "bob", REVIEW, review(first)).status == "OK"


def test_a_fault_meets_only_the_calls_it_is_for(cluster: TeleportCluster) -> None:
    mine, other = (cluster.as_user("alice").create_request(["dba"]) for _ in range(2))
    states: list[str] = []
    fault = cluster.faults.drop(
        "SubmitAccessReview",
        after_commit=True,
        when=lambda message: message.RequestID == mine,
        then=lambda: states.append(state_of(cluster, mine)),
    )

    assert call(cluster, "bob", REVIEW, review(other)).status == "OK"
    assert not fault.seen
    assert call(cluster, "bob", REVIEW, review(mine)).status == "TRANSPORT"
    assert states == ["APPROVED"]
    assert fault.wait_until_hit(0)


def test_the_first_calls_may_go_through(cluster: TeleportCluster) -> None:
    cluster.faults.fail("ListAccessRequests", Status.UNAVAILABLE, skip=1)

    assert [call(cluster, "sn-tickets", LIST, by_id("x")).status for _ in range(3)] == ["OK", "UNAVAILABLE", "OK"]


def test_a_list_can_be_empty_as_for_who_may_see_nothing(cluster: TeleportCluster) -> None:
    request_id = cluster.as_user("alice").create_request(["dba"])
    cluster.faults.empty("ListAccessRequests", after_commit=True)

    answers = [call(cluster, "sn-tickets", LIST, by_id(request_id)) for _ in range(2)]

    assert [answer.status for answer in answers] == ["OK", "OK"]
    assert [len(answer.messages[0].AccessRequests) for answer in answers] == [0, 1]


def test_a_call_can_be_held_up(cluster: TeleportCluster) -> None:
    cluster.faults.delay("*", 0.3)
    before = time.monotonic()

    assert call(cluster, "sn-tickets", LIST, by_id("x")).status == "OK"
    assert time.monotonic() - before >= 0.3


def test_the_log_of_calls_tells_who_called_what_and_what_was_answered(cluster: TeleportCluster) -> None:
    call(cluster, "sn-tickets", LIST, by_id("x"))
    call(cluster, "sn-tickets", REVIEW, review("x"))

    assert cluster.calls == [("sn-tickets", LIST, "OK"), ("sn-tickets", REVIEW, "PERMISSION_DENIED")]


def test_a_lock_holds_until_it_is_taken_away(cluster: TeleportCluster) -> None:
    cluster.lock("sn-tickets")
    assert call(cluster, "sn-tickets", LIST, by_id("x")) == Answer("PERMISSION_DENIED", "access denied")

    cluster.unlock("sn-tickets")
    assert call(cluster, "sn-tickets", LIST, by_id("x")).status == "OK"


def test_the_user_of_an_identity_can_be_gone(cluster: TeleportCluster) -> None:
    identity = cluster.identity_file("sn-tickets")
    cluster.remove_user("sn-tickets")

    async def run() -> Answer:
        channel = open_channel(cluster.auth_addr, client_context(cluster.host_ca_pem, ["h2"], identity))
        try:
            return await ask(channel, LIST, by_id("x"))
        finally:
            channel.close()

    answer = asyncio.run(run())
    assert answer.status == "NOT_FOUND"
    assert answer.message.startswith("access denied")


def test_a_request_can_be_forgotten_without_an_event(cluster: TeleportCluster) -> None:
    request_id = cluster.as_user("alice").create_request(["dba"])
    cluster.remove_request(request_id)

    assert request_id not in cluster.requests
    assert [event["event"] for event in cluster.audit_log] == ["access_request.create"]


def test_lists_can_lag_behind(cluster: TeleportCluster) -> None:
    def listed() -> int:
        return len(call(cluster, "sn-tickets", LIST, pb.ListAccessRequestsRequest()).messages[0].AccessRequests)

    with cluster.stale_lists():
        request_id = cluster.as_user("alice").create_request(["dba"])
        assert listed() == 0
        assert len(call(cluster, "sn-tickets", LIST, by_id(request_id)).messages[0].AccessRequests) == 1
    assert listed() == 1


# ---- lists


def test_pages_hold_every_request_once(cluster: TeleportCluster) -> None:
    made = [cluster.as_user("alice").create_request(["dba"]) for _ in range(5)]
    found: list[str] = []
    query = pb.ListAccessRequestsRequest(Limit=2)
    while True:
        page = call(cluster, "sn-tickets", LIST, query).messages[0]
        found += [one.Metadata.Name for one in page.AccessRequests]
        query.StartKey = page.NextKey
        if not page.NextKey:
            break

    assert found == made
    assert made == sorted(made)


def test_users_are_listed_page_by_page(cluster: TeleportCluster) -> None:
    cluster.apply((RECORDINGS / "resources" / "sn-decisions-later.yaml").read_text())
    found: list[str] = []
    query = pb.ListUsersRequest(page_size=3)
    while True:
        page = call(cluster, "sn-decisions", f"{USERS}/ListUsers", query).messages[0]
        found += [one.Metadata.Name for one in page.users]
        query.page_token = page.next_page_token
        if not page.next_page_token:
            break

    assert found == sorted(cluster.users)
