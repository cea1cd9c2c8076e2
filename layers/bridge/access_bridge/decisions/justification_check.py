"""Whether a request is to be denied because no ticket justifies it: under a rule that says so, looked up anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from access_bridge.access_request import AccessRequest
from access_bridge.decisions.outcome import Reason, Verdict, refused
from access_bridge.justification.find import find_justification
from access_bridge.people import People
from access_bridge.rules.model import Rules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.users import Users


@dataclass(frozen=True, slots=True)
class JustificationCheck:
    """Looks up the tickets that a request's reason names, with this function's own account.

    Raises what the look-ups raise; a ticket that can't be read is no reason to deny.
    """

    rules: Rules
    client: ServiceNow
    users: Users
    people: People
    now: Callable[[], datetime]

    def __call__(self, request: AccessRequest) -> Verdict | str:
        """Return why the request is to be denied, or the verdict that it is not."""
        rule = self.rules.rule_for(request.roles)
        if self.rules.justification is None or rule is None or rule.unjustified != "deny":
            return refused(Reason.NO_RULE, "No rule denies this request: somebody has to decide.")
        found = find_justification(
            request.reason, request.user, self.rules.justification, self.client, self.users, self.people, self.now()
        )
        if found.good:
            return refused(
                Reason.JUSTIFIED, "A ticket justifies the request, so it is not denied: somebody has to decide."
            )
        if not found.bad:
            return refused(
                Reason.JUSTIFICATION_UNKNOWN,
                "Whether a ticket justifies the request can't be told, so it is not denied: somebody has to decide.",
            )
        return found.text
