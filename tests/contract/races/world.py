"""One access request on both sides, what people do with it, and the bridge that works on it under a test's hand."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

import yaml

from access_bridge.aws.queues import Message, decision_message, event_message
from access_bridge.decisions.callback import Callback
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.events.audit_event import AuditEvent as Event
from access_bridge.ledger.items import TicketItem
from access_bridge.rules.load import load_rules
from local.servicenow.errors import Refused
from local.servicenow.schema import DECISION
from local.servicenow.store import Row
from local.teleport.audit import AuditEvent
from local.teleport.errors import RefusedError
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.races.bridge import DECISIONS, TICKETS, Bridge, Name, Surroundings
from tests.contract.races.course import Course
from tests.contract.races.life import BOT, Click, Life, Vote
from tests.contract.races.watch import Watch

Who = Literal["bob", "carol"]
Requester = Literal["alice", "dave", "frank"]
"""alice's request needs one approval, dave's needs two, and frank is on call for what he asks for."""
Mode = Literal["bot", "on_behalf", "set_state"]
Deed = Literal["work", "resolve", "close", "cancel", "reopen", "edit the counter", "delete"]

NAMES: Final[dict[Who, str]] = {"bob": "Bob Reviewer (bob)", "carol": "Carol Manager (carol)"}
TTL: Final = timedelta(hours=2)
LONGEST: Final = timedelta(hours=9)
"""Longer than access may last, which is all that a create event says of the time in which somebody may decide."""
_TELEPORT: Final[dict[Vote, Literal["APPROVED", "DENIED"]]] = {"approved": "APPROVED", "rejected": "DENIED"}
_DEEDS: Final[dict[Deed, dict[str, str]]] = {
    "work": {"state": "2"},
    "resolve": {"state": "6", "close_code": "User error", "close_notes": "I know better"},
    "close": {"state": "7", "close_code": "User error", "close_notes": "I know better"},
    "cancel": {"state": "8"},
    "reopen": {"state": "2"},
    "edit the counter": {"correlation_display": "Teleport mine"},
}
_RULES: Final = """
version: 1
ticket: {{caller: svc.access.bridge, assignment_group: Access approvers}}
decisions:
  mode: {mode}
  approvers: {{group: Access approvers}}
  integration_users: [svc.access.bridge, svc.access.bridge.tickets, svc.access.bridge.decisions]
rules: [{{when: {{roles: [dba]}}, then: ticket, on_call: approve}}]
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds in a world. `own_ids`: the instance takes the sys_id that is asked for. `alone`: Teleport has no other
    request, so that nothing proves that one is gone."""

    requester: Requester = "alice"
    mode: Mode = "bot"
    own_ids: bool = True
    alone: bool = False
    order: int = 0
    """In which order ids come."""


class World:
    """Both systems with one request in them."""

    def __init__(self, around: Surroundings, setting: Setting) -> None:
        self.around = around
        self.setting = setting
        self.clock = around.clock
        self.instance = around.instance
        self.cluster = around.cluster
        self.watch = Watch()
        self.course = Course(self.cluster, self.clock, self.watch)
        rules = load_rules(_RULES.format(mode=setting.mode))
        self.bridge = Bridge(around, rules, self.course.later, self.watch.seen)
        self.clicks: list[Click] = []
        self._delivered: set[str] = set()
        self._counter_edited = self._touched = self._closed = False
        self._begin()

    def _begin(self) -> None:
        self.clock.begin()
        self.around.ids.begin(self.setting.order)
        self.instance.habits.honours_client_sys_id = self.setting.own_ids
        self._first_event = len(self.cluster.audit_log)
        self._others: set[str] = set(self.cluster.requests)
        if not self.setting.alone:
            other = self.cluster.as_user("dave").create_request(["dba"], "stays as it is")
            revision = self.cluster.requests[other].Metadata.Revision
            self.bridge.ledger.save_ticket(TicketItem(other, selected=False, revision=revision))
        self.clock.pass_by(1)
        self.bridge.ledger.started(self.clock.now())
        self.clock.pass_by(1)
        self._made = self.clock.time()
        self.request_id = self.cluster.as_user(self.setting.requester).create_request(["dba"], "to mend it", ttl=TTL)
        self.course.begin(self.bridge, self.request_id)

    def end(self) -> None:
        """Take away what the world has left in both systems."""
        self.course.end()
        self.instance.faults.clear()
        self.cluster.faults.clear()
        self.blind(seeing=True)
        self.lock(locked=False)
        self.instance.habits.honours_client_sys_id = True
        for request_id in set(self.cluster.requests) - self._others:
            self.cluster.remove_request(request_id)
        for table, column in (("incident", "correlation_id"), (DECISION, "request_id")):
            for row in self.instance.rows(table):
                if row[column] == self.request_id:
                    self.instance.delete(table, row["sys_id"])
        for row in self.instance.rows("sys_journal_field"):
            self.instance.delete("sys_journal_field", row["sys_id"])
        self.instance.reset_calls()

    # ---- what is there

    @property
    def request(self) -> pb.AccessRequestV3 | None:
        """The request as Teleport has it; None where it is gone."""
        return self.cluster.requests.get(self.request_id)

    @property
    def events(self) -> list[AuditEvent]:
        """Its audit events so far."""
        return [one for one in self.cluster.audit_log[self._first_event :] if one.get("id") == self.request_id]

    def incidents(self) -> list[Row]:
        """Every incident that stands for it."""
        ids = {self.request_id, UUID(self.request_id).hex}
        return [row for row in self.instance.rows("incident") if {row["correlation_id"], row["sys_id"]} & ids]

    def life(self) -> Life:
        """All that is known about it."""
        request = self.request
        journal = self.instance.rows("sys_journal_field")
        return Life(
            request_id=self.request_id,
            state=pb.RequestState.Name(request.Spec.State) if request is not None else "",
            events=self.events,
            delivered=frozenset(self._delivered),
            tickets=self.incidents(),
            notes=[entry["value"] for entry in journal if entry["element"] == "work_notes"],
            clicks=tuple(self.clicks),
            rows={row["sys_id"]: row for row in self.instance.rows(DECISION)},
            ledger=self.bridge.tables.items_of(self.request_id),
            over=self.clock.time() > self._made + TTL.total_seconds(),
            touched=self._touched,
            closed=self._closed,
            counter_edited=self._counter_edited,
            doubtful=self.course.doubtful,
        )

    # ---- what people do in Teleport

    def review(self, who: Who, vote: Vote) -> None:
        """Somebody reviews the request in Teleport."""
        with suppress(RefusedError):
            self.cluster.as_user(who).review(self.request_id, _TELEPORT[vote], f"{who} says so")

    def set_state(self, vote: Vote) -> None:
        """An administrator sets its state with tctl."""
        act = self.cluster.tctl_approve if vote == "approved" else self.cluster.tctl_deny
        with suppress(RefusedError):
            act(self.request_id, reason="from the auth server")

    def remove(self) -> None:
        """An administrator deletes it with tctl."""
        with suppress(RefusedError):
            self.cluster.tctl_rm(self.request_id)

    def blind(self, *, seeing: bool) -> None:
        """The tickets' side may, or may not, see access requests."""
        rules = [{"resources": ["user", "role"], "verbs": ["read"]}]
        if seeing:
            rules.append({"resources": ["access_request"], "verbs": ["list", "read"]})
        metadata, spec = {"name": "access-bridge-tickets"}, {"allow": {"rules": rules}}
        self.cluster.apply(yaml.safe_dump({"kind": "role", "version": "v7", "metadata": metadata, "spec": spec}))

    def lock(self, *, locked: bool) -> None:
        """The decisions' side is locked out, or not any more."""
        if locked:
            self.cluster.lock(BOT)
        else:
            self.cluster.unlock(BOT)

    # ---- what people do in ServiceNow

    def click(self, who: Who, vote: Vote) -> bool:
        """Somebody clicks on the ticket; False where there is none."""
        for row in self.incidents():
            with suppress(Refused):
                made = self.instance.decide(who, row["sys_id"], vote, f"{who} clicked")
                self.clicks.append(Click(made, NAMES[who], vote))
                return True
        return False

    def deed(self, deed: Deed) -> None:
        """A person does something to the ticket, if the state model lets him."""
        for row in self.incidents():
            if deed == "delete":
                self.instance.delete("incident", row["sys_id"])
                self._touched = self._closed = True
                self.watch.deleted()
            elif row["state"] == "6" or deed != "reopen":
                with suppress(Refused):
                    self.instance.update_as("carol", "incident", row["sys_id"], _DEEDS[deed])
                    self._done(deed)

    def _done(self, deed: Deed) -> None:
        self._touched = True
        self._closed |= deed in {"close", "cancel"}
        self._counter_edited |= deed == "edit the counter"
        self.watch.moment()
        if deed in {"work", "reopen"}:
            self.watch.opened()
        if deed in {"resolve", "close", "cancel"}:
            self.watch.ended()

    # ---- what comes to the doors

    def deliver(self, number: int) -> None:
        """One of its events so far comes to the webhook."""
        event = self.events[number % len(self.events)]
        self._delivered.add(event["uid"])
        self.bridge.send(TICKETS, event_message(Event.from_record(event)))

    def call_back(self, number: int) -> None:
        """The callback of one of the clicks so far comes."""
        if self.clicks:
            place = number % len(self.clicks)
            click = self.clicks[place] = replace(self.clicks[place], called=True)
            row = self.instance.row(DECISION, click.row)
            callback = Callback(table="incident", sys_id=row["ticket"], request_id=self.request_id, decision=click.vote)
            self.bridge.send(DECISIONS, decision_message(DecisionMessage.of(callback, click.row)))

    def repeat(self, name: Name, number: int) -> None:
        """SQS delivers a message once more."""
        queue = self.bridge.queues[name]
        if queue.bodies:
            body, group = queue.bodies[number % len(queue.bodies)]
            self.bridge.send(name, Message(body, group))
