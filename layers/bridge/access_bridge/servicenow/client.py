"""ServiceNow's REST API as this project needs it: read, find, insert and update records, prove what is visible, and ask
who is on call."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import requests

from .answers import Answer, Call, result_of, unusable
from .authentication import Authentication
from .credentials import Credentials
from .errors import AddressTooLong, NotPermitted
from .on_call import OnCallEntry, entries_of
from .query import Query
from .records import Listed, Row, Written, differences, row_of
from .transport import Transport

MOST_ROWS: Final = 1000
"""Rows that one list call asks for at most, far below the instance's own 10000."""

_TABLE: Final = re.compile(r"[a-z][a-z0-9_]*")
_SYS_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,40}")
_LOOKUPS: Final = frozenset({"sys_user", "sys_user_group", "sys_user_grmember"})
_PROOF_ROWS: Final = 20


class ServiceNow:
    """A client of one instance for one account. Not for several threads at once.

    Failure policy: nothing is repeated here but a call that was answered 401, once, with a new token or changed
    credentials (an answer of 401 wrote nothing). Whoever calls retries, and after `WriteOutcomeUnknown` looks before.

    Parameters
    ----------
    url
        The instance's base address; https, or http to loopback.
    credentials
        Basic, OAuth client credentials or API key; how each is sent follows from its type.
    session
        Keeps the connections. Its adapters must not retry, as those of a new session don't.
    refresh
        Returns the credentials as they are stored now, for the attempt after a refusal; None where they can't change.
    clock
        Seconds that only ever grow, to age an OAuth token.
    timeout
        Seconds to wait for an answer. The instance itself ends a call after 60 s, and may commit that late.
    extra_ca_file
        PEM certificates of authorities to trust besides the public ones.

    Raises
    ------
    BrokenConfiguration
        The address can't be used, or the certificates can't be read.

    Example
    -------
    >>> client = ServiceNow("https://example.service-now.com", credentials, session=requests.Session())
    >>> client.query("incident", Query().equals("correlation_id", request_id), ["number", "state"])
    """

    def __init__(  # noqa: PLR0913 - all that it works with is handed in
        self,
        url: str,
        credentials: Credentials,
        *,
        session: requests.Session,
        refresh: Callable[[], Credentials] | None = None,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = 30.0,
        extra_ca_file: str | None = None,
    ) -> None:
        self.calls: Counter[str] = Counter()
        """Calls sent so far: `reads`, `writes`, `lookups` (of users and groups, which aren't in `reads`), `tokens`."""
        self._transport = Transport(url, session=session, timeout=timeout, extra_ca_file=extra_ca_file)
        self._authentication = Authentication(
            credentials, transport=self._transport, refresh=refresh, clock=clock, calls=self.calls
        )

    def get(self, table: str, sys_id: str, fields: Sequence[str]) -> Row | None:
        """Return a record's `fields` and its `sys_id`; None if it isn't there, or not for this account (`sees` tells).

        Values are stored values: references as sys_id, times in UTC. An unknown field is missing from the row,
        one that the account may not read is empty. An id that no record can have is answered None without a call.

        Raises
        ------
        Unavailable, NotPermitted, Rejected, BrokenConfiguration
            See `access_bridge.servicenow.answers.result_of` and `Transport.send`.
        """
        if not _SYS_ID.fullmatch(sys_id):
            return None
        call = Call("GET", _checked(table))
        answer = self._send(call, f"/{sys_id}", _shape(fields))
        result = result_of(answer, call)
        return None if result is None else _row_with(sys_id, result, call)

    def query(self, table: str, query: Query, fields: Sequence[str], *, limit: int = 1, offset: int = 0) -> list[Row]:
        """Return up to `limit` records that fulfil `query`: `fields`, `sys_id` and the fields that the query names.

        The instance applies `limit` before it hides what the account may not see, so a page may be short or empty
        though more follow. An IN list too long for one call is asked for in parts, where neither order nor offset is
        wanted.

        Raises
        ------
        NotPermitted
            As for `get`; and where a row shows that the instance left out a condition, as it silently does when a field
            doesn't exist or can't be queried: such an answer would make *not found* out of *not looked for*.
        AddressTooLong
            The query doesn't fit an address, in parts neither.
        Unavailable, Rejected, BrokenConfiguration
            As for `get`.
        """
        if query.matches_nothing:
            return []
        try:
            rows = list(self.listed(table, query, fields, limit=limit, offset=offset).rows)
        except AddressTooLong:
            halves = query.halves()
            if halves is None or query.order or offset:
                raise
            first, second = (self.query(table, half, fields, limit=limit) for half in halves)
            rows = [*first, *second][:limit]
        return rows

    def listed(self, table: str, query: Query, fields: Sequence[str], *, limit: int, offset: int = 0) -> Listed:
        """Return one list as the instance answered it, with what it says of its length; raises as `query` does."""
        if not 1 <= limit <= MOST_ROWS:
            raise ValueError(f"limit has to be 1 to {MOST_ROWS}")
        call = Call("GET", _checked(table))
        parameters = _shape((*fields, *query.fields)) | {"sysparm_query": str(query), "sysparm_limit": str(limit)}
        if offset:
            parameters["sysparm_offset"] = str(offset)
        answer = self._send(call, "", parameters)
        result = result_of(answer, call)
        if not isinstance(result, list):
            raise unusable(call, "ServiceNow answered without a list")
        rows: list[Row] = []
        for item in result:
            row = row_of(item)
            if row is None or not row.get("sys_id"):
                raise unusable(call, "ServiceNow answered with a row that is no record")
            ignored = query.ignored_term(row)
            if ignored is not None:
                names = ", ".join(ignored.fields)
                raise NotPermitted(
                    f"ServiceNow rights on {call.about}",
                    f"{call}: ServiceNow left out the condition on {names}.",
                    "Check that this field exists in the table and that the account may read and query it.",
                )
            rows.append(row)
        return Listed(
            tuple(row for row in rows if query.holds(row)), tuple(row["sys_id"] for row in rows), answer.total
        )

    def insert(self, table: str, values: Mapping[str, str], *, fields: Sequence[str] = ()) -> Written:
        """Insert one record and return what the instance made of it, with `fields` besides those of `values`.

        A `sys_id` in `values` is a wish: an instance may give another, which then counts as a difference. A reference
        has to be given as sys_id, since an unknown one is stored as it comes.

        Raises
        ------
        WriteOutcomeUnknown
            The record may have been made. Look for it, by id and by correlation id, no sooner than the instance may
            still be working.
        Unavailable, NotPermitted, Rejected, BrokenConfiguration
            Nothing was written.
        """
        call = Call("POST", _checked(table), writes=True)
        result = result_of(self._send(call, "", _shape((*values, *fields)), json=values), call)
        if result is None:
            raise NotPermitted(
                f"ServiceNow rights on {table}",
                f"{call}: the instance takes no new record from this account (404).",
                "Give its roles the right to create records in this table.",
            )
        row = row_of(result)
        if row is None or not row.get("sys_id"):
            raise unusable(call, "ServiceNow answered without the record that it made")
        return Written(sys_id=row["sys_id"], row=row, differences=differences(values, row))

    def update(
        self, table: str, sys_id: str, values: Mapping[str, str], *, fields: Sequence[str] = ()
    ) -> Written | None:
        """Change a record's `values` and return what the instance made of it, with `fields` besides those of `values`.

        None if the record isn't there or this account doesn't see it (`sees` tells). Each text for a journal field
        (`work_notes`, `comments`) appends an entry, so an unknown outcome must not be repeated unseen.

        Raises
        ------
        WriteOutcomeUnknown
            The change may have been made.
        Unavailable, NotPermitted, Rejected, BrokenConfiguration
            Nothing was written.
        """
        if not _SYS_ID.fullmatch(sys_id):
            return None
        call = Call("PATCH", _checked(table), writes=True)
        result = result_of(self._send(call, f"/{sys_id}", _shape((*values, *fields)), json=values), call)
        if result is None:
            return None
        row = _row_with(sys_id, result, call)
        return Written(sys_id=sys_id, row=row, differences=differences(values, row))

    def sees(self, table: str, *, other_than: str) -> bool:
        """Whether this account reads some record of `table` besides `other_than`, so that a 404 means *not there*.

        False proves nothing: the table may be empty, or the newest 20 records hidden.

        Raises
        ------
        Unavailable, NotPermitted, Rejected, BrokenConfiguration
            As for `get`.
        """
        return any(sys_id != other_than.lower() for sys_id in self.newest(table))

    def newest(self, table: str) -> tuple[str, ...]:
        """Return the sys_ids, in lower case, of those of a table's newest 20 records that this account sees; raises
        what `query` raises."""
        newest = Query().order_by("sys_created_on", descending=True)
        return tuple(row["sys_id"].lower() for row in self.query(table, newest, ["sys_id"], limit=_PROOF_ROWS))

    def who_is_on_call(self, rota: str, at: datetime) -> tuple[OnCallEntry, ...] | None:
        """Return who is on call for one rota, given by its sys_id, at a time: entries of all escalation levels.

        None if there is no such rota, or no On-Call Scheduling on this instance: both answer 404. A rota without
        anybody is empty. The time is sent in UTC, as the server's own API takes it.

        Raises
        ------
        Unavailable, NotPermitted, Rejected, BrokenConfiguration
            As for `get`. None of them says that nobody is on call.
        ValueError
            `at` has no time zone, so nobody knows which time it is.
        """
        if at.tzinfo is None:
            raise ValueError("a time on call needs a time zone")
        if not _SYS_ID.fullmatch(rota):
            return None
        call = Call("GET", "on_call_rota/whoisoncall")
        parameters = {"rota_ids": rota, "date_time": at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")}
        result = result_of(self._send_to("/api/now/on_call_rota/whoisoncall", call, parameters), call)
        return None if result is None else entries_of(result, rota)

    def drop_connections(self) -> None:
        """Close idle connections; the next call opens a new one.

        To be called where a function's invocation begins: in an environment that was frozen, an idle connection may be
        dead, and a write on it would end as an unknown outcome.
        """
        self._transport.drop_connections()

    def _send(
        self, call: Call, rest: str, parameters: Mapping[str, str], *, json: Mapping[str, str] | None = None
    ) -> Answer:
        return self._send_to(f"/api/now/v2/table/{call.about}{rest}", call, parameters, json=json)

    def _send_to(
        self, path: str, call: Call, parameters: Mapping[str, str], *, json: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self._once(path, call, parameters, json)
        if answer.status == 401 and self._authentication.renew():
            answer = self._once(path, call, parameters, json)
        return answer

    def _once(self, path: str, call: Call, parameters: Mapping[str, str], json: Mapping[str, str] | None) -> Answer:
        address = self._transport.address(path, parameters)
        headers = self._authentication.headers()
        self.calls["writes" if call.writes else "lookups" if call.about in _LOOKUPS else "reads"] += 1
        return self._transport.send(call, address, headers=headers, json=json)


def _shape(fields: Iterable[str]) -> dict[str, str]:
    """Return the parameters for a plain answer: these fields and sys_id, stored values, references as sys_id."""
    return {
        "sysparm_fields": ",".join(dict.fromkeys(("sys_id", *fields))),
        "sysparm_display_value": "false",
        "sysparm_exclude_reference_link": "true",
    }


def _checked(table: str) -> str:
    if not _TABLE.fullmatch(table):
        raise ValueError(f"{table!r} is no table's name")
    return table


def _row_with(sys_id: str, result: object, call: Call) -> Row:
    row = row_of(result)
    if row is None or row.get("sys_id", "").lower() != sys_id.lower():
        raise unusable(call, "ServiceNow answered with another record than the one asked for")
    return row
