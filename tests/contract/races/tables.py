"""A DynamoDB table in memory, with its conditions: for tests that write to the ledger some hundred thousand times."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from boto3.dynamodb.conditions import ConditionBase
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.contract.races.steps import Call, Fate, Invocation

Item = dict[str, Any]

_SET: Final = re.compile(r"(#?\w+) = (?:if_not_exists\((#?\w+), )?(:\w+)")
_WRITES: Final = frozenset({"put_item", "update_item"})


class Tables:
    """As much of a boto3 DynamoDB resource as the ledger uses: every name is the one table, keyed by `pk` and `sk`."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def Table(self, _name: str) -> Tables:
        """Return the table."""
        return self

    def get_item(self, *, Key: Mapping[str, str], ConsistentRead: bool) -> dict[str, Any]:
        """One item, as DynamoDB answers it."""
        assert ConsistentRead
        found = self.items.get((Key["pk"], Key["sk"]))
        return {} if found is None else {"Item": deepcopy(found)}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        """Several items, as far as they are there."""
        answers = {}
        for name, wanted in RequestItems.items():
            assert wanted["ConsistentRead"]
            found = (self.items.get((key["pk"], key["sk"])) for key in wanted["Keys"])
            answers[name] = [deepcopy(item) for item in found if item is not None]
        return {"Responses": answers}

    def query(
        self, *, KeyConditionExpression: ConditionBase, ConsistentRead: bool = False, IndexName: str = ""
    ) -> dict[str, Any]:
        """The items of one key, by `sk`; an index can't be read consistently."""
        assert ConsistentRead is not bool(IndexName)
        found = (item for _, item in sorted(self.items.items()) if _holds(KeyConditionExpression, item))
        return {"Items": [deepcopy(item) for item in found]}

    def put_item(self, *, Item: Item, ConditionExpression: ConditionBase | None = None) -> None:
        """Put an item in the place of the one that is there."""
        key = (Item["pk"], Item["sk"])
        _check(ConditionExpression, self.items.get(key, {}))
        self.items[key] = deepcopy(Item)

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
        key = (Key["pk"], Key["sk"])
        _check(ConditionExpression, self.items.get(key, {}))
        item = self.items.setdefault(key, dict(Key))
        sets, _, removes = UpdateExpression.partition("REMOVE ")
        names = ExpressionAttributeNames or {}
        for name, there, value in _SET.findall(sets):
            if not there or names.get(there, there) not in item:
                item[names.get(name, name)] = deepcopy((ExpressionAttributeValues or {})[value])
        for name in filter(None, removes.strip().split(", ")):
            item.pop(names.get(name, name), None)


class SteppedTables:
    """The tables as one invocation reaches them: each operation is a call of its own."""

    def __init__(self, tables: Tables, invocation: Invocation) -> None:
        self._tables = tables
        self._invocation = invocation

    def Table(self, _name: str) -> SteppedTables:
        """Return the table."""
        return self

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any] | None]:
        act = getattr(self._tables, operation)

        def call(**arguments: Any) -> dict[str, Any] | None:
            conditional = "ConditionExpression" in arguments
            about = arguments.get("Key", {}).get("sk", "")
            return self._invocation.take(
                Call("ledger", f"{operation} {about}".strip(), operation in _WRITES),
                lambda fate: _answered(fate, operation, lambda: act(**arguments), conditional=conditional),
            )

        return call


def _answered(
    fate: Fate, operation: str, act: Callable[[], dict[str, Any] | None], *, conditional: bool
) -> dict[str, Any] | None:
    if fate is Fate.DONE:
        return act()
    if fate is Fate.UNHEARD:
        act()
        if conditional:  # boto3 itself sends it again, and is told that the condition doesn't hold any more
            raise _refusal("ConditionalCheckFailedException", operation)
    if fate is Fate.REFUSED:
        raise _refusal("ProvisionedThroughputExceededException", operation)
    raise ReadTimeoutError(endpoint_url="https://dynamodb.example.test")


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def _check(condition: ConditionBase | None, item: Item) -> None:
    if condition is not None and not _holds(condition, item):
        raise _refusal("ConditionalCheckFailedException", "UpdateItem")


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
