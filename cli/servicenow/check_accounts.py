"""Checks the two integration users: their records, their roles, and what they really read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from access_bridge.errors import BridgeError
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import Credentials
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from cli.servicenow import grants
from cli.servicenow.admin import Instance
from cli.servicenow.application import APPROVER, DECISION
from cli.servicenow.findings import CONFIGURE, Finding

_Reads = tuple[tuple[str, tuple[str, ...]], ...]
# No more than docs/servicenow.md has given to them.
_TICKETS_READS: _Reads = (
    ("incident", ("number", "state", "close_code", "correlation_id", "correlation_display", "sys_updated_on")),
    (DECISION, ("outcome", "outcome_detail")),
    ("sys_user", ("user_name", "email")),
)
_DECISIONS_READS: _Reads = (
    ("incident", ("number", "correlation_id")),
    (DECISION, ("ticket", "request_id", "cluster", "decision", "decided_by", "outcome", "sys_created_by")),
    ("sys_user", ("user_name", "email", "name", "active", "locked_out", "web_service_access_only")),
    ("sys_user_group", ("name",)),
    ("sys_user_grmember", ("user", "group")),
)
_ZONES = frozenset({"GMT", "UTC"})
_FOR_VOTES: _Reads = (
    ("sysapproval_approver", ("state", "approver", "sysapproval", "sys_updated_by")),
    ("sys_user_delegate", ("user", "delegate", "starts", "ends", "approvals")),
)


@dataclass(frozen=True, slots=True)
class Account:
    """An integration user: what it is for, its name, how it signs in, what it needs, and what it must read."""

    side: str
    user_name: str
    credentials: Credentials = field(repr=False)
    needed: tuple[grants.Needed, ...]
    reads: _Reads
    reads_for_votes: _Reads = ()


def tickets_account(user_name: str, credentials: Credentials) -> Account:
    """Return the account that writes tickets."""
    return Account("tickets", user_name, credentials, grants.NEEDED_FOR_TICKETS, _TICKETS_READS)


def decisions_account(user_name: str, credentials: Credentials) -> Account:
    """Return the account that reads decisions."""
    return Account("decisions", user_name, credentials, grants.NEEDED_FOR_DECISIONS, _DECISIONS_READS, _FOR_VOTES)


def check_account(instance: Instance, url: str, account: Account, note: Callable[[str], None]) -> Iterator[Finding]:
    """Yield what is wrong with an account. `note` is told what couldn't be proved, for want of a record to read."""
    user = instance.named(
        "sys_user",
        account.user_name,
        ("active", "locked_out", "web_service_access_only", "time_zone"),
        column="user_name",
    )
    where = f"sys_user {account.user_name}"
    if user is None:
        yield Finding(f"There is no user {account.user_name}.", "sys_user", f"Make it. {CONFIGURE}")
        return
    if user["active"] != "true" or user["locked_out"] == "true":
        state = "inactive" if user["active"] != "true" else "locked out"
        yield Finding(f"The user {account.user_name} is {state}.", where, "Activate and unlock it.")
        return
    if user["web_service_access_only"] != "true":
        what = f"The user {account.user_name} may sign in to ServiceNow's pages."
        yield Finding(what, where, "Set its identity type to Machine (web service access only).")
    if user["time_zone"] not in _ZONES:
        what = f"The user {account.user_name} has the time zone {user['time_zone'] or 'of the instance'}."
        yield Finding(what, where, "Set it to GMT: a time in a query may be taken for one in the account's own zone.")
    for role in grants.missing(instance, user["sys_id"], account.needed):
        yield Finding(f"The user {account.user_name} lacks the role {role}.", where, CONFIGURE)
    approver = instance.role_ids(APPROVER).get(APPROVER)
    if approver in grants.roles_of(instance, user["sys_id"]):
        what = f"The user {account.user_name} has the role {APPROVER}."
        yield Finding(what, where, "Take it away: an integration user never decides.")
    yield from _check_reads(instance, url, account, note)


def _check_reads(instance: Instance, url: str, account: Account, note: Callable[[str], None]) -> Iterator[Finding]:
    """Read a record of each table, which the administrator sees, as the account, and compare."""
    with requests.Session() as session:
        client = ServiceNow(url, account.credentials, session=session)
        for table, fields in account.reads:
            if table == DECISION and instance.named("sys_db_object", DECISION) is None:
                continue
            canary = _canary(instance, table, fields)
            if canary is None:
                note(f"Not proved: whether the {account.side} account reads {table}, for there is no record yet.")
                continue
            yield from _compare(account, client, (table, fields), canary)
        for table, fields in account.reads_for_votes:
            canary = _canary(instance, table, fields)
            for finding in _compare(account, client, (table, fields), canary) if canary else ():
                note(f"Only if votes on approvals are to count: {finding.what} {finding.fix}")


def _canary(instance: Instance, table: str, fields: tuple[str, ...]) -> Row | None:
    """The newest record of a table; of incidents, if there is one, that which was decided on last."""
    newest = Query().order_by("sys_created_on", descending=True)
    if table == "incident" and instance.named("sys_db_object", DECISION):
        for decision in instance.query(DECISION, newest, ("ticket",)):
            ticket = instance.get(table, decision["ticket"], fields)
            if ticket is not None:
                return ticket
    return next(iter(instance.query(table, newest, fields)), None)


def _compare(account: Account, client: ServiceNow, read: tuple[str, tuple[str, ...]], canary: Row) -> Iterator[Finding]:
    """Read a record as the account; what the administrator has in it and the account hasn't, it may not read."""
    table, fields = read
    where = f"{table} {canary['sys_id']}"
    try:
        seen = client.get(table, canary["sys_id"], fields)
    except BridgeError as error:
        yield Finding(f"The {account.side} account can't read {table}.", where, str(error))
        return
    hidden = [name for name in fields if canary.get(name) and not (seen or {}).get(name)]
    if hidden:
        about = f"{', '.join(hidden)} of {table}" if seen else table
        fix = "Give one of the account's roles a read access control for it."
        yield Finding(f"The {account.side} account can't read {about}.", where, fix)
