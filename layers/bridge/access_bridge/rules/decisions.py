"""The part of the rules file that says who may decide in ServiceNow, what, and as whom in Teleport."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from access_bridge.rules.parts import Length, Part, Text, role_matches

Mode = Literal["bot", "on_behalf", "set_state"]


def _each_once(table: dict[str, str]) -> dict[str, str]:
    for names in (table.keys(), table.values()):
        twice = [name for name, times in Counter(name.casefold() for name in names).items() if times > 1]
        if twice:
            raise ValueError(f"names {twice[0]} more than once: one ServiceNow user is one Teleport user")
    return table


class RoleApprovers(Part):
    """Who may decide requests for certain roles."""

    roles: tuple[Text, ...] = Field(min_length=1, description="Patterns (* and ?) of requested roles.")
    group: Text = Field(description="Name or sys_id of the group whose members may decide on these roles.")


class Approvers(Part):
    """Who may decide in ServiceNow."""

    group: Text | None = Field(
        default=None, description="Name or sys_id of the group whose members may decide, where by_role has no other."
    )
    by_role: tuple[RoleApprovers, ...] = Field(
        default=(),
        description="Groups for certain roles; for each requested role the first match counts. Whoever decides must be "
        "in the group of every requested role.",
    )

    @model_validator(mode="after")
    def _some_group(self) -> Self:
        if self.group is None and not self.by_role:
            raise ValueError("must have a group, or by_role")
        return self

    def groups(self, roles: Iterable[str]) -> tuple[str, ...] | None:
        """Return the groups in which somebody has to be to decide on these roles, each once.

        None where a role has no group, and where no role is known and there is no group for everything.
        """
        wanted = [self._group(role) for role in roles] or [self.group]
        found = [group for group in wanted if group is not None]
        return tuple(dict.fromkeys(found)) if len(found) == len(wanted) else None

    def _group(self, role: str) -> str | None:
        return next((entry.group for entry in self.by_role if role_matches(role, entry.roles)), self.group)


class DecisionRules(Part):
    """How decisions made in ServiceNow are applied in Teleport."""

    mode: Mode = Field(
        default="bot",
        description="bot: the decision is the bot's review, the human named in it. on_behalf: it is the human's own "
        "review, judged by Teleport's roles (Teleport 18.11 or newer, Enterprise). set_state: the bot sets the state.",
    )
    approvers: Approvers | None = Field(
        default=None, description="Must be set for decisions to be applied in the modes bot and set_state."
    )
    teleport_user: Annotated[str, StringConstraints(pattern=r"^(user_name|email|trait:\S+)$")] = Field(
        default="user_name",
        description="How a ServiceNow user is found in Teleport: user_name or email (the Teleport user's name equals "
        "it), or trait:NAME (a trait of that name holds the ServiceNow user's sys_id).",
    )
    teleport_users: Annotated[Mapping[Text, Text], AfterValidator(_each_once)] = Field(
        default_factory=dict,
        description="user_name in ServiceNow: name in Teleport. Whoever stands here is found by this alone.",
    )
    integration_users: tuple[Text, ...] = Field(
        default=(),
        description="user_name of accounts that never count as humans: those of the bridge and of other integrations.",
    )
    never_approve: tuple[Text, ...] = Field(
        default=(), description="Patterns (* and ?) of roles that may never be approved from ServiceNow."
    )
    longest_access: Length | None = Field(
        default=None, description="Longest access that may be approved from ServiceNow, such as 8h. Unset: any."
    )
    on_call_levels: int = Field(
        default=1, ge=1, le=10, description="Escalation levels of a rota that count as on call, from the first."
    )

    @property
    def trait(self) -> str:
        """The trait that holds a ServiceNow user's sys_id; empty where names are compared."""
        kind, _, name = self.teleport_user.partition(":")
        return name if kind == "trait" else ""
