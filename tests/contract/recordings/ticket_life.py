"""A ticket's life without any I/O: what `sync` would write with each look at the request, and what the ledger keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from access_bridge.access_request import AccessRequest
from access_bridge.events.audit_event import AuditEvent
from access_bridge.ledger.items import Attempt, Records, TicketItem
from access_bridge.rules.model import Rules
from access_bridge.tickets.content import Cluster, counter_display, ticket_fields
from access_bridge.tickets.observe import seen
from access_bridge.tickets.plan import digests, plan
from access_bridge.tickets.story import tell_story

_ONLY_AT_THE_END = frozenset({"state", "close_code", "close_notes"})
_RULES = Rules().ticket


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the request wrote: fields of the ticket, a note, and the facts that the note tells."""

    fields: Mapping[str, str]
    note: str
    facts: tuple[str, ...]


class TicketLife:
    """The ticket of one request, from the first look at it to the last."""

    def __init__(self, request_id: str, cluster: Cluster) -> None:
        self.ticket = TicketItem(request_id)
        self.fields: dict[str, str] = {}
        self.looks: list[Look] = []
        self._cluster = cluster
        self._events: dict[str, AuditEvent] = {}

    @property
    def told(self) -> list[str]:
        """The facts that were told, in the order of telling, each as often as it was told."""
        return [fact for look in self.looks for fact in look.facts]

    def look(self, request: AccessRequest | None, now: datetime, event: AuditEvent | None = None) -> None:
        """Look at the request as Teleport has it, after an event about it was stored."""
        if event is not None:
            self._events[event.uid] = event
        if request is not None:
            self.ticket = seen(self.ticket, request)
        events = tuple(self._events[uid].fields() for uid in sorted(self._events))
        story = tell_story(request, Records(self.ticket, events), cluster=self._cluster.name, now=now)
        if story is None:
            return
        fields = ticket_fields(story, self._cluster, _RULES)
        if not self.ticket.sys_id:
            opening = {name: value for name, value in fields.items() if name not in _ONLY_AT_THE_END}
            self._write(opening, "", (), counter=1, outcome="")
            self.ticket = replace(self.ticket, sys_id="f" * 32)
        step = plan(story, fields, self.ticket)
        if not step.empty:
            outcome = step.outcome if _ONLY_AT_THE_END & step.fields.keys() else self.ticket.outcome
            counter = self.ticket.counter + bool(step.note)
            self._write(step.fields, step.note, step.facts, counter=counter, outcome=outcome)

    def _write(
        self, fields: Mapping[str, str], note: str, facts: tuple[str, ...], *, counter: int, outcome: str
    ) -> None:
        attempt = Attempt(0, self.ticket.counter, counter, facts, digests(fields), outcome)
        self.ticket = self.ticket.tell(attempt)
        shown = {**fields, "correlation_display": counter_display(self._cluster.name, counter)}
        self.fields |= shown
        self.looks.append(Look(shown, note, facts))
