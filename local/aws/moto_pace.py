"""moto, made fast enough for thousands of messages: what it answers stays the same. Only for a server that lets one
request through at a time."""

from __future__ import annotations

import inspect
import time
from collections import defaultdict
from datetime import datetime
from typing import Any

from moto.dynamodb.models.table import Table
from moto.sqs import models as sqs


def hurry() -> None:
    """Make this process's queues and tables faster."""
    _hurry_queues()
    _hurry_tables()


def _hurry_queues() -> None:
    """Give moto's queues a faster clock, and have them look at it once: they ask it several times for each message that
    lies in them, at each call."""

    def seconds(_moment: datetime | None = None) -> float:
        return time.time()

    def milliseconds(_moment: datetime | None = None) -> float:
        return time.time() * 1000

    def messages(queue: Any) -> list[Any]:
        now = time.time() * 1000
        return [one for one in queue._messages if one.visible_at < now and one.delayed_until <= now]

    def delayed(queue: Any) -> int:
        now = time.time() * 1000
        return sum(one.delayed_until > now for one in queue._messages)

    def not_visible(queue: Any) -> int:
        now = time.time() * 1000
        return sum(one.visible_at >= now for one in queue._messages)

    vars(sqs).update(unix_time=seconds, unix_time_millis=milliseconds)
    for name, look in {
        "messages": messages,
        "approximate_number_of_messages_delayed": delayed,
        "approximate_number_of_messages_not_visible": not_visible,
    }.items():
        setattr(sqs.Queue, name, property(look))


def _hurry_tables() -> None:
    """Let a query look at its own partition: moto sorts the whole table for each."""
    query_all = Table.query
    names = inspect.signature(query_all)

    def query(table: Any, hash_key: Any, *others: Any, **named: Any) -> Any:
        whole = table.items
        if names.bind(table, hash_key, *others, **named).arguments.get("index_name") is None:
            table.items = defaultdict(dict, {key: whole[key] for key in (hash_key,) if key in whole})
        try:
            return query_all(table, hash_key, *others, **named)
        finally:
            table.items = whole

    setattr(Table, "query", query)  # noqa: B010 - a method is not assigned to
