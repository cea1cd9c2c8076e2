"""A table in memory for the ledger of tests that decide thousands of times; moto, which the others use, takes ten times
as long for each write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from boto3.dynamodb.conditions import ConditionBase


class Tables:
    """As much of a boto3 DynamoDB resource as decisions need: every name is a table, empty at first."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = defaultdict(_Table)

    def Table(self, name: str) -> _Table:
        """Return a table."""
        return self._tables[name]

    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Items of several keys, as far as there are any."""
        found = {
            name: [
                self._tables[name].get_item(Key=key, ConsistentRead=wanted["ConsistentRead"]) for key in wanted["Keys"]
            ]
            for name, wanted in RequestItems.items()
        }
        return {"Responses": {name: [one["Item"] for one in answers if one] for name, answers in found.items()}}


class _Table:
    """Items by `pk` and `sk`."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)

    def get_item(self, *, Key: Mapping[str, str], ConsistentRead: bool) -> dict[str, Any]:
        """One item, as DynamoDB answers it."""
        assert ConsistentRead
        found = self._items[Key["pk"]].get(Key["sk"])
        return {} if found is None else {"Item": deepcopy(found)}

    def query(self, *, KeyConditionExpression: ConditionBase, ConsistentRead: bool) -> dict[str, Any]:
        """All items of one `pk`, by `sk`."""
        assert ConsistentRead
        (_, wanted) = KeyConditionExpression.get_expression()["values"]
        return {"Items": [deepcopy(item) for _, item in sorted(self._items[wanted].items())]}

    def update_item(
        self,
        *,
        Key: Mapping[str, str],
        UpdateExpression: str,
        ExpressionAttributeNames: Mapping[str, str],
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ConditionExpression: ConditionBase | None = None,
    ) -> None:
        """Set the attributes that have a value and remove the others, as the ledger writes its expressions.

        Conditions are those of a first write alone: an item that is there already is a defect of the test.
        """
        item = self._items[Key["pk"]].setdefault(Key["sk"], dict(Key))
        assert ConditionExpression is None or item == Key
        assert UpdateExpression.startswith(("SET", "REMOVE"))
        for short, name in ExpressionAttributeNames.items():
            value = (ExpressionAttributeValues or {}).get(f":{short.removeprefix('#')}")
            if value is None:
                item.pop(name, None)
            else:
                item[name] = deepcopy(value)
