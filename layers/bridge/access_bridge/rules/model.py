"""The rules file: everything that a company may want its own way, with defaults that work."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from access_bridge.rules.decisions import DecisionRules
from access_bridge.rules.justification import Justification
from access_bridge.rules.parts import Part, Text, Time, role_matches

OWN_FIELDS: Final = frozenset(
    {
        "assignment_group",
        "caller_id",
        "close_code",
        "close_notes",
        "comments",
        "correlation_display",
        "correlation_id",
        "description",
        "parent",
        "short_description",
        "state",
        "sys_id",
        "work_notes",
    }
)
"""Fields of the ticket that the bridge itself writes, so a rule may not."""


def _not_ours(name: str) -> str:
    if name in OWN_FIELDS:
        raise ValueError("is written by the bridge itself: take it out")
    return name


FieldName = Annotated[str, AfterValidator(_not_ours)]


class Outcome(Part):
    """What the ticket gets when its request has ended so."""

    state: Text = Field(
        default="6", description="Value of the incident's state; 6 is Resolved on an unchanged instance."
    )
    close_code: Text = Field(description="A value of incident.close_code that this instance has.")


class Outcomes(Part):
    """State and close code for each way in which a request ends."""

    approved: Outcome = Outcome(close_code="Resolved by request")
    denied: Outcome = Outcome(close_code="No resolution provided")
    promoted: Outcome = Outcome(close_code="Resolved by request")
    expired: Outcome = Outcome(close_code="No resolution provided")
    deleted: Outcome = Outcome(close_code="No resolution provided")


class TicketRules(Part):
    """What a ticket says beside what its request says."""

    caller: Text | None = Field(
        default=None, description="user_name of the caller when the requester is no ServiceNow user."
    )
    assignment_group: Text | None = Field(default=None, description="Name or sys_id of the group that is to decide.")
    fields: dict[FieldName, Text] = Field(
        default_factory=dict, description="Further fixed fields of a new ticket, by their column names."
    )
    outcomes: Outcomes = Outcomes()


class When(Part):
    """What a request must be like for a rule to match."""

    roles: tuple[Text, ...] = Field(
        min_length=1,
        description="Patterns (* and ?). Each requested role must match one of them: a mixed request doesn't match.",
    )

    def matches(self, roles: tuple[str, ...]) -> bool:
        """Tell whether every one of the requested roles matches a pattern; a request whose roles aren't known
        doesn't."""
        return bool(roles) and all(role_matches(role, self.roles) for role in roles)


class Rule(Part):
    """One rule; the first that matches decides."""

    when: When
    then: Literal["ignore", "ticket"]
    on_call: Literal["approve"] | None = Field(
        default=None,
        description="approve: a requester who is on call for a rota that the role's annotation "
        "teleport.dev/schedules names is approved by the bot.",
    )
    unjustified: Literal["deny"] | None = Field(
        default=None,
        description="deny: a request whose reason names no ticket that justifies it is denied by the bot.",
    )
    closed: Literal["deny"] | None = Field(
        default=None,
        description="deny: a pending request whose ticket a person resolves, closes or cancels is denied by the bot.",
    )

    @model_validator(mode="after")
    def _automatic_only_for_tickets_of_named_roles(self) -> Self:
        if self.then == "ignore" and (self.on_call or self.unjustified or self.closed):
            raise ValueError("on_call, unjustified and closed need then: ticket, for the ticket tells what was decided")
        if self.on_call and any(pattern.startswith(("*", "?")) for pattern in self.when.roles):
            raise ValueError("on_call needs the names of roles: a pattern may not begin with * or ?")
        return self


class Rules(Part):
    """The rules file."""

    version: Literal[1] = 1
    ignore_before: Time | None = Field(
        default=None, description="Requests made earlier get no ticket. Unset: the moment of the bridge's first run."
    )
    ticket: TicketRules = TicketRules()
    decisions: DecisionRules = DecisionRules()
    justification: Justification | None = Field(
        default=None,
        description="Look up tickets that a reason names. Unset: reasons are not searched. {} means the defaults.",
    )
    rules: tuple[Rule, ...] = Field(
        default=(), description="First match wins; without a match a request becomes a ticket."
    )

    @model_validator(mode="after")
    def _denials_need_a_justification(self) -> Self:
        if self.justification is None and any(rule.unjustified for rule in self.rules):
            raise ValueError(
                "a rule has unjustified: deny, so the section justification must be there (justification: {})"
            )
        return self

    def rule_for(self, roles: tuple[str, ...]) -> Rule | None:
        """Return the rule that decides about a request for these roles; None where none matches."""
        return next((rule for rule in self.rules if rule.when.matches(roles)), None)

    def selects(self, roles: tuple[str, ...]) -> bool:
        """Tell whether a request for these roles becomes a ticket."""
        rule = self.rule_for(roles)
        return rule is None or rule.then == "ticket"
