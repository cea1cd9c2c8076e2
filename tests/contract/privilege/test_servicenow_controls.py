"""The access controls that the application brings: each is needed, for what it allows or for what it keeps out.

Without it, or without one of several roles in it, one of the sentences below doesn't hold any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import pytest
import requests

from access_bridge.errors import BridgeError
from access_bridge.servicenow.client import ServiceNow
from local.servicenow.application import ShippedControl, access_controls
from local.servicenow.errors import Refused
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import CLUSTER, DECISION
from tests.contract.privilege.servicenow_needs import client

REQUEST: Final = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"

NOT_SHOWN: Final = {
    (f"{DECISION}.*", "read"): (
        "It repeats the table's own for the columns. What an instance's rules for all tables (`*.*`) say without it is "
        "unverified."
    ),
    **{
        (CLUSTER, operation): (
            "Without one, an instance refuses everybody but administrators, or nobody, by its property "
            "glide.sm.default_mode; the stand-in refuses."
        )
        for operation in ("read", "create", "write", "delete")
    },
}
"""Controls that the stand-in can't show to be needed, and why. docs/servicenow-by-hand.md lists them as unverified."""


@dataclass(frozen=True, slots=True)
class World:
    """An instance with an incident that stands for a request, and those who work with its decision rows."""

    instance: ServiceNowInstance
    ticket: str
    tickets: ServiceNow
    decisions: ServiceNow

    def click(self) -> str:
        """Bob decides; answers the row."""
        return self.instance.decide("bob", self.ticket, "approved", "fine with me")

    def rest(self, user: str, method: str, row: str) -> requests.Response:
        """A person's own call, by a password that is his user name."""
        url = f"{self.instance.url}/api/now/v2/table/{DECISION}/{row}"
        return requests.request(method, url, auth=(user, user), headers={"Accept": "application/json"}, timeout=10)


@pytest.fixture
def world() -> Iterator[World]:
    instance = ServiceNowInstance()
    instance.start()
    accounts = instance.seed_demo()
    instance.set_password("bob", "bob")
    instance.add_user("admin", roles=["admin"], password="admin")
    marks = {"correlation_id": REQUEST, "correlation_display": "Teleport example #1"}
    with requests.Session() as one, requests.Session() as other:
        tickets, decisions = client(instance, accounts.tickets, one), client(instance, accounts.decisions, other)
        yield World(instance, instance.insert_raw("incident", marks), tickets, decisions)
    instance.stop()


def _an_approver_decides(world: World) -> bool:
    row = world.instance.row(DECISION, world.click())
    return (row["ticket"], row["decision"], row["reason"]) == (world.ticket, "approved", "fine with me")


def _nobody_else_decides(world: World) -> bool:
    try:
        world.instance.decide("erin", world.ticket)
    except Refused:
        return True
    return False


def _an_approver_says_nothing_else(world: World) -> bool:
    said = {"approval": "f" * 32, "delivery": "202", "outcome": "applied", "outcome_detail": "applied: Done."}
    row = world.instance.insert_as("bob", DECISION, {"ticket": world.ticket, "decision": "approved", **said})
    return not any(world.instance.row(DECISION, row)[name] for name in said)


def _an_approver_reads(world: World) -> bool:
    answer = world.rest("bob", "GET", world.click())
    return answer.status_code == 200 and answer.json()["result"]["reason"] == "fine with me"


def _tickets_notes_the_outcome(world: World) -> bool:
    row, said = world.click(), {"outcome": "applied", "outcome_detail": "applied: Done."}
    written = world.tickets.update(DECISION, row, said)
    return written is not None and not written.differences


def _tickets_changes_nothing_else(world: World) -> bool:
    row = world.click()
    before = world.instance.row(DECISION, row)
    world.tickets.update(DECISION, row, {"decision": "rejected", "reason": "not mine", "decided_by": "f" * 32})
    after = world.instance.row(DECISION, row)
    return all(before[name] == after[name] for name in ("decision", "reason", "decided_by"))


def _decisions_reads(world: World) -> bool:
    row = world.decisions.get(DECISION, world.click(), ("decision", "reason", "ticket"))
    return row is not None and (row["decision"], row["reason"], row["ticket"]) == (
        "approved",
        "fine with me",
        world.ticket,
    )


def _decisions_writes_nothing(world: World) -> bool:
    row = world.click()
    try:
        world.decisions.update(DECISION, row, {"outcome": "applied"})
    except BridgeError:
        return world.instance.row(DECISION, row)["outcome"] == ""
    return False


def _nobody_deletes(world: World) -> bool:
    row = world.click()
    world.rest("admin", "DELETE", row)
    return any(one["sys_id"] == row for one in world.instance.rows(DECISION))


HOLDS: Final[dict[str, Callable[[World], bool]]] = {
    "An approver makes a row: ticket, decision, reason.": _an_approver_decides,
    "Nobody else makes one.": _nobody_else_decides,
    "He says nothing else on it.": _an_approver_says_nothing_else,
    "He reads what became of it.": _an_approver_reads,
    "The account that writes tickets notes the outcome.": _tickets_notes_the_outcome,
    "It changes nothing else on a row.": _tickets_changes_nothing_else,
    "The account that reads decisions reads them.": _decisions_reads,
    "It writes nothing.": _decisions_writes_nothing,
    "Nobody deletes a row, administrators included.": _nobody_deletes,
}


def holds(world: World, sentence: str) -> bool:
    try:
        return HOLDS[sentence](world)
    except (BridgeError, Refused):
        return False


def lessened() -> dict[str, tuple[ShippedControl, ...]]:
    """The shipped controls without one of them, and without one of several roles of one, by what is missing."""
    found = {}
    shipped = access_controls()
    for control in shipped:
        if (control.name, control.operation) not in NOT_SHOWN:
            others = tuple(other for other in shipped if other != control)
            found[f"{control.operation} {control.name}"] = others
            for role in sorted(control.roles) if len(control.roles) > 1 else ():
                found[f"{control.operation} {control.name} by {role}"] = (
                    *others,
                    replace(control, roles=control.roles - {role}),
                )
    return found


@pytest.mark.parametrize("sentence", HOLDS)
def test_with_all_controls_every_sentence_holds(world: World, sentence: str) -> None:
    assert holds(world, sentence)


@pytest.mark.parametrize("missing", lessened())
def test_without_a_control_one_of_them_does_not(world: World, missing: str) -> None:
    world.instance.controls.use_application(lessened()[missing])
    assert next((sentence for sentence in HOLDS if not holds(world, sentence)), ""), (
        f"the access control {missing} is shipped, and everything is as it should be without it. Take it out of "
        "servicenow/src/fluent/access-controls.now.ts, or say here what it is for."
    )


def test_what_can_not_be_shown_is_still_shipped() -> None:
    assert NOT_SHOWN.keys() <= {(control.name, control.operation) for control in access_controls()}


def test_no_control_lets_anybody_in_whom_no_role_names() -> None:
    assert all(control.roles for control in access_controls())
