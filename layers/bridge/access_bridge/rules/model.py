"""The rules file: everything that a company may want its own way, with defaults that work."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

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
        "short_description",
        "state",
        "sys_id",
        "work_notes",
    }
)
"""Fields of the ticket that the bridge itself writes, so a rule may not."""


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _no_number(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and "-" not in value):
        raise ValueError("must be a time such as 2026-11-01T00:00:00Z")
    return value


def _not_ours(name: str) -> str:
    if name in OWN_FIELDS:
        raise ValueError("is written by the bridge itself: take it out")
    return name


Text = Annotated[str, Field(min_length=1, max_length=4000), BeforeValidator(_number_as_text)]
Time = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_aware)]
FieldName = Annotated[str, AfterValidator(_not_ours)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Outcome(_Part):
    """What the ticket gets when its request has ended so."""

    state: Text = Field(
        default="6", description="Value of the incident's state; 6 is Resolved on an unchanged instance."
    )
    close_code: Text = Field(description="A value of incident.close_code that this instance has.")


class Outcomes(_Part):
    """State and close code for each way in which a request ends."""

    approved: Outcome = Outcome(close_code="Resolved by request")
    denied: Outcome = Outcome(close_code="No resolution provided")
    promoted: Outcome = Outcome(close_code="Resolved by request")
    expired: Outcome = Outcome(close_code="No resolution provided")
    deleted: Outcome = Outcome(close_code="No resolution provided")


class TicketRules(_Part):
    """What a ticket says beside what its request says."""

    caller: Text | None = Field(
        default=None, description="user_name of the caller when the requester is no ServiceNow user."
    )
    assignment_group: Text | None = Field(default=None, description="Name or sys_id of the group that is to decide.")
    fields: dict[FieldName, Text] = Field(
        default_factory=dict, description="Further fixed fields of a new ticket, by their column names."
    )
    outcomes: Outcomes = Outcomes()


class Approvers(_Part):
    """Who may decide in ServiceNow."""

    group: Text = Field(description="Name or sys_id of the group whose members may decide.")


class DecisionRules(_Part):
    """How decisions made in ServiceNow are applied in Teleport."""

    mode: Literal["bot", "set_state"] = Field(
        default="bot",
        description="bot: the decision is the bot's review, the human named in it. set_state: the bot sets the state.",
    )
    approvers: Approvers | None = Field(default=None, description="Must be set for decisions to be applied.")
    integration_users: tuple[Text, ...] = Field(
        default=(),
        description="user_name of accounts that never count as humans: those of the bridge and of other integrations.",
    )


class When(_Part):
    """What a request must be like for a rule to match."""

    roles: tuple[Text, ...] = Field(
        min_length=1,
        description="Patterns (* and ?). Each requested role must match one of them: a mixed request doesn't match.",
    )

    def matches(self, roles: tuple[str, ...]) -> bool:
        """Tell whether every one of the requested roles matches a pattern; a request whose roles aren't known
        doesn't."""
        patterns = [pattern.replace("[", "[[]") for pattern in self.roles]  # a bracket is only itself
        return bool(roles) and all(any(fnmatchcase(role, pattern) for pattern in patterns) for role in roles)


class Rule(_Part):
    """One rule; the first that matches decides."""

    when: When
    then: Literal["ignore", "ticket"]


class Rules(_Part):
    """The rules file."""

    version: Literal[1] = 1
    ignore_before: Time | None = Field(
        default=None, description="Requests made earlier get no ticket. Unset: the moment of the bridge's first run."
    )
    ticket: TicketRules = TicketRules()
    decisions: DecisionRules = DecisionRules()
    rules: tuple[Rule, ...] = Field(
        default=(), description="First match wins; without a match a request becomes a ticket."
    )

    def selects(self, roles: tuple[str, ...]) -> bool:
        """Tell whether a request for these roles becomes a ticket."""
        return next((rule.then == "ticket" for rule in self.rules if rule.when.matches(roles)), True)
