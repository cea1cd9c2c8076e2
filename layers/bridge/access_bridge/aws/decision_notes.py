"""Where the ledger keeps how often a message of the decisions queue was tried and why it failed, and what is done when
it is given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from aws_lambda_powertools import Logger

from access_bridge.decisions.automatic import MOST_ATTEMPTS
from access_bridge.decisions.automatic import begun as begun_automatically
from access_bridge.decisions.carry import keep, with_verdict
from access_bridge.decisions.decide import begun
from access_bridge.decisions.messages import AutomaticMessage, DecisionMessage
from access_bridge.decisions.outcome import Outcome, Reason, Verdict
from access_bridge.ledger.items import DecisionItem, Failure, FailureKind
from access_bridge.ledger.table import NO_WORD, Ledger

_GAVE_UP: Final = Verdict(
    Outcome.FAILED,
    Reason.GAVE_UP,
    "The decision could not be carried to Teleport in many attempts. Decide in Teleport, and tell whoever runs the "
    "bridge.",
)


class DecisionNotes:
    """Of a decision: after its last attempt the ticket tells that it failed.

    Parameters
    ----------
    ledger
        The ledger.
    message
        The message.
    now
        Tells the present, aware.
    look
        Asks the tickets' side for a look at a request.
    count, log
        Where a decision that was given up is told.
    """

    def __init__(  # noqa: PLR0913 - all that it works with is handed in
        self,
        ledger: Ledger,
        message: DecisionMessage | AutomaticMessage,
        *,
        now: Callable[[], datetime],
        look: Callable[[str], None],
        count: Callable[[str], None],
        log: Logger,
    ) -> None:
        self._ledger = ledger
        self._message = message
        self._now = now
        self._look = look
        self._count = count
        self._log = log

    def begun(self, attempts: int, *, last: bool) -> bool:
        """Record that another attempt begins, and what is to be decided: the attempt before may have ended too early
        to, and the ledger outlives the queue. At the last one it is as good as failed, should nobody be left to say so.

        A decision of the bot's own that was tried often enough, and each time without a word, is given up.
        """
        message = self._message
        if self._gives_up_after(attempts - 1):
            return self.failed(Failure(attempts - 1, NO_WORD, FailureKind.SILENT))
        before = self._item()
        item = self._given_up(before) if last and not before.outcome else self._begun(before)
        if item != before:
            self._ledger.save_decision(item)
        at = self._now().timestamp()
        self._ledger.note_decision_begun(message.request_id, message.decision_id, attempts, at, last=last)
        return False

    def failed(self, failure: Failure) -> bool:
        """Record a failed attempt; after the last one the ticket is to tell that the decision failed.

        A decision of the bot's own is given up earlier, and its message with it: people's decisions wait behind it.
        """
        message = self._message
        given_up = self._gives_up_after(failure.attempts)
        failure = replace(failure, last=failure.last or given_up)
        at = self._now().timestamp()
        self._ledger.note_decision_failure(message.request_id, message.decision_id, failure, at)
        if not failure.last:
            return False
        item = self._item()
        if item.outcome in {"", Outcome.FAILED}:
            keep(self._given_up(item), self._ledger, self._count, self._log)
            self._look(message.request_id)
        return given_up

    def _gives_up_after(self, attempts: int) -> bool:
        return not isinstance(self._message, DecisionMessage) and attempts >= MOST_ATTEMPTS

    def _item(self) -> DecisionItem:
        return self._ledger.decision(self._message.request_id, self._message.decision_id)

    def _begun(self, item: DecisionItem) -> DecisionItem:
        message = self._message
        return begun(item, message) if isinstance(message, DecisionMessage) else begun_automatically(item, message)

    def _given_up(self, item: DecisionItem) -> DecisionItem:
        return with_verdict(self._begun(item), _GAVE_UP, self._now())
