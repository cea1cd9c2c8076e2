"""Whether a request is to be denied because a person ended its ticket while it was pending: under a rule that says so.

Only another human's doing counts, and only where nobody has decided or approved: what the requester did himself, an
integration or the instance is no reason, nor is what can't be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.carry import Systems
from access_bridge.decisions.evidence import Evidence
from access_bridge.decisions.judge_people import judge_not_integration, judge_own_request, judge_requester
from access_bridge.decisions.judge_row import FOREIGN_TICKET
from access_bridge.decisions.outcome import Outcome, Reason, Verdict, refused
from access_bridge.decisions.words import shown
from access_bridge.ledger.items import Records
from access_bridge.ledger.table import Ledger
from access_bridge.people import People
from access_bridge.rules.model import Rules
from access_bridge.servicenow.incident_states import ENDED_STATES, ENDINGS
from access_bridge.servicenow.users import User

_SOMEBODY = "Somebody has to decide."


@dataclass(frozen=True, slots=True)
class ClosedCheck:
    """Reads the ticket and whoever ended it, with this function's own account; raises what the look-ups raise."""

    rules: Rules
    ledger: Ledger
    evidence: Evidence
    people: People

    @classmethod
    def of(cls, systems: Systems) -> ClosedCheck:
        """Return the check that works with what every decision works with."""
        return cls(systems.rules, systems.ledger, systems.evidence, systems.people)

    def __call__(self, request: AccessRequest) -> Verdict | str:
        """Return why the request is to be denied, or the verdict that it is not."""
        rule = self.rules.rule_for(request.roles)
        if rule is None or rule.closed != "deny":
            return refused(Reason.NO_RULE, "No rule denies this request: somebody has to decide.")
        records = self.ledger.records(request.id)
        ending = self.evidence.ending(records.ticket.sys_id)
        if ending is None or ending.state not in ENDED_STATES:
            return refused(Reason.NOT_CLOSED, f"The ticket is not ended any more. {_SOMEBODY}")
        if ending.correlation_id != request.id:
            return FOREIGN_TICKET
        person = self._person(request, ending.by)
        if isinstance(person, Verdict):
            return person
        return self._undecided(request, records) or (
            f"its ticket was {ENDINGS[ending.state]} in ServiceNow by {shown(person)}"
        )

    def _person(self, request: AccessRequest, sys_id: str) -> User | Verdict:
        """The human who ended it, surely another one than the requester."""
        user = self.evidence.user(sys_id)
        if user is None or not user.user_name or None in (user.web_service_access_only, user.active):
            return refused(Reason.CLOSER_UNKNOWN, f"ServiceNow doesn't show which person ended the ticket. {_SOMEBODY}")
        integration = judge_not_integration(user, self.rules.decisions.integration_users)
        if integration or user.web_service_access_only or user.internal_integration_user:
            return refused(
                Reason.CLOSER_NOT_HUMAN,
                f"The ticket was ended by {shown(user)}, an account for integrations. {_SOMEBODY}",
            )
        names = self.people.names_of(request.user)
        if judge_own_request(user, names, self.people.alike(request.user), self.people.known_as(user)):
            return refused(
                Reason.CLOSED_BY_REQUESTER,
                "The requester ended the ticket himself, which decides nothing. The request expires by itself, or "
                "somebody decides in Teleport.",
            )
        if judge_requester(user, names, self.people.mapped(request.user)):
            return refused(
                Reason.REQUESTER_UNKNOWN,
                f"The requester is not exactly one ServiceNow user, so he may have ended the ticket. {_SOMEBODY}",
            )
        return user

    def _undecided(self, request: AccessRequest, records: Records) -> Verdict | None:
        """What a human said, or is about to have said, comes before what the ticket's end may mean."""
        if any(review.proposed_state is RequestState.APPROVED for review in request.reviews):
            return refused(
                Reason.APPROVAL_GIVEN, f"Somebody has approved the request, and it needs more approvals. {_SOMEBODY}"
            )
        decided = {item.decision_id for item in records.decisions if item.outcome not in {"", Outcome.FAILED}}
        if set(self.evidence.undecided(records.ticket.sys_id)) - decided:
            return refused(
                Reason.DECISION_WAITING, f"Somebody has decided on the ticket, and that counts first. {_SOMEBODY}"
            )
        return None
