"""Decisions that the bot makes itself: a requester who is on call is approved, a request that no ticket justifies is
denied. Each is the bot's own, under a rule that names it, and is checked anew just before it is carried to Teleport.

Failure policy: an error of a check never decides anything: it raises, and the message comes again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from access_bridge.access_request import AccessRequest
from access_bridge.decisions import judge_request
from access_bridge.decisions.apply import Application
from access_bridge.decisions.carry import Carrier, Decided, Systems, carried, stop
from access_bridge.decisions.messages import AutomaticMessage, OnCallMessage
from access_bridge.decisions.outcome import STATES, Outcome, Verdict
from access_bridge.decisions.words import automatic_words
from access_bridge.ledger.items import DecisionItem

Check = Callable[[AccessRequest], Verdict | str]
"""Looks whether a request is to be decided: returns why, for people, or the verdict that it is not."""

_DELEGATOR: Final = "servicenow"


def decide_automatically(message: AutomaticMessage, check: Check, systems: Systems) -> None:
    """Decide one request as the bot, where its check says so; a repeat only asks for it to be told again.

    Raises
    ------
    Retry, BrokenConfiguration
        It isn't decided yet; the message may come again.
    """
    item = systems.ledger.decision(message.request_id, message.decision_id)
    if not item.outcome or item.outcome == Outcome.FAILED:
        work = _Automatic(begun(item, message), check, systems)
        carried(item, work.run, work.carrier, systems)
    systems.look(message.request_id)


def begun(item: DecisionItem, message: AutomaticMessage) -> DecisionItem:
    """Return a decision's item with what its message says."""
    on_call = isinstance(message, OnCallMessage)
    kind, decision = ("on_call", "approved") if on_call else ("justification", "rejected")
    return replace(item, kind=kind, decision=decision)


class _Automatic:
    def __init__(self, item: DecisionItem, check: Check, systems: Systems) -> None:
        self._check = check
        self._systems = systems
        self.carrier = Carrier(item, STATES[item.decision], systems)

    def run(self) -> Verdict:
        carrier, systems = self.carrier, self._systems
        carrier.settle()
        ticket = systems.ledger.records(carrier.item.request_id).ticket
        found = systems.evidence.ticket(ticket.sys_id) if ticket.sys_id else None
        number = found.number if found else ""
        carrier.item = replace(carrier.item, table="incident", sys_id=ticket.sys_id, ticket_number=number)
        request = carrier.request(ticket)
        self._judge(request)
        words = self._check(request)
        if not isinstance(words, str):
            raise Decided(words)
        latest = carrier.request(ticket)
        self._judge(latest)
        return carrier.apply(self._application(words, number), latest)

    def _judge(self, request: AccessRequest) -> None:
        systems, state = self._systems, self.carrier.state
        self.carrier.judge_open(request)
        link = systems.link(request.id)
        stop(judge_request.judge_limits(request, state, systems.rules.decisions, systems.now(), link))

    def _application(self, words: str, number: str) -> Application:
        state = self.carrier.state
        return Application(
            decision_id=self.carrier.item.decision_id,
            state=state,
            mode="set_state" if self._systems.rules.decisions.mode == "set_state" else "bot",
            words=automatic_words(state, words, number),
            ticket_number=number,
            delegator=_DELEGATOR,
            link=self._systems.link(self.carrier.item.request_id),
        )
