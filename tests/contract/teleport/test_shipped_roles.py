"""What we give to customers for `tctl create -f`, as files and by the command: enough for each mode, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.resources import Edition
from tests.contract.teleport.join_client import (
    Credentials,
    Joining,
    Signing,
    join_through_proxy,
    join_with_role,
    know,
)
from tests.contract.teleport.shipped import DECISIONS, FILES, SHIPPED, TICKETS, printed, text
from tests.contract.teleport.wire import AUTH, USERS, Answer, call

FOR_EITHER = (
    "roles/tickets.yaml",
    "roles/decisions-set-state.yaml",
    "examples/requester-open-source.yaml",
    "bots.yaml",
    "tokens.yaml",
    "tbot/tokens.yaml",
)
FOR_ENTERPRISE = (
    "roles/decisions-bot.yaml",
    "roles/decisions-on-behalf.yaml",
    "examples/requester.yaml",
    "examples/reviewer.yaml",
)
PEOPLE = """
{kind: role, metadata: {name: dba}}
---
{kind: role, metadata: {name: prod-access}}
---
{kind: role, metadata: {name: root}}
---
{kind: role, metadata: {name: any-requester}, spec: {allow: {request: {roles: [root]}}}}
---
{kind: user, metadata: {name: alice}, spec: {roles: [requester, any-requester]}}
---
{kind: user, metadata: {name: bob}, spec: {roles: [%s]}}
---
{kind: user, metadata: {name: frank}, spec: {roles: [%s]}}
"""


class Bot:
    """A function that has joined, at work."""

    def __init__(self, cluster: TeleportCluster, identity: str) -> None:
        self._cluster = cluster
        self._identity = identity

    def review(self, author: str = "", role: str = "dba") -> Answer:
        given = pb.AccessReview(ProposedState=pb.APPROVED, Author=author, submitted_on_behalf_of_author=bool(author))
        submission = pb.AccessReviewSubmission(RequestID=self._new_request(role), Review=given)
        return call(self._cluster, "", f"{AUTH}/SubmitAccessReview", submission, identity=self._identity)

    def set_state(self) -> Answer:
        setter = pb.RequestStateSetter(ID=self._new_request("dba"), State=pb.APPROVED)
        return call(self._cluster, "", f"{AUTH}/SetAccessRequestState", setter, identity=self._identity)

    def reads(self) -> bool:
        self._new_request("dba")
        query = pb.ListAccessRequestsRequest()
        listed = call(self._cluster, "", f"{AUTH}/ListAccessRequests", query, identity=self._identity)
        asked = pb.GetUserRequest(name="alice")
        user = call(self._cluster, "", f"{USERS}/GetUser", asked, identity=self._identity)
        return bool(listed.messages[0].AccessRequests) and user.status == "OK"

    def _new_request(self, role: str) -> str:
        return self._cluster.as_user("alice").create_request([role])


class Customer:
    """A customer's cluster with what we gave him applied. Bob and Frank may review, where anybody may."""

    def __init__(self, cluster: TeleportCluster) -> None:
        self.cluster = cluster

    def tickets(self) -> Bot:
        name = "access-bridge-tickets"
        return Bot(self.cluster, join_with_role(self.cluster, name, TICKETS, name))

    def decisions(self) -> Bot:
        name = "access-bridge-decisions"
        return Bot(self.cluster, join_with_role(self.cluster, name, DECISIONS, name))


class Given(Protocol):
    """Makes a customer for a mode."""

    def __call__(self, mode: str) -> Customer: ...


@pytest.fixture(params=["files", "command"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Given]:
    with ExitStack() as running:

        def make(mode: str) -> Customer:
            edition: Edition = "oss" if mode == "set_state" else "ent"
            cluster = TeleportCluster(directory=tmp_path, edition=edition, on_behalf=mode == "on_behalf")
            texts = [printed(mode)] if request.param == "command" else [text(file) for file in FILES[mode]]
            examples = ("requester.yaml", "reviewer.yaml") if edition == "ent" else ("requester-open-source.yaml",)
            for one in (*texts, *(text(f"examples/{file}") for file in examples)):
                cluster.apply(one)
            reviewers = "reviewer" if edition == "ent" else "access"
            cluster.apply(PEOPLE % (reviewers, reviewers))
            know(cluster, TICKETS, DECISIONS)
            return Customer(running.enter_context(cluster))

        yield make


def test_every_file_is_known_here() -> None:
    files = {str(file.relative_to(SHIPPED)) for file in SHIPPED.rglob("*.yaml")}
    not_resources = {"event-handler/helm-values.yaml", "tbot/tickets.yaml", "tbot/decisions.yaml"}
    assert files - not_resources == {*FOR_EITHER, *FOR_ENTERPRISE}


@pytest.mark.parametrize(
    ("file", "edition"),
    [
        *((file, "ent") for file in (*FOR_EITHER, *FOR_ENTERPRISE)),
        *((file, "oss") for file in FOR_EITHER),
    ],
)
def test_teleport_takes_every_file(tmp_path: Path, file: str, edition: Edition) -> None:
    TeleportCluster(directory=tmp_path, edition=edition).apply(text(file))


@pytest.mark.parametrize("file", [file for file in FOR_ENTERPRISE if "annotations" not in text(file)])
def test_the_open_source_edition_refuses_what_is_for_enterprise(tmp_path: Path, file: str) -> None:
    with pytest.raises(ValueError, match="only available in enterprise"):
        TeleportCluster(directory=tmp_path, edition="oss").apply(text(file))


# ---- the bots, joined with what was created, in each mode


def test_mode_bot(given: Given) -> None:
    customer = given("bot")
    tickets, decisions = customer.tickets(), customer.decisions()

    assert tickets.reads()
    assert decisions.reads()
    assert decisions.review().messages[0].Spec.State == pb.APPROVED
    assert decisions.review(role="root").status == "PERMISSION_DENIED"
    assert decisions.review("bob").status == "PERMISSION_DENIED"
    assert '"update"' in decisions.set_state().message


def test_mode_on_behalf(given: Given) -> None:
    customer = given("on_behalf")
    tickets, decisions = customer.tickets(), customer.decisions()

    assert tickets.reads()
    assert decisions.reads()
    assert decisions.review("bob").messages[0].Spec.State == pb.APPROVED
    assert decisions.review("bob", role="root").status == "PERMISSION_DENIED"
    assert "on behalf of" in decisions.review("frank").message
    assert decisions.review("alice").status == "PERMISSION_DENIED"
    assert decisions.review().messages[0].Spec.State == pb.APPROVED
    assert '"update"' in decisions.set_state().message


def test_mode_set_state_in_the_open_source_edition(given: Given) -> None:
    customer = given("set_state")
    tickets, decisions = customer.tickets(), customer.decisions()

    assert tickets.reads()
    assert decisions.reads()
    assert decisions.set_state().status == "OK"
    assert decisions.review().message == 'user "bot-access-bridge-decisions" cannot submit reviews'


@pytest.mark.parametrize("mode", FILES)
def test_the_bot_that_writes_tickets_decides_nothing(given: Given, mode: str) -> None:
    tickets = given(mode).tickets()

    answers = (tickets.review(), tickets.review("bob"), tickets.set_state())
    assert {answer.status for answer in answers} == {"PERMISSION_DENIED"}


@pytest.mark.parametrize("own", [TICKETS, DECISIONS], ids=["tickets", "decisions"])
def test_whoever_is_not_that_function_with_that_role_in_that_account_does_not_join(
    given: Given, own: Credentials
) -> None:
    cluster = given("bot").cluster
    token = "access-bridge-tickets" if own is TICKETS else "access-bridge-decisions"
    role, function = own.arn.split("/")[1:]
    others = [
        own.arn.replace(role, "administrator"),
        own.arn.replace(role, f"{role}-2"),
        own.arn.replace(function, "another-function"),
        own.arn.replace("123456789012", "210987654321"),
        (DECISIONS if own is TICKETS else TICKETS).arn,
    ]

    for number, arn in enumerate(others):
        stranger = replace(own, access_key_id=f"AKIATESTSTRANGER000{number}", arn=arn)
        know(cluster, stranger)
        joined = join_through_proxy(cluster, Joining(token=token, sign=Signing(stranger).request))
        assert joined.status == "PERMISSION_DENIED", arn
        assert f"did not match any allow rules in token {token}" in joined.message


@pytest.mark.parametrize("own", [TICKETS, DECISIONS], ids=["tickets", "decisions"])
def test_a_bot_can_take_no_role_but_its_own(given: Given, own: Credentials) -> None:
    cluster = given("bot").cluster
    mine, other = "access-bridge-tickets", "access-bridge-decisions"
    if own is DECISIONS:
        mine, other = other, mine

    with pytest.raises(AssertionError, match="requested role impersonation"):
        join_with_role(cluster, mine, own, other)
