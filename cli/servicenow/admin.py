"""The instance as an administrator sees it over REST."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import requests

from access_bridge.errors import BridgeError, BrokenConfiguration, Retry
from access_bridge.servicenow.answers import Call, result_of
from access_bridge.servicenow.client import MOST_ROWS, ServiceNow
from access_bridge.servicenow.credentials import Credentials
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from cli.problem import Problem
from cli.servicenow.application import CLUSTER, SCOPE

CREDENTIALS: Final = "discovery_credentials"
_OPTIONS: Final = {"SERVICENOW_URL": "--instance", "SERVICENOW_SECRET_ARN": "The credentials"}


class Instance(ServiceNow):
    """The shipped client, and what only an administrator does."""

    def every(self, table: str, query: Query, fields: Sequence[str]) -> list[Row]:
        """Return all records that fulfil `query`, 1000 at most; raises as `query` does."""
        return self.query(table, query, fields, limit=MOST_ROWS)

    def named(self, table: str, name: str, fields: Sequence[str] = (), *, column: str = "name") -> Row | None:
        """Return the record of exactly this name, or None; raises as `query` does."""
        rows = self.every(table, Query().equals(column, name), (column, *fields))
        return next((row for row in rows if row[column] == name), None)

    def delete(self, table: str, sys_id: str) -> None:
        """Delete a record; one that isn't there is no error.

        Raises
        ------
        WriteOutcomeUnknown
            It may have been deleted.
        Unavailable, NotPermitted, Rejected, BrokenConfiguration
            It was not.
        """
        call = Call("DELETE", table, writes=True)
        answer = self._send(call, f"/{sys_id}", {})
        if answer.status != 204:  # what the Table API answers a deletion with
            result_of(answer, call)

    def application(self) -> Row | None:
        """Return the application's record (`version`, `active`), or None where it isn't installed."""
        return self.named("sys_scope", SCOPE, ("version", "active"), column="scope")

    def name(self) -> str:
        """Return the instance's own name: the system property `instance_name`."""
        row = self.named("sys_properties", "instance_name", ("value",))
        return row["value"] if row else ""

    def cluster(self, name: str) -> Row | None:
        """Return the row of a Teleport cluster, or None."""
        return self.named(CLUSTER, name, ("callback_url", "key_alias", "instance_name"))

    def credentials_of(self, alias: str) -> list[Row]:
        """Return the credentials behind an alias. `tag` is the column *Credential alias*, a list of sys_ids."""
        rows = self.every(CREDENTIALS, Query(), ("name", "user_name", "active", "tag"))
        return [row for row in rows if alias in row.get("tag", "").split(",")]

    def role_ids(self, *names: str) -> dict[str, str]:
        """Return the sys_ids of those of these roles that are there, by name."""
        rows = self.every("sys_user_role", Query().is_in("name", names), ("name",))
        return {row["name"]: row["sys_id"] for row in rows}


@contextmanager
def connected(url: str, credentials: Credentials) -> Iterator[Instance]:
    """Give a client for the time of a command; what goes wrong meanwhile is a Problem in plain words."""
    with plain_errors(), requests.Session() as session:
        yield Instance(url, credentials, session=session)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the client's errors into a Problem that names the command's options instead of a function's settings."""
    try:
        yield
    except BrokenConfiguration as error:
        raise Problem(f"{_OPTIONS.get(error.setting, error.setting)}: {error.problem} {error.fix}") from error
    except Retry as error:
        raise Problem(f"{error} Run the command again: it looks at what is there before it writes.") from error
    except BridgeError as error:
        raise Problem(str(error)) from error
