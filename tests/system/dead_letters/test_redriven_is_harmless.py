"""A message that is redriven, however old, changes nothing that is done: whatever kind it is, and whatever became of
its request meanwhile.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import pytest

from access_bridge.decisions.messages import AutomaticMessage
from local.servicenow.schema import DECISION
from local.system import LocalSystem
from tests.system.dead_letters.operator import Operator
from tests.system.decisions.office import Choice, Office
from tests.system.tickets.asking import approve, deliver, deny, events_of, made_up_event

Move = Literal["approved", "denied", "expired", "deleted", "closed by a person", "deleted by a person"]
MOVES: tuple[Move, ...] = get_args(Move)
OF_ITS_OWN: tuple[type[AutomaticMessage], ...] = get_args(AutomaticMessage)
MALFORMED = {"malformed": "no event", "problem": "no JSON"}


class Scene:
    """A request, and all that there is to see of it on both sides."""

    def __init__(self, system: LocalSystem) -> None:
        self.system = system
        self.office = Office(system)
        self.asker = self.office.requester()
        self.ticket = self.office.ask(self.asker)
        self.request_id = self.ticket.request_id
        system.settle()

    def decision(self, row: str, choice: Choice = "approved") -> dict[str, Any]:
        """The message of a decision on the ticket."""
        about = {"table": "incident", "sys_id": self.ticket.sys_id, "request_id": self.request_id}
        return {"decision_id": row, **about, "decision": choice}

    def own_decisions(self) -> Iterator[dict[str, Any]]:
        """The messages of the decisions that the bridge makes itself."""
        for kind in OF_ITS_OWN:
            yield kind(request_id=self.request_id).model_dump()

    def decides(self, content: dict[str, Any]) -> None:
        """Have servicenow_decisions handle a message, and wait for the end of it."""
        self.system.aws.sqs.send_message(
            QueueUrl=self.system.resources.decisions.url,
            MessageBody=json.dumps(content),
            MessageGroupId=self.request_id,
            MessageDeduplicationId=str(uuid.uuid4()),
        )
        self.system.settle()

    def moves_on(self, how: Move) -> None:
        """What becomes of the request, or of its ticket."""
        system, request_id = self.system, self.request_id
        match how:
            case "approved":
                approve(system, request_id, "bob", "known window")
            case "denied":
                deny(system, request_id, "carol", "say which host")
            case "expired":
                system.teleport.remove_request(request_id)
                now = datetime.now(UTC).isoformat(timespec="seconds")
                deliver(system, [made_up_event("access_request.expire", request_id, expiry=now)])
            case "deleted":
                system.teleport.tctl_rm(request_id)
            case "closed by a person":
                ended = {"state": "7", "close_code": "User error", "close_notes": "asked again elsewhere"}
                system.servicenow.update_as("carol", "incident", self.ticket.sys_id, ended)
                approve(system, request_id, "bob")
            case "deleted by a person":
                system.servicenow.delete("incident", self.ticket.sys_id)
                approve(system, request_id, "bob")
        system.settle()

    def seen(self) -> dict[str, Any]:
        """Everything that people see of the request on both sides, and Teleport's audit log of it."""
        servicenow = self.system.servicenow
        request = self.system.teleport.requests.get(self.request_id)
        return {
            "request": request and request.SerializeToString(deterministic=True),
            "audit": events_of(self.system, self.request_id),
            "incidents": [row for row in servicenow.rows("incident") if row["correlation_id"] == self.request_id],
            "notes": servicenow.work_notes(self.ticket.sys_id),
            "decisions": [row for row in servicenow.rows(DECISION) if row["request_id"] == self.request_id],
        }

    def die(self, operator: Operator, *decisions: dict[str, Any]) -> None:
        """Put messages of every kind about the request among the dead letters, and a malformed record."""
        looks: list[dict[str, Any]] = [{"request_id": self.request_id}]
        looks += [{"request_id": self.request_id, "event": event} for event in events_of(self.system, self.request_id)]
        for content in (*looks, MALFORMED):
            operator.die(content)
        for content in (*decisions, *self.own_decisions()):
            operator.die(content, decisions=True)

    def redriven(self, operator: Operator) -> None:
        """Have them all tried again."""
        operator.types("redrive", self.request_id)
        self.system.settle()
        assert {one.body for one in self.system.dead_letters()} == {json.dumps(MALFORMED)}


@pytest.mark.parametrize("how", MOVES)
def test_what_was_done_is_not_done_again(system: LocalSystem, operator: Operator, how: Move) -> None:
    scene = Scene(system)
    office, ticket = scene.office, scene.ticket
    stranger = office.decide(office.approver(member=False), ticket)
    office.promote(scene.asker)
    own = office.decide(scene.asker, ticket, "rejected")
    assert {office.told(row).outcome for row in (stranger, own)} == {"refused"}
    for content in scene.own_decisions():
        scene.decides(content)
    scene.moves_on(how)
    before = scene.seen()
    for _ in range(2):
        scene.die(operator, scene.decision(stranger), scene.decision(own, "rejected"))
        scene.redriven(operator)
        assert scene.seen() == before


@pytest.mark.parametrize("choice", ["approved", "rejected"])
def test_a_decision_that_was_applied_is_not_applied_again(
    system: LocalSystem, operator: Operator, choice: Choice
) -> None:
    scene = Scene(system)
    row = scene.office.decide(scene.office.approver(), scene.ticket, choice)
    assert scene.office.told(row).outcome == "applied"
    for content in scene.own_decisions():
        scene.decides(content)
    before = scene.seen()
    for _ in range(2):
        scene.die(operator, scene.decision(row, choice))
        scene.redriven(operator)
        assert scene.seen() == before
    assert len(scene.office.writes(scene.ticket)) == 1


@pytest.mark.parametrize("how", MOVES)
def test_what_was_never_decided_gets_its_answer_once_and_what_is_done_stays(
    system: LocalSystem, operator: Operator, how: Move
) -> None:
    scene = Scene(system)
    office, ticket = scene.office, scene.ticket
    rows = {choice: office.decide_silently(office.approver(), ticket, choice) for choice in get_args(Choice)}
    scene.moves_on(how)
    before = scene.seen()
    decisions = [scene.decision(row, choice) for choice, row in rows.items()]
    scene.die(operator, *decisions)
    scene.redriven(operator)
    after = scene.seen()
    for unchanged in ("request", "audit"):
        assert after[unchanged] == before[unchanged], unchanged
    assert after["notes"][: len(before["notes"])] == before["notes"]
    assert [row["state"] for row in after["incidents"]] == [row["state"] for row in before["incidents"]]
    assert all(office.told_now(row).outcome in {"refused", "conflict"} for row in rows.values())
    scene.die(operator, *decisions)
    scene.redriven(operator)
    assert scene.seen() == after
