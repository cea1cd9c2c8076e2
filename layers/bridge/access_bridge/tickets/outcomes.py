"""Writes what became of decisions into their rows in ServiceNow, which repeats harmlessly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from aws_lambda_powertools import Logger

from access_bridge.decisions.outcome import Reason
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.servicenow.errors import NotPermitted, Rejected
from access_bridge.tickets.facts import told_as
from access_bridge.tickets.incidents import Incidents

_ROWLESS: Final = frozenset({"on_call", "justification", "closed"})
"""Kinds of decisions that are the bot's own: no row in ServiceNow stands for them."""


def write_outcomes(
    decisions: Iterable[DecisionItem],
    ticket: TicketItem,
    incidents: Incidents,
    count: Callable[[str], None],
    log: Logger,
) -> TicketItem:
    """Write the outcomes that aren't written yet, and return the item that knows it. A row that can't be written, or
    seen, doesn't hold up the ticket: it is tried again with the next look.

    Raises
    ------
    Retry, BrokenConfiguration
        ServiceNow gives no answer.
    """
    for item in decisions:
        fact = f"row:{item.decision_id}{told_as(item) or f':{item.outcome}'}"
        if item.kind in _ROWLESS or not item.outcome or fact in ticket.told:
            continue
        if item.code != Reason.ROW_ABSENT:
            try:
                written = incidents.write_outcome(item.decision_id, item.outcome, f"{item.code}: {item.sentence}")
            except (NotPermitted, Rejected) as error:
                count("DecisionRowNotWritten")
                log.warning("a decision's row can't be written", extra={"problem": str(error)})
                continue
            if not written:
                count("DecisionRowNotWritten")
                if not incidents.sees_decisions(item.decision_id):
                    continue
                # Once more, for the account's rights may have come back between the two calls.
                incidents.write_outcome(item.decision_id, item.outcome, f"{item.code}: {item.sentence}")
        ticket = replace(ticket, told=ticket.told | {fact})
    return ticket
