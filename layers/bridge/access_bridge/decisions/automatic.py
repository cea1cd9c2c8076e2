"""Decisions that the bot makes itself: a requester who is on call is approved; a request that no ticket justifies, or
whose ticket a person ended, is denied. Each is the bot's own, under a rule that names it, and is checked anew just
before it is carried to Teleport.

Failure policy: an error of a check never decides anything. One that may heal raises, and the message comes again, some
times: people's decisions on the same request wait behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from access_bridge.access_request import AccessRequest
from access_bridge.decisions import judge_request
from access_bridge.decisions.apply import Application
from access_bridge.decisions.carry import Carrier, Decided, Systems, carried, stop
from access_bridge.decisions.messages import AutomaticMessage, ClosedMessage, JustificationMessage, OnCallMessage
from access_bridge.decisions.outcome import STATES, Reason, Verdict, refused
from access_bridge.decisions.words import automatic_words
from access_bridge.ledger.items import DecisionItem
from access_bridge.servicenow.errors import NotPermitted, Rejected

Check = Callable[[AccessRequest], Verdict | str]
"""Looks whether a request is to be decided: returns why, for people, or the verdict that it is not."""

MOST_ATTEMPTS: Final = 12
"""After so many attempts, most of an hour, a check is left to people."""
_DELEGATOR: Final = "servicenow"
_KINDS: Final = {
    OnCallMessage: ("on_call", "approved"),
    JustificationMessage: ("justification", "rejected"),
    ClosedMessage: ("closed", "rejected"),
}
"""Kind and decision of what comes of each message."""


def decide_automatically(message: AutomaticMessage, check: Check, systems: Systems) -> None:
    """Decide one request as the bot, where its check says so; a repeat only asks for it to be told again.

    Raises
    ------
    Retry, BrokenConfiguration
        It isn't decided yet; the message may come again.
    """
    item = systems.ledger.decision(message.request_id, message.decision_id)
    work = _Automatic(begun(item, message), check, systems)
    carried(item, work.run, work.carrier, systems)


def begun(item: DecisionItem, message: AutomaticMessage) -> DecisionItem:
    """Return a decision's item with what its message says."""
    kind, decision = _KINDS[type(message)]
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
        words = self._checked(request)
        latest = carrier.request(ticket)
        self._judge(latest)
        return carrier.apply(self._application(words, number), latest)

    def _checked(self, request: AccessRequest) -> str:
        """What ServiceNow refuses won't heal by waiting, and people's decisions would wait behind this one: so it is
        told, and left to them."""
        try:
            words = self._check(request)
        except (NotPermitted, Rejected) as error:
            self._systems.count("BrokenConfiguration")
            self._systems.log.warning("a check of the bot's own is refused", extra={"problem": str(error)})
            sentence = "ServiceNow doesn't let the bridge look this up. Somebody has to decide."
            raise Decided(refused(Reason.CHECK_REFUSED, sentence)) from error
        if not isinstance(words, str):
            raise Decided(words)
        return words

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
