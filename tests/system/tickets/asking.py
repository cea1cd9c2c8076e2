"""What the tests of the tickets side ask for and look at: requests in Teleport, their incidents, what was told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from local.servicenow.faults import Incoming
from local.servicenow.store import Row
from local.system import PATIENCE, LocalSystem
from local.teleport.audit import AuditEvent
from local.teleport.forwarder import event_body

STATES = {"1": "New", "2": "In Progress", "6": "Resolved", "7": "Closed", "8": "Canceled"}


def ask(
    system: LocalSystem,
    user: str = "alice",
    roles: Sequence[str] = ("dba",),
    reason: str = "",
    *,
    ttl: timedelta | None = None,
    **options: Any,
) -> str:
    """`tsh request create`; returns the request's id."""
    return system.teleport.as_user(user).create_request(roles, reason, ttl=ttl, **options)


def approve(system: LocalSystem, request_id: str, user: str, reason: str = "") -> None:
    """`tsh request review --approve` as that user."""
    system.teleport.as_user(user).review(request_id, "APPROVED", reason)


def deny(system: LocalSystem, request_id: str, user: str, reason: str = "") -> None:
    """`tsh request review --deny` as that user."""
    system.teleport.as_user(user).review(request_id, "DENIED", reason)


def asked_and_told(system: LocalSystem, user: str = "alice", **options: Any) -> str:
    """A request that has its incident; returns its id."""
    request_id = ask(system, user, **options)
    system.wait_until(lambda: incidents(system, request_id), what="no incident was made")
    system.settle()
    return request_id


def incidents(system: LocalSystem, request_id: str) -> list[Row]:
    """Every incident that stands for the request."""
    return [row for row in system.servicenow.rows("incident") if row["correlation_id"] == request_id]


def incident(system: LocalSystem, request_id: str) -> Row:
    """The one incident of the request."""
    found = incidents(system, request_id)
    assert len(found) == 1, f"{len(found)} incidents for request {request_id}\n{system.describe()}"
    return found[0]


def state(system: LocalSystem, request_id: str) -> str:
    """The state of the request's incident, by its label."""
    return STATES[incident(system, request_id)["state"]]


def notes(system: LocalSystem, request_id: str) -> list[str]:
    """The work notes of the request's incident, oldest first."""
    return system.servicenow.work_notes(incident(system, request_id)["sys_id"])


def times_told(system: LocalSystem, request_id: str, text: str) -> int:
    """How often a text stands in the work notes of the request's incident."""
    return sum(note.count(text) for note in notes(system, request_id))


def about(request_id: str) -> Callable[[Incoming], bool]:
    """Which ServiceNow calls are about the request: for a trouble's `when`."""
    own_id = uuid.UUID(request_id).hex
    return lambda call: call.sys_id == own_id or request_id in json.dumps([call.query, call.body])


def ledger_ticket(system: LocalSystem, request_id: str) -> dict[str, Any]:
    """The ledger's item about the request's ticket; empty where there is none."""
    return next((item for item in system.ledger(request_id) if item["sk"] == "TICKET"), {})


def events_in_ledger(system: LocalSystem, request_id: str) -> set[str]:
    """The uids of the events that the ledger has of a request."""
    keys = [str(item["sk"]) for item in system.ledger(request_id)]
    return {key.removeprefix("EVENT#") for key in keys if key.startswith("EVENT#")}


class Since:
    """What the functions counted and logged since this was made; what they may still be at is waited for."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        self._metrics = len(system.metrics())
        self._logs = len(system.logs())

    def counted(self, metric: str, at_least: float = 1) -> float:
        """How much a metric counted, once it is that much."""
        self._system.wait_until(lambda: self._sum(metric) >= at_least, what=f"{metric} didn't count {at_least:g}")
        return self._sum(metric)

    def problems(self, at_least: int = 1) -> list[str]:
        """The problems that were logged, once there are that many."""
        self._system.wait_until(lambda: len(self._problems()) >= at_least, what="no problem was logged")
        return self._problems()

    def logs(self) -> list[dict[str, Any]]:
        """All log lines."""
        return self._system.logs()[self._logs :]

    def _sum(self, metric: str) -> float:
        return sum(value.value for value in self._system.metrics()[self._metrics :] if value.name == metric)

    def _problems(self) -> list[str]:
        return [str(line["problem"]) for line in self.logs() if "problem" in line]


def events_of(system: LocalSystem, request_id: str) -> list[AuditEvent]:
    """The audit events of a request, oldest first."""
    return [event for event in system.teleport.audit_log if event.get("id") == request_id]


def made_up_event(kind: str, request_id: str, **fields: Any) -> AuditEvent:
    """An audit event of the stand-in's cluster, of this moment and with an uid of its own."""
    return {
        "cluster_name": "tele.example.test",
        "event": kind,
        "id": request_id,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "uid": str(uuid.uuid4()),
        **fields,
    }


def post(system: LocalSystem, body: bytes, **headers: str) -> requests.Response:
    """POST a body to the webhook with its token."""
    sent = {
        "Authorization": f"Bearer {system.webhook_token}",
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return requests.post(system.webhook_url, data=body, headers=sent, timeout=PATIENCE)


def deliver(system: LocalSystem, events: Iterable[AuditEvent]) -> None:
    """POST events one after the other, as the event handler does."""
    for event in events:
        answer = post(system, event_body(event))
        assert answer.status_code == 200, answer.text


def enqueue_again(system: LocalSystem, events: Iterable[AuditEvent]) -> None:
    """Deliver events once more, later than SQS remembers them: each lies in the queue as a new message."""
    for event in events:
        _enqueue(system, event["id"], event=event)


def look(system: LocalSystem, request_id: str) -> None:
    """Have the bridge look at a request, without any event."""
    _enqueue(system, request_id)


def _enqueue(system: LocalSystem, request_id: str, **also: Any) -> None:
    system.aws.sqs.send_message(
        QueueUrl=system.resources.tickets.url,
        MessageBody=json.dumps({"request_id": request_id, **also}),
        MessageGroupId=request_id,
        MessageDeduplicationId=str(uuid.uuid4()),
    )
