"""Dead letters as values: what a message is about, and what can't be made anything of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import ValidationError

from access_bridge.aws.queues import Message, is_malformed, look_message
from access_bridge.decisions.messages import (
    AutomaticMessage,
    ClosedMessage,
    DecisionMessage,
    JustificationMessage,
    OnCallMessage,
    parse_message,
)
from access_bridge.events.audit_event import CREATE
from access_bridge.ledger.items import DecisionItem, Records, TicketItem
from access_bridge.tickets.messages import TicketMessage

Direction = Literal["tickets", "decisions"]
"""Which way it was to go: to ServiceNow, or to Teleport."""

Content = TicketMessage | DecisionMessage | AutomaticMessage
Item = TicketItem | DecisionItem
"""What the ledger marks as failed."""

NO_MESSAGE: Final = "no message of Access Bridge"
_AUTOMATIC: Final[Mapping[str, Callable[..., AutomaticMessage]]] = {
    "on_call": OnCallMessage,
    "justification": JustificationMessage,
    "closed": ClosedMessage,
}
"""Kinds of decisions that are the bot's own, and the message of each."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What failed: the looks at a request (no decision id), or one decision."""

    direction: Direction
    request_id: str
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a dead-letter queue. `receipt` is by what it is deleted or put back, `sent` when it came into this
    queue or its source queue (seconds since the epoch), `content` None where it can't be redriven."""

    direction: Direction
    message_id: str
    receipt: str
    sent: float
    body: str
    content: Content | None

    @classmethod
    def of(cls, direction: Direction, message: Mapping[str, Any]) -> Letter:
        """Return the letter that SQS gave as this message."""
        sent = int(message["Attributes"]["SentTimestamp"]) / 1000
        content = content_of(direction, message["Body"])
        return cls(direction, message["MessageId"], message["ReceiptHandle"], sent, message["Body"], content)

    @property
    def subject(self) -> Subject | None:
        """What it is about; None where it can't be redriven."""
        match self.content:
            case None:
                return None
            case TicketMessage():
                return Subject("tickets", self.content.request_id)
            case _:
                return Subject("decisions", self.content.request_id, self.content.decision_id)

    @property
    def asked(self) -> tuple[str, tuple[str, ...]]:
        """Who asked for which roles, where the message carries the event that says so; else empty."""
        event = self.content.event if isinstance(self.content, TicketMessage) else None
        return (event.user, event.roles) if event is not None and event.event == CREATE else ("", ())

    @property
    def malformed(self) -> tuple[str, str]:
        """The text and the problem of one that can't be redriven."""
        if is_malformed(self.body):
            try:
                record = json.loads(self.body)
                return str(record["malformed"]), str(record["problem"])
            except (ValueError, KeyError):
                pass
        return self.body, NO_MESSAGE


def content_of(direction: Direction, body: str) -> Content | None:
    """Return what a message of this direction's queue says; None where the function could make nothing of it."""
    try:
        return TicketMessage.model_validate_json(body) if direction == "tickets" else parse_message(body)
    except ValidationError:
        return None


def items_of(records: Records) -> tuple[Item, ...]:
    """Return what of a request may be marked as failed."""
    return (records.ticket, *records.decisions)


def subject_of(item: Item) -> Subject:
    """Return what an item of the ledger is about."""
    if isinstance(item, TicketItem):
        return Subject("tickets", item.request_id)
    return Subject("decisions", item.request_id, item.decision_id)


def sent_back(letter: Letter) -> Message:
    """Return what is sent to the source queue for a letter that can be redriven: the same text under an id of its own,
    for SQS would drop one that it has had within five minutes."""
    if letter.content is None:
        raise ValueError("nothing can be made of it")
    return Message(letter.body, letter.content.request_id)


def made_anew(item: Item) -> Message | None:
    """Return a message that says what a lost one said; None where the ledger doesn't know enough of a decision."""
    if isinstance(item, TicketItem):
        return look_message(item.request_id)
    content: DecisionMessage | AutomaticMessage
    if item.kind in _AUTOMATIC:
        content = _AUTOMATIC[item.kind](request_id=item.request_id)
    else:
        named = {name: getattr(item, name) for name in DecisionMessage.model_fields}
        try:
            content = DecisionMessage.model_validate(named)
        except ValidationError:
            return None
    return Message(content.model_dump_json(), content.request_id)
