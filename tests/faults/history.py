"""What happened to one access request, and what is there of it now: read from the stand-ins, as plain values."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.servicenow.schema import DECISION
from local.system import LocalSystem
from local.system.stand_ins import BOTS
from local.teleport.proto import local_teleport_pb2 as pb

BOT: Final = BOTS["servicenow_decisions"]
_MARK: Final = re.compile(r"^\[access-bridge decision ([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Vote:
    """A review, or a state that was set directly: whose, which, the request's state after it, and the decision's id
    that it carries. `update` tells the second from the first."""

    by: str
    voted: str
    state: str
    decision: str = ""
    update: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """What Teleport's audit log has of one request, and whether those events were ever forwarded."""

    votes: tuple[Vote, ...] = ()
    deleted_by: str = ""
    expired: bool = False
    forwarded: bool = True
    state: str = ""
    """The state in which Teleport keeps it; empty where it is gone."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An incident as it stands."""

    sys_id: str
    state: str
    close_code: str
    close_notes: str
    display: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A decision row as it stands."""

    sys_id: str
    outcome: str
    code: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is of one request outside Teleport. `strays`: incidents that speak of it and don't stand for it;
    `waiting`, `dead`: messages in the queues and in the dead-letter queues; `open_attempts`: of the ledger, without an
    end; `failed`: whether the ledger marks anything so."""

    tickets: tuple[Ticket, ...] = ()
    strays: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    waiting: int = 0
    dead: tuple[str, ...] = ()
    open_attempts: int = 0
    failed: bool = False


def happened(system: LocalSystem, request_id: str, *, forwarded: bool) -> Happened:
    """Read Teleport's side."""
    events = [event for event in system.teleport.audit_log if event.get("id") == request_id]
    request = system.teleport.requests.get(request_id)
    deleted = [event for event in events if event["event"] == "access_request.delete"]
    return Happened(
        votes=tuple(vote for vote in map(_vote, events) if vote),
        deleted_by=deleted[0]["user"] if deleted else "",
        expired=any(event["event"] == "access_request.expire" for event in events),
        forwarded=forwarded,
        state=pb.RequestState.Name(request.Spec.State) if request is not None else "",
    )


def _vote(event: Mapping[str, Any]) -> Vote | None:
    if event["event"] == "access_request.review":
        mark = _MARK.match(event.get("reason", ""))
        return Vote(event["reviewer"], event["proposed_state"], event["state"], mark[1] if mark else "")
    if event["event"] == "access_request.update":
        ids = event.get("annotations", {}).get("access-bridge/decision", [""])
        return Vote(event["updated_by"], event["state"], event["state"], ids[0], update=True)
    return None


def shown(system: LocalSystem, request_id: str) -> Shown:
    """Read ServiceNow, the queues and the ledger."""
    servicenow, own_id = system.servicenow, uuid.UUID(request_id).hex
    tickets, strays = [], []
    for row in servicenow.rows("incident"):
        if row["correlation_id"] == request_id:
            notes = tuple(servicenow.work_notes(row["sys_id"]))
            tickets.append(
                Ticket(
                    row["sys_id"],
                    row["state"],
                    row["close_code"],
                    row["close_notes"],
                    row["correlation_display"],
                    notes,
                )
            )
        elif request_id in row["description"] or row["sys_id"] == own_id:
            strays.append(row["sys_id"])
    queues = system.aws.messages()
    dead = [message.body for name in queues if "dead" in name for message in queues[name] if request_id in message.body]
    waiting = [m for name in queues if "dead" not in name for m in queues[name] if m.group == request_id]
    items = system.ledger(request_id)
    return Shown(
        tickets=tuple(tickets),
        strays=tuple(strays),
        rows=tuple(_row(row) for row in servicenow.rows(DECISION) if row["request_id"] == request_id),
        waiting=len(waiting),
        dead=tuple(dead),
        open_attempts=sum(bool(item.get("attempt")) for item in items)
        + sum(bool(item.get("attempt_mode")) and not item.get("outcome") for item in items),
        failed=any(item.get("failed") for item in items),
    )


def _row(row: Mapping[str, str]) -> Row:
    return Row(row["sys_id"], row["outcome"], row["outcome_detail"].partition(":")[0])
