"""The roles that we give to customers are enough for each mode, and for no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.resources import Edition
from tests.contract.teleport.wire import AUTH, USERS, Answer, call

SHIPPED = Path(__file__).parents[3] / "teleport"
TICKETS, DECISIONS = "bot-access-bridge-tickets", "bot-access-bridge-decisions"
PEOPLE = """
{kind: role, metadata: {name: dba}}
---
{kind: role, metadata: {name: prod-access}}
---
{kind: user, metadata: {name: alice}, spec: {roles: [requester]}}
---
{kind: user, metadata: {name: bob}, spec: {roles: [%s]}}
---
{kind: user, metadata: {name: frank}, spec: {roles: [%s]}}
"""


class Customer:
    """A customer's cluster with our files applied. Bob and Frank may review, where anybody may."""

    def __init__(self, cluster: TeleportCluster) -> None:
        self.cluster = cluster

    def ask(self) -> str:
        return self.cluster.as_user("alice").create_request(["dba"])

    def review(self, bot: str, author: str = "") -> Answer:
        given = pb.AccessReview(ProposedState=pb.APPROVED, Author=author, submitted_on_behalf_of_author=bool(author))
        submission = pb.AccessReviewSubmission(RequestID=self.ask(), Review=given)
        return call(self.cluster, bot, f"{AUTH}/SubmitAccessReview", submission, shape="tbot")

    def set_state(self, bot: str) -> Answer:
        setter = pb.RequestStateSetter(ID=self.ask(), State=pb.APPROVED)
        return call(self.cluster, bot, f"{AUTH}/SetAccessRequestState", setter, shape="tbot")

    def reads(self, bot: str) -> bool:
        self.ask()
        query = pb.ListAccessRequestsRequest()
        listed = call(self.cluster, bot, f"{AUTH}/ListAccessRequests", query, shape="tbot")
        user = call(self.cluster, bot, f"{USERS}/GetUser", pb.GetUserRequest(name="alice"), shape="tbot")
        return bool(listed.messages[0].AccessRequests) and user.status == "OK"


@pytest.fixture
def customers(tmp_path: Path) -> Iterator[ExitStack]:
    with ExitStack() as running:
        yield running


def customer(running: ExitStack, directory: Path, *files: str, edition: Edition = "ent") -> Customer:
    cluster = TeleportCluster(directory=directory, edition=edition, on_behalf=True)
    for file in (*files, "bots.yaml", "tokens.yaml"):
        cluster.apply((SHIPPED / file).read_text(encoding="utf-8"))
    reviewers = "reviewer" if edition == "ent" else "access"
    cluster.apply(PEOPLE % (reviewers, reviewers))
    return Customer(running.enter_context(cluster))


def test_mode_bot(customers: ExitStack, tmp_path: Path) -> None:
    there = customer(customers, tmp_path, "roles.yaml")

    assert there.reads(TICKETS)
    assert there.reads(DECISIONS)
    assert there.review(DECISIONS).messages[0].Spec.State == pb.APPROVED
    assert "on behalf of" in there.review(DECISIONS, "bob").message
    assert '"update"' in there.set_state(DECISIONS).message


def test_mode_on_behalf(customers: ExitStack, tmp_path: Path) -> None:
    there = customer(customers, tmp_path, "roles.yaml", "roles-on-behalf.yaml")

    assert there.reads(TICKETS)
    assert there.reads(DECISIONS)
    assert there.review(DECISIONS, "bob").messages[0].Spec.State == pb.APPROVED
    assert "on behalf of" in there.review(DECISIONS, "frank").message
    assert there.review(DECISIONS, "alice").status == "PERMISSION_DENIED"
    assert there.review(DECISIONS).messages[0].Spec.State == pb.APPROVED
    assert '"update"' in there.set_state(DECISIONS).message


def test_mode_set_state_in_the_open_source_edition(customers: ExitStack, tmp_path: Path) -> None:
    there = customer(customers, tmp_path, "roles-open-source.yaml", edition="oss")

    assert there.reads(TICKETS)
    assert there.reads(DECISIONS)
    assert there.set_state(DECISIONS).status == "OK"
    assert there.review(DECISIONS).message == f'user "{DECISIONS}" cannot submit reviews'


@pytest.mark.parametrize("more", [(), ("roles-on-behalf.yaml",)])
def test_the_bot_that_writes_tickets_decides_nothing(
    customers: ExitStack, tmp_path: Path, more: tuple[str, ...]
) -> None:
    there = customer(customers, tmp_path, "roles.yaml", *more)

    assert {
        answer.status for answer in (there.review(TICKETS), there.review(TICKETS, "bob"), there.set_state(TICKETS))
    } == {"PERMISSION_DENIED"}
