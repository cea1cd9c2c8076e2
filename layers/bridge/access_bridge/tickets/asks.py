"""When `servicenow_decisions` is asked whether it decides a request itself: a plain function of what is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.messages import AutomaticMessage, ClosedMessage, JustificationMessage, OnCallMessage
from access_bridge.decisions.outcome import Reason
from access_bridge.justification.judge import text_denies
from access_bridge.ledger.items import PERSON, DecisionItem, TicketItem
from access_bridge.rules.model import Rules

SCHEDULES: Final = "teleport.dev/schedules"
"""The role annotation that names rotas; Teleport puts those of the requested roles on the request (recorded)."""

ASKED_JUSTIFICATION: Final = "asked:justification"
ASKED_ON_CALL: Final = "asked:on_call"
ASKED_CLOSED: Final = "asked:closed"


def asks(
    request: AccessRequest, ticket: TicketItem, rules: Rules, decisions: Iterable[DecisionItem]
) -> dict[str, AutomaticMessage]:
    """Return the messages to send, each with the mark by which the ledger then knows that it was sent.

    A request that is to be denied isn't asked for on-call, unless it turned out to be justified after all.

    Parameters
    ----------
    request
        The request as Teleport has it now.
    ticket
        The ledger's view of its ticket, which has to be made.
    rules
        The rules as they are now.
    decisions
        What was decided so far.
    """
    rule = rules.rule_for(request.roles)
    if rule is None or request.state is not RequestState.PENDING or not ticket.sys_id:
        return {}
    if ticket.ended_by:
        due_now = ticket.ended_by == PERSON and rule.closed == "deny" and ASKED_CLOSED not in ticket.told
        return {ASKED_CLOSED: ClosedMessage(request_id=request.id)} if due_now else {}
    not_denied = {Reason.JUSTIFIED, Reason.JUSTIFICATION_UNKNOWN}
    justified_after_all = any(item.kind == "justification" and item.code in not_denied for item in decisions)
    denied = rule.unjustified == "deny" and text_denies(ticket.justification)
    due: dict[str, AutomaticMessage] = {}
    if denied:
        due[ASKED_JUSTIFICATION] = JustificationMessage(request_id=request.id)
    scheduled = any(schedule.strip() for schedule in request.system_annotations.get(SCHEDULES, ()))
    if rule.on_call == "approve" and scheduled and (not denied or justified_after_all):
        due[ASKED_ON_CALL] = OnCallMessage(request_id=request.id)
    return {mark: message for mark, message in due.items() if mark not in ticket.told}
