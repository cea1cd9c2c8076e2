"""Reads and writes of one request's ticket in ServiceNow, each with what has to be looked at before it can be
believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from aws_lambda_powertools import Logger

from access_bridge.errors import BrokenConfiguration
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.errors import NotPermitted, Rejected
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row, Written
from access_bridge.servicenow.sight import surely

TABLE: Final = "incident"
DECISION_TABLE: Final = "x_acbr_bridge_decision"
_LOOK: Final = ("number", "state", "close_code", "correlation_id", "correlation_display")


def wanted_sys_id(request_id: str) -> str:
    """Return the sys_id that we ask for: the hex of the request id, which a second insert can't have again."""
    return UUID(request_id).hex


class Incidents:
    """The tickets of one instance.

    Parameters
    ----------
    client
        The ServiceNow client.
    count, log
        Where it is told that a field came back other than it was sent.
    """

    def __init__(self, client: ServiceNow, count: Callable[[str], None], log: Logger) -> None:
        self._client = client
        self._count = count
        self._log = log

    def read(self, sys_id: str, request_id: str) -> Row | None:
        """Return a ticket, None where a person has deleted it.

        Raises
        ------
        BrokenConfiguration
            The account can't be shown to see incidents, so a 404 proves nothing; or the record is another request's.
        """
        row = surely(lambda: self._client.get(TABLE, sys_id, _LOOK), self._client, TABLE, sys_id)
        if row is None:
            return None
        if row.get("correlation_id", "") not in {"", request_id}:
            raise BrokenConfiguration(
                "ServiceNow incident",
                f"{sys_id} is another request's by its correlation_id.",
                "Restore its correlation_id.",
            )
        return row

    def find(self, request_id: str) -> Row | None:
        """Return the ticket of a request, by our own id or by its correlation_id; None where there surely is none.

        Raises
        ------
        BrokenConfiguration
            The account can't be shown to see incidents.
        """
        return surely(lambda: self._find(request_id), self._client, TABLE, wanted_sys_id(request_id))

    def _find(self, request_id: str) -> Row | None:
        row = self._client.get(TABLE, wanted_sys_id(request_id), _LOOK)
        if row is not None and row.get("correlation_id") == request_id:
            return row
        oldest = Query().equals("correlation_id", request_id).order_by("sys_created_on")
        return next(iter(self._client.query(TABLE, oldest, _LOOK)), None)

    def insert(self, request_id: str, values: Mapping[str, str]) -> Row:
        """Insert the ticket and return what came back; one that is already there is returned instead of a refusal.

        Raises
        ------
        WriteOutcomeUnknown
            It may have been made.
        Rejected, NotPermitted, Unavailable
            It was not made.
        """
        try:
            written = self._client.insert(TABLE, {"sys_id": wanted_sys_id(request_id), **values}, fields=_LOOK)
        except (Rejected, NotPermitted):
            existing = self._find_after_refusal(request_id)
            if existing is None:
                raise
            return existing
        self._compare(written)
        return {**written.row, "sys_id": written.sys_id}

    def update(self, sys_id: str, values: Mapping[str, str]) -> Row | None:
        """Change the ticket and return what came back; None where the record isn't there or isn't visible."""
        written = self._client.update(TABLE, sys_id, values, fields=_LOOK)
        if written is None:
            return None
        self._compare(written)
        return written.row

    def write_outcome(self, decision_id: str, outcome: str, detail: str) -> bool:
        """Write what became of a decision into its row; False where the row isn't there."""
        values = {"outcome": outcome, "outcome_detail": detail}
        written = self._client.update(DECISION_TABLE, decision_id, values)
        if written is not None:
            self._compare(written)
        return written is not None

    def sees_decisions(self, other_than: str) -> bool:
        """Tell whether the account sees another decision row, so that one that answers 404 is surely absent."""
        return self._client.sees(DECISION_TABLE, other_than=other_than)

    def _find_after_refusal(self, request_id: str) -> Row | None:
        try:
            return self.find(request_id)
        except BrokenConfiguration:
            return None

    def _compare(self, written: Written) -> None:
        different = sorted(set(written.differences) - {"sys_id"})
        if different:
            self._count("FieldCameBackDifferent")
            self._log.warning(
                "ServiceNow stored other values than were sent", extra={"record": written.sys_id, "fields": different}
            )
