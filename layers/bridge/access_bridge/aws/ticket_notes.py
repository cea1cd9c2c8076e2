"""Where the ledger keeps how often a message of the tickets queue was tried and why it failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from access_bridge.ledger.items import Failure
from access_bridge.ledger.table import Ledger
from access_bridge.tickets.messages import TicketMessage


class TicketNotes:
    """Of a look at a request: a ticket is never given up before its last attempt.

    Parameters
    ----------
    ledger
        The ledger.
    message
        The message.
    now
        Tells the present, aware.
    """

    def __init__(self, ledger: Ledger, message: TicketMessage, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._message = message
        self._now = now

    def begun(self, attempts: int, *, last: bool) -> bool:
        """Record that another attempt begins, and store the event: the attempt before may have ended too early to, and
        the ledger outlives the queue."""
        if self._message.event is not None:
            self._ledger.put_event(self._message.event)
        self._ledger.note_ticket_begun(self._message.request_id, attempts, self._now().timestamp(), last=last)
        return False

    def failed(self, failure: Failure) -> bool:
        """Record a failed attempt."""
        self._ledger.note_ticket_failure(self._message.request_id, failure, self._now().timestamp())
        return False


class NoNotes:
    """Of a malformed record: it is about no request, so the ledger has nowhere to write."""

    def begun(self, attempts: int, *, last: bool) -> bool:  # noqa: ARG002 - as FailureNotes
        """Record nothing."""
        return False

    def failed(self, failure: Failure) -> bool:  # noqa: ARG002 - as FailureNotes
        """Record nothing."""
        return False
