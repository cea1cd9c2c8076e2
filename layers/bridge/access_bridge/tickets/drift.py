"""What people did to a ticket in ServiceNow against its request: plain functions of the ticket as it is shown, and of
what the ledger knows. It is told on the ticket, once, and never undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from access_bridge.access_request import RequestState
from access_bridge.ledger.items import DELETED_IT, PERSON, TicketItem
from access_bridge.rules.model import Outcome, Outcomes
from access_bridge.servicenow.incident_states import CANCELED, ENDED_STATES, ENDINGS
from access_bridge.servicenow.records import Row
from access_bridge.tickets.facts import Fact
from access_bridge.tickets.plan import digest
from access_bridge.tickets.story import DELETED, EXPIRED
from access_bridge.tickets.words import said

_GRANTING: Final = frozenset({"approved", "promoted"})
_REFUSING: Final = frozenset({"denied", EXPIRED, DELETED})
_REQUEST: Final = {
    "approved": "is approved",
    "promoted": "is promoted to an access list",
    "denied": "is denied",
    EXPIRED: "has expired",
    DELETED: "was deleted",
}
"""What became of a request, in words."""
_KIND: Final = "ticket"
_OUTCOMES: Final = {
    RequestState.APPROVED: "approved",
    RequestState.PROMOTED: "promoted",
    RequestState.DENIED: "denied",
}


class Drift(StrEnum):
    """How a ticket differs from what the ledger knows. `ended`: resolved, closed or canceled by a person while the
    request is pending; `open_again`: opened again after that; `reopened`: open, though the request has ended;
    `contradicts`: ended, and saying another outcome than the request has."""

    ENDED = "ended"
    OPEN_AGAIN = "open_again"
    REOPENED = "reopened"
    CONTRADICTS = "contradicts"


_METRICS: Final[Mapping[str, str]] = {
    Drift.ENDED: "TicketEndedByPerson",
    Drift.REOPENED: "TicketReopened",
    Drift.CONTRADICTS: "TicketContradictsRequest",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference: which, an id that it alone has (that of the fact that tells it, where one does), and the ticket's
    state and close code that show it."""

    drift: Drift
    id: str
    state: str
    close_code: str

    def is_news(self, ticket: TicketItem) -> bool:
        """Whether something is left to do about it: to tell it, or to take the ticket up again."""
        return self.id not in ticket.told


def find(ticket: TicketItem, row: Row, outcome: str, outcomes: Outcomes) -> Finding | None:
    """Return how a ticket differs from its request, whether or not it was told; None where all is in order.

    A resolved ticket that is closed then, as an instance does by itself after some days, is in order.

    Parameters
    ----------
    ticket
        The ledger's view of the ticket.
    row
        The ticket as ServiceNow shows it: `state` and `close_code`.
    outcome
        How the request ended, empty while it is pending.
    outcomes
        What the rules write for each outcome.
    """
    state, close_code = row.get("state", ""), row.get("close_code", "")
    found = _drift(ticket, state, close_code, outcome, outcomes)
    if found is None:
        return None
    which = {
        Drift.ENDED: str(ticket.opened_again),
        Drift.OPEN_AGAIN: str(ticket.opened_again),
        Drift.REOPENED: outcome,
        Drift.CONTRADICTS: f"{state}:{digest(close_code)}",
    }
    return Finding(found, _id(found, which[found]), state, close_code)


def ended_fact(ticket: TicketItem) -> str:
    """Return the id of the fact that a person ended this ticket; another one after it was opened again."""
    return _id(Drift.ENDED, str(ticket.opened_again))


def metric(fact_id: str) -> str:
    """Return the metric that counts a fact about the ticket itself; empty for any other fact."""
    kind, _, rest = fact_id.partition(":")
    return _METRICS.get(rest.partition(":")[0], "") if kind == _KIND else ""


def text(finding: Finding, outcome: str, *, may_deny: bool) -> str:
    """Return what the ticket is told of a difference.

    Parameters
    ----------
    finding
        The difference.
    outcome
        How the request ended, empty while it is pending.
    may_deny
        Whether a rule denies requests whose ticket was ended by a person.
    """
    request = _REQUEST.get(outcome, "")
    match finding.drift:
        case Drift.ENDED:
            done = ENDINGS.get(finding.state, "ended")
            then = (
                "A rule may deny such a request: what comes of it follows."
                if may_deny
                else "That decides nothing: the request stays open in Teleport. Decide there, or reopen this ticket."
            )
            return f"This ticket was {done} in ServiceNow while its access request is pending. {then}"
        case Drift.OPEN_AGAIN:
            return ""
        case Drift.REOPENED:
            then = (
                "To end the access, lock the user in Teleport (tctl lock)."
                if outcome in _GRANTING
                else "For access, the requester makes a new request."
            )
            return f"This ticket is open in ServiceNow. That changes nothing in Teleport: the request {request}. {then}"
        case Drift.CONTRADICTS:
            says = "is canceled" if finding.state == CANCELED else f"says {said(finding.close_code)!r}"
            return (
                f"This ticket {says} in ServiceNow now. In Teleport the request {request}, and Teleport has the last "
                "word."
            )


def compared(
    ticket: TicketItem, row: Row | None, outcome: str, outcomes: Outcomes, *, may_deny: bool
) -> tuple[TicketItem, tuple[Fact, ...]]:
    """Return the item after the ticket was looked at, and what is to be told of that. A ticket that is open again while
    its request is pending is taken up again, silently.

    `row` is None where the ticket was surely deleted; the others are those of `find` and `text`.
    """
    if row is None:
        return replace(ticket, ended_by=DELETED_IT), ()
    finding = find(ticket, row, outcome, outcomes)
    if finding is None:
        return ticket, ()
    if finding.drift is Drift.OPEN_AGAIN:
        return replace(ticket, ended_by="", opened_again=ticket.opened_again + 1), ()
    if finding.drift is Drift.ENDED:
        ticket = replace(ticket, ended_by=PERSON)
    return ticket, (Fact(finding.id, None, text(finding, outcome, may_deny=may_deny)),)


def known_outcome(ticket: TicketItem) -> str:
    """Return how a request ended, as far as its ledger item alone tells; empty where it may be pending."""
    if ticket.outcome:
        return ticket.outcome
    ended = _OUTCOMES.get(ticket.snapshot.state, "") if ticket.snapshot else ""
    return ended or (DELETED if ticket.gone else "")


def _drift(ticket: TicketItem, state: str, close_code: str, outcome: str, outcomes: Outcomes) -> Drift | None:
    ended = state in ENDED_STATES
    if ticket.ended_by == DELETED_IT:
        return None
    if ticket.ended_by == PERSON and not ended:
        return Drift.REOPENED if outcome else Drift.OPEN_AGAIN
    if ticket.ended_by == PERSON or not ticket.outcome:
        return Drift.ENDED if ended and not outcome else None
    if not ended:
        return Drift.REOPENED if outcome and not _is_ours(ticket, "state", state) else None
    return Drift.CONTRADICTS if outcome and _says_another(ticket, state, close_code, outcome, outcomes) else None


def _says_another(ticket: TicketItem, state: str, close_code: str, outcome: str, outcomes: Outcomes) -> bool:
    granted = outcome in _GRANTING
    own, other = (
        _written(outcomes, names) for names in ((_GRANTING, _REFUSING) if granted else (_REFUSING, _GRANTING))
    )
    codes = {of.close_code for of in other} - {of.close_code for of in own}
    states = {of.state for of in other} - {of.state for of in own} | ({CANCELED} if granted else set())
    return (state in states and not _is_ours(ticket, "state", state)) or (
        close_code in codes and not _is_ours(ticket, "close_code", close_code)
    )


def _written(outcomes: Outcomes, names: Iterable[str]) -> tuple[Outcome, ...]:
    return tuple(getattr(outcomes, name) for name in names)


def _is_ours(ticket: TicketItem, field: str, value: str) -> bool:
    """Whether this is what was written last."""
    return ticket.fields.get(field) == digest(value)


def _id(drift: Drift, which: str) -> str:
    return f"{_KIND}:{drift}:{which}"
