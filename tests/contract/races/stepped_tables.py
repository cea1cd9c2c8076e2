"""The ledger's table as each invocation of an interleaving reaches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ReadTimeoutError

from tests.contract.ledger_tables import Tables, refused_by_table
from tests.contract.races.steps import Call, Fate, Invocation

_WRITES: Final = frozenset({"put_item", "update_item"})


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
            raise refused_by_table("ConditionalCheckFailedException", operation)
    if fate is Fate.REFUSED:
        raise refused_by_table("ProvisionedThroughputExceededException", operation)
    raise ReadTimeoutError(endpoint_url="https://dynamodb.example.test")
