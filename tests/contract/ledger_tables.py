"""A DynamoDB table in memory, with its conditions: for tests that write to the ledger many thousand times. moto, which
the others use, takes ten times as long for each write.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from boto3.dynamodb.conditions import ConditionBase
from botocore.exceptions import ClientError

Item = dict[str, Any]

_SET: Final = re.compile(r"(#?\w+) = (?:if_not_exists\((#?\w+), )?(:\w+)")


class Tables:
    """As much of a boto3 DynamoDB resource as the ledger uses: every name is the one table, keyed by `pk` and `sk`."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Item]] = defaultdict(dict)

    def Table(self, _name: str) -> Tables:
        """Return the table."""
        return self

    def items_of(self, pk: str) -> dict[str, Item]:
        """Return what is stored under a `pk`, by `sk`."""
        return deepcopy(self._items[pk])

    def get_item(self, *, Key: Mapping[str, str], ConsistentRead: bool) -> dict[str, Any]:
        """One item, as DynamoDB answers it."""
        assert ConsistentRead
        found = self._items[Key["pk"]].get(Key["sk"])
        return {} if found is None else {"Item": deepcopy(found)}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        """Several items, as far as they are there."""
        answers = {}
        for name, wanted in RequestItems.items():
            assert wanted["ConsistentRead"]
            found = (self._items[key["pk"]].get(key["sk"]) for key in wanted["Keys"])
            answers[name] = [deepcopy(item) for item in found if item is not None]
        return {"Responses": answers}

    def query(
        self, *, KeyConditionExpression: ConditionBase, ConsistentRead: bool = False, IndexName: str = ""
    ) -> dict[str, Any]:
        """The items of one key, by `sk`; an index can't be read consistently."""
        assert ConsistentRead is not bool(IndexName)
        found = (item for item in self._looked_through(KeyConditionExpression) if _holds(KeyConditionExpression, item))
        return {"Items": [deepcopy(item) for item in found]}

    def put_item(self, *, Item: Item, ConditionExpression: ConditionBase | None = None) -> None:
        """Put an item in the place of the one that is there."""
        items = self._items[Item["pk"]]
        _check(ConditionExpression, items.get(Item["sk"], {}))
        items[Item["sk"]] = deepcopy(Item)

    def update_item(
        self,
        *,
        Key: Mapping[str, str],
        UpdateExpression: str,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ConditionExpression: ConditionBase | None = None,
    ) -> None:
        """Set and remove attributes of an item, which is made where it isn't there."""
        items = self._items[Key["pk"]]
        _check(ConditionExpression, items.get(Key["sk"], {}))
        item = items.setdefault(Key["sk"], dict(Key))
        sets, _, removes = UpdateExpression.partition("REMOVE ")
        names = ExpressionAttributeNames or {}
        for name, there, value in _SET.findall(sets):
            if not there or names.get(there, there) not in item:
                item[names.get(name, name)] = deepcopy((ExpressionAttributeValues or {})[value])
        for name in filter(None, removes.strip().split(", ")):
            item.pop(names.get(name, name), None)

    def _looked_through(self, condition: ConditionBase) -> Iterator[Item]:
        """The items of one `pk` where it is named, else all."""
        key, value = condition.get_expression()["values"]
        for pk in [value] if key.name == "pk" else sorted(self._items):
            yield from (item for _, item in sorted(self._items[pk].items()))


def refused_by_table(code: str, operation: str) -> ClientError:
    """Return the error with which DynamoDB refuses an operation."""
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def _check(condition: ConditionBase | None, item: Item) -> None:
    if condition is not None and not _holds(condition, item):
        raise refused_by_table("ConditionalCheckFailedException", "UpdateItem")


def _holds(condition: ConditionBase, item: Mapping[str, Any]) -> bool:
    expression = condition.get_expression()
    of: Sequence[Any] = expression["values"]
    match expression["operator"]:
        case "AND":
            return all(_holds(part, item) for part in of)
        case "NOT":
            return not _holds(of[0], item)
        case "attribute_not_exists":
            return of[0].name not in item
        case "=":
            return bool(item.get(of[0].name) == of[1])
        case other:
            raise NotImplementedError(other)
