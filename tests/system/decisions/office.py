"""The people and access requests of one test on a running system: each test has its own, so that none meets another."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import requests
import yaml

from local.servicenow.schema import DECISION
from local.system import LocalSystem
from local.teleport.audit import AuditEvent
from local.teleport.proto import local_teleport_pb2 as pb
from tests.system.decisions.callbacks import Signed, sign

GROUP = "Access approvers"
APPROVER_ROLE = "x_acbr_bridge.approver"
FUNCTION = "servicenow_decisions"
BOT = "bot-access-bridge-decisions"

Choice = Literal["approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """An access request and the incident that stands for it."""

    request_id: str
    sys_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the decision row says became of the decision."""

    outcome: str
    code: str
    sentence: str


class Office:
    """What people do on both sides, and what they see there.

    Parameters
    ----------
    system
        The running system.
    """

    def __init__(self, system: LocalSystem) -> None:
        self.system = system

    # ---- people

    def requester(self, *, role: str = "requester", email: str = "", known: bool = True) -> str:
        """Add somebody who asks in Teleport; `known`: under the same name in ServiceNow too. Returns the name."""
        name = _name("asker")
        address = email or f"{name}@example.test"
        self.teleport_user(name, role, address)
        if known:
            self.system.servicenow.add_user(name, email=address, name=f"{name.title()} Engineer")
        return name

    def approver(
        self, *, name: str = "", email: str = "", member: bool = True, web_service_access_only: bool = False
    ) -> str:
        """Add somebody who may decide in ServiceNow, as a member of the approver group or not. Returns the name."""
        user = name or _name("boss")
        self.system.servicenow.add_user(
            user,
            email=email or f"{user}@example.test",
            name=f"{user.title()} Manager",
            roles=("itil", APPROVER_ROLE),
            groups=(GROUP,) if member else (),
            web_service_access_only=web_service_access_only,
        )
        return user

    def reviewer(self, *, name: str = "", email: str = "") -> str:
        """Add somebody who may review in Teleport. Returns the name."""
        user = name or _name("reviewer")
        self.teleport_user(user, "reviewer", email or f"{user}@example.test")
        return user

    def user(self, user_name: str) -> str:
        """Return the sys_id of a ServiceNow user."""
        return self._user_row(user_name)["sys_id"]

    def promote(self, user_name: str) -> None:
        """Let a ServiceNow user decide: role and approver group."""
        self.system.servicenow.add_role(user_name, APPROVER_ROLE)
        self.system.servicenow.add_member(GROUP, user_name)

    def change_user(self, user_name: str, **values: str) -> None:
        """Change a ServiceNow user's record."""
        self.system.servicenow.update_raw("sys_user", self.user(user_name), values)

    # ---- requests and decisions

    def ask(
        self,
        user: str = "",
        *,
        roles: tuple[str, ...] = ("dba",),
        ttl: timedelta | None = None,
        reason: str = "fix the nightly job",
    ) -> Ticket:
        """Make an access request, of a requester of its own where none is named, and wait for its incident."""
        asker = self.system.teleport.as_user(user or self.requester())
        request_id = asker.create_request(list(roles), reason, ttl=ttl)
        row = self.system.wait_until(lambda: self._incident(request_id), what="the incident did not appear")
        assert row is not None
        return Ticket(request_id, row["sys_id"], row["number"])

    def decide(self, user: str, ticket: Ticket, decision: Choice = "approved", reason: str = "fine with me") -> str:
        """Click on the incident; the callback follows. Returns the decision row's sys_id."""
        return self.system.servicenow.decide(user, ticket.sys_id, decision, reason)

    def decide_silently(self, user: str, ticket: Ticket, decision: Choice = "approved") -> str:
        """Click on the incident, and no callback follows. Returns the decision row's sys_id."""
        self.system.servicenow.callbacks.enabled = False
        try:
            return self.decide(user, ticket, decision)
        finally:
            self.system.servicenow.callbacks.enabled = True

    def row(self, user: str, on: Ticket, choice: Choice = "approved", **values: str) -> str:
        """Put a decision row into the database that no click would have made. Returns its sys_id."""
        honest = {
            "ticket_table": "incident",
            "ticket": on.sys_id,
            "request_id": on.request_id,
            "cluster": self.system.teleport.name,
            "decision": choice,
            "decided_by": self.user(user),
            "sys_created_by": user,
        }
        return self.system.servicenow.insert_raw(DECISION, honest | values)

    def signed(
        self, ticket: Ticket, row: str, decision: Choice = "approved", *, key: str = "", age: float = 0
    ) -> Signed:
        """Return the callback for a decision row."""
        body = {"table": "incident", "sys_id": ticket.sys_id, "request_id": ticket.request_id, "decision": decision}
        return sign(key or self.system.callback_key, body, event_id=row, age=age)

    def call_back(self, ticket: Ticket, row: str, decision: Choice = "approved") -> requests.Response:
        """Send the callback for a decision row; it has to be taken."""
        answer = self.signed(ticket, row, decision).post(self.system.callback_url)
        assert (answer.status_code, answer.json()) == (202, {"outcome": "queued"})
        return answer

    # ---- what is there then

    def told(self, row: str) -> Told:
        """Wait until nothing is under way any more, and return what the decision row says."""
        self.system.settle()
        return self.told_now(row)

    def told_now(self, row: str) -> Told:
        """Return what the decision row says."""
        found = self.system.servicenow.row(DECISION, row)
        code, _, sentence = found["outcome_detail"].partition(": ")
        return Told(found["outcome"], code, sentence)

    def wait_for_outcome(self, row: str, outcome: str) -> Told:
        """Wait until the decision row has this outcome."""
        self.system.wait_until(lambda: self.told_now(row).outcome == outcome, what=f"the row did not become {outcome}")
        return self.told_now(row)

    def notes(self, ticket: Ticket) -> str:
        """Return the incident's work notes, one after the other."""
        return "\n---\n".join(self.system.servicenow.work_notes(ticket.sys_id))

    def request(self, ticket: Ticket) -> pb.AccessRequestV3:
        """Return the access request as Teleport has it."""
        return self.system.teleport.requests[ticket.request_id]

    def state(self, ticket: Ticket) -> str:
        """Return the access request's state."""
        return pb.RequestState.Name(self.request(ticket).Spec.State)

    def incident_state(self, ticket: Ticket) -> str:
        """Return the incident's state."""
        return self.system.servicenow.row("incident", ticket.sys_id)["state"]

    def writes(self, ticket: Ticket) -> list[AuditEvent]:
        """Return what the bot changed on the access request, as Teleport's audit log has it."""
        kinds = {"access_request.review": "reviewer", "access_request.update": "updated_by"}
        return [
            event
            for event in self.system.teleport.audit_log
            if event.get("id") == ticket.request_id and event.get(kinds.get(event["event"], "")) == BOT
        ]

    def times_told(self, ticket: Ticket) -> int:
        """Return how often the incident tells that a decision was applied, in whichever words: by the decision, or by
        the review or change that it became."""
        told = (f"{BOT} reviewed the request", f"{BOT} set the request", "Decision in ServiceNow by", "on behalf of")
        return sum(any(words in part for words in told) for part in self.notes(ticket).split("\n\n"))

    def logged(self, text: str) -> bool:
        """Tell whether the function has logged this text."""
        return any(text in str(line) for line in self.system.logs(FUNCTION))

    def kept(self) -> int:
        """Return how often the function has put a message back, to try again later."""
        lines = self.system.logs(FUNCTION)
        return sum(line.get("message") == "the message is kept and comes again" for line in lines)

    def wait_until_kept(self, before: int) -> None:
        """Wait until the function has put a message back more often than `before`."""
        self.system.wait_until(lambda: self.kept() > before, what="no message was kept")

    def _incident(self, request_id: str) -> dict[str, str] | None:
        return next(
            (row for row in self.system.servicenow.rows("incident") if row["correlation_id"] == request_id), None
        )

    def _user_row(self, user_name: str) -> Mapping[str, str]:
        return next(row for row in self.system.servicenow.rows("sys_user") if row["user_name"] == user_name)

    def teleport_user(self, name: str, role: str, email: str) -> None:
        """Add a Teleport user."""
        user = {
            "kind": "user",
            "version": "v2",
            "metadata": {"name": name},
            "spec": {"roles": [role], "traits": {"email": [email]}},
        }
        self.system.teleport.apply(yaml.safe_dump(user))


def _name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:10]}"
