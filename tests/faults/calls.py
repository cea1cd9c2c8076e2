"""The calls of each flow at which trouble can come, and how each is known when it reaches a stand-in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Literal

from local.servicenow.faults import Incoming
from local.servicenow.schema import DECISION
from tests.faults.bench import DECISIONS, TICKETS, Scene

Function = Literal["teleport_events", "servicenow_decisions"]
_ACCOUNTS: Final = {TICKETS: "svc.access.bridge.tickets", DECISIONS: "svc.access.bridge.decisions"}


@dataclass(frozen=True, slots=True)
class ServiceNowCall:
    """A call of the Table API, or of who is on call."""

    name: str
    function: Function
    method: str
    table: str

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"

    def is_it(self, call: Incoming, scene: Scene) -> bool:
        """Whether a call is this one, about that scene's request."""
        text = f"{call.sys_id} {json.dumps(call.query)} {json.dumps(call.body)}"
        return call.user == _ACCOUNTS[self.function] and scene.is_in(text)


@dataclass(frozen=True, slots=True)
class TeleportCall:
    """A call of Teleport's gRPC API, the one after `skip` others. `in_pass`: of the minute pass, which names no
    request."""

    name: str
    function: Function
    method: str
    writes: bool = False
    skip: int = 0
    in_pass: bool = False


@dataclass(frozen=True, slots=True)
class AwsCall:
    """A call of an AWS API, the one after `skip` others, in whose body all of `texts` stand. `{id}` is the request's id
    in them, `{row}` the decision's. `in_pass`: of the minute pass, whose event names no request."""

    name: str
    function: Function
    operation: str
    texts: tuple[str, ...]
    skip: int = 0
    in_pass: bool = False

    @property
    def around_a_write(self) -> bool:
        """Whether it stands just before or just after a write to ServiceNow or Teleport."""
        return self.name in {"save attempt", "save what was told", "save attempt of decision", "save outcome"}

    @property
    def kind(self) -> Literal["send", "conditional save", "save", "read"]:
        """What it does: which troubles there can be follows from that."""
        if self.operation == "SendMessageBatch":
            return "send"
        has_version = '"TICKET"' in self.texts or ":attempt_mode" in self.texts
        if self.operation == "UpdateItem" and has_version and ":asked_at" not in self.texts:
            return "conditional save"
        return "save" if self.operation in {"UpdateItem", "PutItem"} else "read"

    def about(self, scene: Scene) -> tuple[str, ...]:
        """The texts for one scene."""
        row = scene.rows[0] if scene.rows else f"oncall-{scene.request_id}"
        return tuple(text.replace("{id}", scene.request_id).replace("{row}", row) for text in self.texts)


Call = ServiceNowCall | TeleportCall | AwsCall

_INSERT = ServiceNowCall("POST incident", TICKETS, "POST", "incident")
_LOOK = ServiceNowCall("GET incident", TICKETS, "GET", "incident")
_UPDATE = ServiceNowCall("PATCH incident", TICKETS, "PATCH", "incident")
_ROW_OUTCOME = ServiceNowCall("PATCH decision row", TICKETS, "PATCH", DECISION)
_READ = TeleportCall("read request", TICKETS, "ListAccessRequests")
_EVENT_QUEUED = AwsCall("queue event", TICKETS, "SendMessageBatch", ("{id}", "access_request."))
_EVENT_KEPT = AwsCall("keep event", TICKETS, "PutItem", ("{id}", '"EVENT#'))
_LEDGER_READ = AwsCall("read ledger", TICKETS, "Query", ("{id}",))
_SEEN = AwsCall("save what was seen", TICKETS, "UpdateItem", ("{id}", '"TICKET"', ":snapshot"))
_ATTEMPT = AwsCall("save attempt", TICKETS, "UpdateItem", ("{id}", '"TICKET"', '":attempt"'))
_DECISION_ATTEMPT = AwsCall("save attempt of decision", DECISIONS, "UpdateItem", ("{row}", ":attempt_mode"))
_DECISION_OUTCOME = AwsCall("save outcome", DECISIONS, "UpdateItem", ("{row}", ":attempt_mode"), skip=1)
_LOOK_ASKED = AwsCall("queue look", DECISIONS, "SendMessageBatch", ("{id}",), skip=1)  # the first is the callback's
_DECISION_READ = AwsCall("read decision", DECISIONS, "GetItem", ("{row}",))
_SUBMIT = TeleportCall("submit review", DECISIONS, "SubmitAccessReview", writes=True)


def _told(after: int) -> AwsCall:
    """The save after the write to ServiceNow, so many saves of the ticket's item being before it."""
    return AwsCall("save what was told", TICKETS, "UpdateItem", ("{id}", '"TICKET"', ":snapshot"), skip=after)


CALLS: Final[dict[str, tuple[Call, ...]]] = {
    "create": (_EVENT_QUEUED, _EVENT_KEPT, _LEDGER_READ, _READ, _SEEN, _ATTEMPT, _INSERT, _told(2)),
    "create, ids ignored": (_INSERT,),
    "review": (_UPDATE,),
    "resolve by review": (_LOOK, _ATTEMPT, _UPDATE, _told(2)),
    "resolve directly": (_EVENT_QUEUED, _EVENT_KEPT, _UPDATE),
    "expire": (_EVENT_KEPT, _UPDATE),
    "delete": (_EVENT_KEPT, _UPDATE),
    "decision applied": (
        _DECISION_READ,
        ServiceNowCall("GET decision row", DECISIONS, "GET", DECISION),
        ServiceNowCall("GET user", DECISIONS, "GET", "sys_user"),
        ServiceNowCall("GET incident", DECISIONS, "GET", "incident"),
        TeleportCall("read request", DECISIONS, "ListAccessRequests"),
        TeleportCall("read request again", DECISIONS, "ListAccessRequests", skip=1),
        _DECISION_ATTEMPT,
        _SUBMIT,
        _DECISION_OUTCOME,
        _LOOK_ASKED,
        _ROW_OUTCOME,
        _UPDATE,
    ),
    "state set": (
        TeleportCall("set state", DECISIONS, "SetAccessRequestState", writes=True),
        _DECISION_OUTCOME,
    ),
    "decision refused": (
        AwsCall("save outcome", DECISIONS, "UpdateItem", ("{row}", ":attempt_mode")),
        _LOOK_ASKED,
        _ROW_OUTCOME,
        _UPDATE,
    ),
    "on-call": (
        AwsCall("queue question", TICKETS, "SendMessageBatch", ("{id}", "on_call")),
        AwsCall("save that it was asked", TICKETS, "UpdateItem", ("{id}", '"TICKET"', "asked:on_call")),
        ServiceNowCall("GET who is on call", DECISIONS, "GET", "whoisoncall"),
        _SUBMIT,
        _UPDATE,
    ),
    "minute pass": (
        TeleportCall("list requests", TICKETS, "ListAccessRequests", in_pass=True),
        AwsCall("read tickets", TICKETS, "BatchGetItem", ("{id}",), in_pass=True),
        AwsCall("read open tickets", TICKETS, "Query", ('"open"',), in_pass=True),
        AwsCall("queue look", TICKETS, "SendMessageBatch", ("{id}",), in_pass=True),
        AwsCall("save that it was asked", TICKETS, "UpdateItem", ("{id}", '"TICKET"', ":asked_at"), in_pass=True),
    ),
}
"""Flow -> the calls of it, in their order, that have cells."""
