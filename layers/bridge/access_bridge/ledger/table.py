"""The ledger: one DynamoDB table, keyed by request id. It is what makes every retry, crash and duplicate harmless.

A write that another invocation overtook raises `Retry`: the message is looked at again with the ledger as it stands.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import BotoCoreError, ClientError

from access_bridge.errors import BrokenConfiguration, Retry
from access_bridge.events.audit_event import AuditEvent
from access_bridge.ledger import codec
from access_bridge.ledger.items import DecisionItem, Failure, FailureKind, Records, Sweep, TicketItem

TICKET: Final = "TICKET"
OPEN_INDEX: Final = "open"
FAILED_INDEX: Final = "failed"
NO_WORD: Final = "the function left no word: it was killed, ran out of time or memory, or could not write here"
"""The reason of an attempt that nobody gave one for."""
_EVENT: Final = "EVENT#"
_DECISION: Final = "DECISION#"
_SWEEP: Final = "SWEEP#"
_LEDGER: Final = {"pk": "LEDGER", "sk": "START"}
_BATCH: Final = 100


class Overtaken(Retry):
    """The ledger's entry isn't as it was when it was read."""


class Ledger:
    """The ledger table.

    Parameters
    ----------
    resource
        A boto3 DynamoDB service resource.
    name
        The table's name (the setting LEDGER_TABLE).
    """

    def __init__(self, resource: Any, name: str) -> None:
        self._resource = resource
        self._name = name
        self._table = resource.Table(name)

    def started(self, now: datetime) -> datetime:
        """Return when this ledger was first used; the first call sets it."""
        with _translated():
            try:
                self._table.put_item(
                    Item={**_LEDGER, "started": now.isoformat()}, ConditionExpression=Attr("pk").not_exists()
                )
            except ClientError as error:
                if not _condition_failed(error):
                    raise
            item = self._table.get_item(Key=_LEDGER, ConsistentRead=True)["Item"]
        return datetime.fromisoformat(str(item["started"])).astimezone(UTC)

    def ids_are_ignored(self) -> bool:
        """Tell whether the instance was seen to choose a ticket's sys_id itself."""
        with _translated():
            item = self._table.get_item(Key=_LEDGER, ConsistentRead=True).get("Item", {})
        return bool(item.get("ids_ignored"))

    def learn_ids_are_ignored(self) -> None:
        """Keep that the instance chooses sys_ids itself: from now on each insert is looked for first."""
        with _translated():
            self._table.update_item(
                Key=_LEDGER, UpdateExpression="SET ids_ignored = :yes", ExpressionAttributeValues={":yes": True}
            )

    def note_event(self, now: datetime) -> None:
        """Record that audit events come, so that it is noticed when they stop."""
        with _translated():
            self._table.update_item(
                Key=_LEDGER,
                UpdateExpression="SET first_event = if_not_exists(first_event, :now), last_event = :now",
                ExpressionAttributeValues={":now": now.isoformat()},
            )

    def events_came(self) -> tuple[datetime, datetime] | None:
        """Return when the first and the last audit event were noted; None where none ever was."""
        with _translated():
            item = self._table.get_item(Key=_LEDGER, ConsistentRead=True).get("Item", {})
        if "first_event" not in item:
            return None
        return datetime.fromisoformat(str(item["first_event"])), datetime.fromisoformat(str(item["last_event"]))

    def sweep(self, name: str) -> Sweep:
        """Return how far the pass of this name has come."""
        with _translated():
            key = {"pk": _LEDGER["pk"], "sk": _SWEEP + name}
            item = self._table.get_item(Key=key, ConsistentRead=True).get("Item", {})
        times = (datetime.fromisoformat(str(item[of])) if of in item else None for of in ("begun", "since"))
        return Sweep(str(item.get("after", "")), *times)

    def save_sweep(self, name: str, sweep: Sweep) -> None:
        """Store how far the pass of this name has come."""
        times = {"begun": sweep.begun, "since": sweep.since}
        values = {of: time.isoformat() if time else None for of, time in times.items()}
        self._update(_LEDGER["pk"], _SWEEP + name, {"after": sweep.after or None, **values})

    def records(self, request_id: str) -> Records:
        """Return all that the ledger has about a request."""
        ticket = TicketItem(request_id)
        events: list[Mapping[str, Any]] = []
        decisions: list[DecisionItem] = []
        for item in self._items(request_id):
            key = str(item["sk"])
            if key == TICKET:
                ticket = codec.ticket_item(request_id, item)
            elif key.startswith(_EVENT):
                events.append(_plain(item["event"]))
            elif key.startswith(_DECISION):
                decisions.append(codec.decision_item(request_id, key.removeprefix(_DECISION), item))
        return Records(ticket, tuple(events), tuple(decisions))

    def put_event(self, event: AuditEvent) -> None:
        """Store an event; storing it again changes nothing."""
        with _translated():
            self._table.put_item(Item={"pk": event.id, "sk": _EVENT + event.uid, "event": event.fields()})

    def save_ticket(self, item: TicketItem) -> TicketItem:
        """Store a ticket item and return it as stored; raises Retry where another invocation wrote meanwhile."""
        saved = replace(item, version=item.version + 1)
        self._update(item.request_id, TICKET, codec.ticket_attributes(saved), condition=_version_is(item.version))
        return saved

    def decision(self, request_id: str, decision_id: str) -> DecisionItem:
        """Return a decision's item, an empty one where there is none yet."""
        with _translated():
            found = self._table.get_item(Key={"pk": request_id, "sk": _DECISION + decision_id}, ConsistentRead=True)
        return codec.decision_item(request_id, decision_id, found.get("Item", {}))

    def decisions_of(self, ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], DecisionItem]:
        """Return the items of these decisions, each by (request id, decision id), as far as there are any."""
        keys = [{"pk": request_id, "sk": _DECISION + decision_id} for request_id, decision_id in dict.fromkeys(ids)]
        found = {}
        for item in self._batches(keys):
            of = (str(item["pk"]), str(item["sk"]).removeprefix(_DECISION))
            found[of] = codec.decision_item(*of, item)
        return found

    def note_decision_asked(self, request_id: str, decision_id: str, at: float) -> None:
        """Record that the pass has asked for this decision, in seconds since the epoch."""
        self._update(request_id, _DECISION + decision_id, {"asked_at": Decimal(str(at))})

    def save_decision(self, item: DecisionItem) -> DecisionItem:
        """Store a decision's item and return it as stored; raises Retry where another invocation wrote meanwhile."""
        saved = replace(item, version=item.version + 1)
        values, condition = codec.decision_attributes(saved), _version_is(item.version)
        try:
            self._update(item.request_id, _DECISION + item.decision_id, values, condition=condition)
        except Overtaken:
            # boto3 itself sends a write again whose answer was lost: then what is there is our own.
            if codec.decision_attributes(self.decision(item.request_id, item.decision_id)) != values:
                raise
        return saved

    def note_ticket_begun(self, request_id: str, attempts: int, at: float, *, last: bool) -> None:
        """Record that another attempt to sync begins, in seconds since the epoch: that the one before it left no word,
        where it did not, and that the last one failed, for one that is killed writes nothing any more. A success takes
        all of that away."""
        self._note_begun(request_id, TICKET, attempts, at, last=last)

    def note_decision_begun(self, request_id: str, decision_id: str, attempts: int, at: float, *, last: bool) -> None:
        """Record that another attempt to decide begins, as `note_ticket_begun` does."""
        self._note_begun(request_id, _DECISION + decision_id, attempts, at, last=last)

    def note_ticket_failure(self, request_id: str, failure: Failure, at: float) -> None:
        """Record a failed attempt to sync, in seconds since the epoch."""
        self._note_failure(request_id, TICKET, failure, at)

    def note_decision_failure(self, request_id: str, decision_id: str, failure: Failure, at: float) -> None:
        """Record a failed attempt to decide, as `note_ticket_failure` does."""
        self._note_failure(request_id, _DECISION + decision_id, failure, at)

    def clear_ticket_failure(self, request_id: str) -> None:
        """Take the marks of failed attempts away."""
        self._update(request_id, TICKET, codec.no_failure_attributes())

    def clear_decision_failure(self, request_id: str, decision_id: str) -> None:
        """Take the marks of failed attempts away."""
        self._update(request_id, _DECISION + decision_id, codec.no_failure_attributes())

    def note_asked(self, request_id: str, revision: str, at: float) -> None:
        """Record that the pass has asked for a look at this revision, in seconds since the epoch."""
        self._update(request_id, TICKET, {"asked_revision": revision, "asked_at": Decimal(str(at))})

    def note_drift_asked(self, request_id: str, found: str, at: float) -> None:
        """Record that the pass over tickets has asked for a look at what it found there, as `note_asked` does."""
        self._update(request_id, TICKET, {"asked_drift": found, "asked_drift_at": Decimal(str(at))})

    def note_unannounced(self, request_id: str) -> None:
        """Record that no audit event announced a request, and that this was counted."""
        self._update(request_id, TICKET, {"unannounced": True})

    def tickets(self, request_ids: Sequence[str]) -> dict[str, TicketItem]:
        """Return the ticket items of these requests, as far as there are any."""
        keys = [{"pk": request_id, "sk": TICKET} for request_id in dict.fromkeys(request_ids)]
        return {str(item["pk"]): codec.ticket_item(str(item["pk"]), item) for item in self._batches(keys)}

    def open_tickets(self) -> tuple[TicketItem, ...]:
        """Return the tickets that wait for their end."""
        query: dict[str, Any] = {"IndexName": OPEN_INDEX, "KeyConditionExpression": Key("open").eq("1")}
        return tuple(codec.ticket_item(item["pk"], item) for item in self._pages(self._table.query, query))

    def decisions(self) -> Iterator[DecisionItem]:
        """Yield every decision on every request, in no order. It reads the whole table: for people's tools only.

        Raises
        ------
        Retry, BrokenConfiguration
            The table can't be read; what came before isn't everything.
        """
        scan = {"FilterExpression": Attr("sk").begins_with(_DECISION), "ConsistentRead": True}
        for item in self._pages(self._table.scan, scan):
            yield codec.decision_item(str(item["pk"]), str(item["sk"]).removeprefix(_DECISION), item)

    def failed(self) -> Iterator[TicketItem | DecisionItem]:
        """Yield what is marked as failed: its last message became a dead letter, and no attempt since has ended. A mark
        shows here, and goes, a moment after it was made or taken away.

        Raises
        ------
        Retry, BrokenConfiguration
            The table can't be read; what came before isn't everything.
        """
        query: dict[str, Any] = {"IndexName": FAILED_INDEX, "KeyConditionExpression": Key("failed").eq("1")}
        for item in self._pages(self._table.query, query):
            request_id, key = str(item["pk"]), str(item["sk"])
            if key == TICKET:
                yield codec.ticket_item(request_id, item)
            else:
                yield codec.decision_item(request_id, key.removeprefix(_DECISION), item)

    def _batches(self, keys: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(keys), _BATCH):
            pending: dict[str, Any] = {self._name: {"Keys": keys[start : start + _BATCH], "ConsistentRead": True}}
            while pending:
                with _translated():
                    answer = self._resource.batch_get_item(RequestItems=pending)
                yield from answer["Responses"].get(self._name, [])
                pending = answer.get("UnprocessedKeys") or {}

    def _items(self, request_id: str) -> Iterator[dict[str, Any]]:
        query = {"KeyConditionExpression": Key("pk").eq(request_id), "ConsistentRead": True}
        return self._pages(self._table.query, query)

    def _pages(self, read: Callable[..., dict[str, Any]], arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            with _translated():
                page = read(**arguments)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            arguments = {**arguments, "ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _note_begun(self, request_id: str, key: str, attempts: int, at: float, *, last: bool) -> None:
        if attempts > 1:
            before = Failure(attempts - 1, NO_WORD, FailureKind.SILENT)
            noted = Attr("attempts").eq(attempts - 1)
            with contextlib.suppress(Overtaken):
                self._note_failure(request_id, key, before, at, condition=~noted)
        if last:
            silent = codec.failure_attributes(Failure(attempts, NO_WORD, FailureKind.SILENT, last=True))
            marks = {name: silent.pop(name) for name in ("attempts", "failed")}
            self._update(request_id, key, marks, first={**silent, "failing_since": Decimal(str(at))})

    def _note_failure(self, request_id: str, key: str, failure: Failure, at: float, condition: Any = None) -> None:
        first = {"failing_since": Decimal(str(at))}
        self._update(request_id, key, codec.failure_attributes(failure), first=first, condition=condition)

    def _update(
        self,
        request_id: str,
        key: str,
        values: Mapping[str, Any],
        *,
        first: Mapping[str, Any] | None = None,
        condition: Any = None,
    ) -> None:
        """Set the values, and take away those that are None; `first` are set only where there is none yet."""
        sets = {name: value for name, value in values.items() if value is not None}
        removes = [name for name, value in values.items() if value is None]
        first = first or {}
        names = {f"#{name}": name for name in (*values, *first)}
        parts = []
        if sets or first:
            assigned = [f"#{name} = :{name}" for name in sets]
            assigned += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
            parts.append("SET " + ", ".join(assigned))
        if removes:
            parts.append("REMOVE " + ", ".join(f"#{name}" for name in removes))
        arguments: dict[str, Any] = {
            "Key": {"pk": request_id, "sk": key},
            "UpdateExpression": " ".join(parts),
            "ExpressionAttributeNames": names,
        }
        if sets or first:
            arguments["ExpressionAttributeValues"] = {f":{name}": value for name, value in {**sets, **first}.items()}
        if condition is not None:
            arguments["ConditionExpression"] = condition
        with _translated():
            self._table.update_item(**arguments)


def _version_is(version: int) -> Any:
    return Attr("version").not_exists() if version == 0 else Attr("version").eq(version)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, Decimal) else value


def _condition_failed(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"


class _translated:
    """Turns botocore's errors into ours, in this one place."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            if code == "ConditionalCheckFailedException":
                raise Overtaken("another invocation wrote this request's ledger entry meanwhile", after=1) from error
            if code in {"ResourceNotFoundException", "AccessDeniedException"}:
                raise BrokenConfiguration(
                    "LEDGER_TABLE",
                    f"names a table that can't be used ({code}).",
                    "Allow the function's role to use it.",
                ) from error
            raise Retry(f"the ledger can't be reached: {code}") from error
        if isinstance(error, BotoCoreError):
            raise Retry(f"the ledger can't be reached: {type(error).__name__}") from error
