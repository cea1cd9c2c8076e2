"""What is to be written next on a ticket, as a plain function of what is known and what was written before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from access_bridge.ledger.items import TicketItem
from access_bridge.servicenow.text import LENGTHS, cut
from access_bridge.tickets.facts import Fact, facts, note, remarks
from access_bridge.tickets.story import Story

END_FIELDS = frozenset({"state", "close_code", "close_notes"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One PATCH: the fields that change, the note with the facts it tells, and the outcome that the ticket then
    shows."""

    fields: Mapping[str, str]
    note: str
    facts: tuple[str, ...]
    outcome: str
    more: bool = False
    """Whether there are more facts than one note holds."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.fields and not self.facts

    @property
    def changes_state(self) -> bool:
        """Whether the PATCH sets the ticket's state, before which the ticket is read."""
        return "state" in self.fields


def plan(story: Story, fields: Mapping[str, str], ticket: TicketItem, found: tuple[Fact, ...] = ()) -> Plan:
    """Return what is left to write.

    Parameters
    ----------
    story
        What is known about the request.
    fields
        The fields that the ticket should have (`ticket_fields`).
    ticket
        The ledger's view of the ticket.
    found
        What looking at the ticket itself has shown.
    """
    changed = {name: value for name, value in fields.items() if ticket.fields.get(name) != digest(value)}
    if ticket.ended_by:
        changed = {}
    known = (*remarks(ticket, story), *found, *facts(story))
    untold = tuple(fact for fact in known if fact.id not in ticket.told)
    told, text = untold, note(untold, story, ticket.outcome) if untold else ""
    while len(told) > 1 and len(text) > LENGTHS["work_notes"]:
        told = told[:-1]
        text = note(told, story, ticket.outcome)
    more = len(told) < len(untold)
    if more:
        # The ticket ends with its last note, so that nothing is left to tell on one that takes no notes any more.
        changed = {name: value for name, value in changed.items() if name not in END_FIELDS}
    return Plan(
        fields=changed,
        note=cut(text, LENGTHS["work_notes"]),
        facts=ids(told),
        outcome=story.outcome,
        more=more,
    )


def ids(untold: tuple[Fact, ...]) -> tuple[str, ...]:
    """Return the ids of facts."""
    return tuple(fact.id for fact in untold)


def digest(value: str) -> str:
    """Return a short digest of a field's value: the ledger keeps what was written, not the text itself."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def digests(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of fields."""
    return {name: digest(value) for name, value in fields.items()}
