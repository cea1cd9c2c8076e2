"""Who a new ticket is for and which group gets it. A user table that can't be read costs the name, never the ticket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest
from access_bridge.errors import BrokenConfiguration, Refused
from access_bridge.rules.model import TicketRules
from access_bridge.servicenow.errors import CredentialsRefused
from access_bridge.servicenow.users import Users
from access_bridge.teleport.client import Teleport
from access_bridge.tickets.words import listed, said

NOTIFY: Final = "teleport.dev/notify-services"
"""The role annotation that names groups; Teleport puts those of the requested roles on the request (recorded)."""
_MOST_GROUPS: Final = 10


def email_addresses(teleport: Teleport, user: str) -> tuple[str, ...]:
    """Return the e-mail addresses in a Teleport user's traits; none where Teleport has no such user (any more)."""
    found = teleport.user(user) if user else None
    return tuple(found.traits.get("email", ())) if found else ()


class Callers:
    """Fields of a new ticket that need a look-up.

    Parameters
    ----------
    users
        Look-ups in ServiceNow, kept for some minutes.
    teleport
        For the requester's e-mail address.
    rules
        The configured caller, group and fixed fields.
    log
        Where it is said that a name wasn't found.
    """

    def __init__(
        self, users: Users, teleport: Teleport, rules: TicketRules, log: Logger, count: Callable[[str], None]
    ) -> None:
        self._users = users
        self._teleport = teleport
        self._rules = rules
        self._log = log
        self._count = count

    def fields(self, request: AccessRequest) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return caller, assignment group and the configured fixed fields, and what is to be remarked about them; what
        isn't found is left out."""
        group, remarks = self._assignment(request)
        found = {"caller_id": self._caller(request.user), "assignment_group": group}
        return dict(self._rules.fields) | {name: value for name, value in found.items() if value}, remarks

    def _caller(self, requester: str) -> str:
        try:
            user = self._users.find(requester) if requester else None
            if user is None and requester:
                matches = (self._users.find(address) for address in email_addresses(self._teleport, requester))
                user = next((match for match in matches if match), None)
            if user is None and self._rules.caller:
                user = self._users.find(self._rules.caller)
        except CredentialsRefused:
            raise  # not about this name
        except (BrokenConfiguration, Refused) as error:
            self._missing("CallerNotFound", str(error))
            return ""
        if user is None:
            self._missing("CallerNotFound", "the requester is no single ServiceNow user, and no caller is configured")
            return ""
        return user.sys_id

    def _assignment(self, request: AccessRequest) -> tuple[str, tuple[str, ...]]:
        """The first group that the role's annotation names and ServiceNow has, else the default and a remark."""
        named = [name for name in request.system_annotations.get(NOTIFY, ()) if name.strip()][:_MOST_GROUPS]
        group = next((group for group in map(self._group, named) if group), "")
        if group:
            return group, ()
        default = self._rules.assignment_group or ""
        group = self._group(default) if default else ""
        if not named:
            return group, ()
        instead = f"the default group {said(default)} got this ticket." if group else "this ticket has no group."
        what = "which is no group" if len(named) == 1 else "of which none is a group"
        return group, (f"Role annotation {NOTIFY} names {listed(named)}, {what} in ServiceNow; {instead}",)

    def _group(self, name: str) -> str:
        try:
            group = self._users.group(name)
        except CredentialsRefused:
            raise
        except (BrokenConfiguration, Refused) as error:
            self._missing("AssignmentGroupNotFound", str(error))
            return ""
        if group is None:
            self._missing("AssignmentGroupNotFound", f"ServiceNow has no single active group {name!r}")
        return group or ""

    def _missing(self, metric: str, problem: str) -> None:
        self._count(metric)
        self._log.warning("a new ticket lacks a name", extra={"problem": problem})
