"""Each recorded request's ticket as one readable text. `python -m tests.contract.recordings.golden` writes them anew,
for a person to read the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from access_bridge.access_request import AccessRequest, RequestState, Review
from access_bridge.events.audit_event import CREATE, REVIEW, AuditEvent
from access_bridge.tickets.content import Cluster
from access_bridge.times import parse_time
from tests.contract.recordings.recorded_requests import CLUSTER, RecordedRequest, recorded_requests
from tests.contract.recordings.ticket_life import Look, TicketLife

GOLDEN = Path(__file__).parent / "golden"
TELEPORT = Cluster(CLUSTER, "localhost:3080")


def golden_text(recorded: RecordedRequest) -> str:
    """Return what the ticket says when it is opened and after each later event, and the fields that it ends with."""
    life = TicketLife(recorded.id, TELEPORT)
    parts = [f"Access request {recorded.id}{'' if recorded.final else ', which Teleport has forgotten'}"]
    later = [event for event in recorded.events if event.event != CREATE]
    created = next((event for event in recorded.events if event.event == CREATE), None)
    life.look(recorded.opened, _moment(created or recorded.events[0]), created)
    parts += _shown("opened", life.looks)
    for event in later:
        before = len(life.looks)
        life.look(_view(recorded, event, last=event is later[-1]), _moment(event), event)
        parts += _shown(f"{event.event} at {event.time}", life.looks[before:])
    parts += ["==== in the end ====", *_fields(life.fields)]
    return "\n\n".join(parts) + "\n"


def golden_file(recorded: RecordedRequest) -> Path:
    """Return where a request's text is kept."""
    return GOLDEN / f"{recorded.id}.txt"


def _view(recorded: RecordedRequest, event: AuditEvent, *, last: bool) -> AccessRequest | None:
    """What Teleport showed when an event came: at the last one the recorded end, before it what had happened so far."""
    if last or recorded.opened is None or recorded.final is None:
        return recorded.final
    return replace(
        recorded.opened,
        state=RequestState.parse(event.state),
        reviews=tuple(review for review in recorded.final.reviews if _before(review, event)),
        resolve_reason="" if event.event == REVIEW else event.reason,
    )


def _before(review: Review, event: AuditEvent) -> bool:
    happened = parse_time(event.time)
    return review.created is not None and happened is not None and review.created <= happened


def _moment(event: AuditEvent) -> datetime:
    return (parse_time(event.time) or datetime.max.replace(tzinfo=UTC)) + timedelta(seconds=1)


def _shown(title: str, looks: list[Look]) -> Iterator[str]:
    yield f"==== {title} ===="
    if not looks:
        yield "(nothing is written)"
    for look in looks:
        yield from _fields(look.fields)
        if look.note:
            yield f"[work_notes]\n{look.note}"


def _fields(fields: Mapping[str, str]) -> Iterator[str]:
    for name, value in fields.items():
        yield f"[{name}]\n{value}"


if __name__ == "__main__":
    for request in recorded_requests():
        golden_file(request).write_text(golden_text(request), encoding="utf-8")
