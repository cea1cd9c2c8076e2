"""What a stack needs in Teleport, as one YAML stream: the roles of teleport/ with the stack's names filled in, and the
bots and join tokens of its outputs.

A Teleport administrator's `tctl` creates whatever this stream says, and the outputs are in the hands of whoever may
change the stack, who need not be one. So they have to be, letter by letter, what teleport/ says with the stack's name
and account filled in; only how the role is called is theirs to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from access_bridge.rules.decisions import Mode
from cli.account import Stack
from cli.problem import Problem
from cli.teleport.filled import Place, Value, filled

FOLDER: Final = Path(__file__).resolve().parents[2] / "teleport"

_NAME: Final = ("metadata", "name")
_REVIEWED_ROLES: Final = ("spec", "allow", "review_requests", "roles")
_REVIEWERS: Final = ("spec", "allow", "review_requests", "submit_for_users")
_BETWEEN: Final = "---\n"
_ROLE: Final = re.compile(r":assumed-role/(?P<name>[\w+=,.@-]+)/", re.ASCII)


@dataclass(frozen=True, slots=True)
class Deciding:
    """How decisions are carried: the mode, the roles that the bot may review, the users for whom it may do so."""

    mode: Mode
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    @property
    def values(self) -> dict[Place, Value]:
        """What the role for that mode says of them."""
        match self.mode:
            case "bot":
                return {_REVIEWED_ROLES: self.roles}
            case "on_behalf":
                return {_REVIEWED_ROLES: self.roles, _REVIEWERS: self.users}
        return {}


@dataclass(frozen=True, slots=True)
class Resources:
    """What one function needs: its name in Teleport, and texts; no token where it uses an identity file."""

    name: str
    role: str
    bot: str
    token: str


@dataclass(frozen=True, slots=True)
class _Function:
    """What its outputs are called by, what its name in Teleport and its own end in, and where it stands in a file."""

    label: str
    bot: str
    function: str
    index: int


_TICKETS: Final = _Function("Tickets", "tickets", "teleport-events", 0)
_DECISIONS: Final = _Function("Decisions", "decisions", "servicenow-decisions", 1)


def tickets_resources(stack: Stack) -> Resources:
    """Return what the function needs that writes tickets.

    Raises
    ------
    Problem
        The stack has no such outputs, or they say something else than Access Bridge's template does.
    """
    return _resources(stack, _TICKETS, "tickets.yaml", {})


def decisions_resources(stack: Stack, deciding: Deciding) -> Resources:
    """Return what the function needs that decides; raises as `tickets_resources` does."""
    return _resources(stack, _DECISIONS, f"decisions-{deciding.mode.replace('_', '-')}.yaml", deciding.values)


def carries_decisions(stack: Stack) -> bool:
    """Tell whether the stack was deployed with decisions on."""
    return "TeleportDecisionsBot" in stack.outputs


def stream(functions: list[Resources]) -> str:
    """Return all of it in the order in which Teleport takes it: roles, bots, tokens."""
    parts = [*(it.role for it in functions), *(it.bot for it in functions), *(it.token for it in functions)]
    return _BETWEEN.join(part for part in parts if part)


def _resources(stack: Stack, function: _Function, role_file: str, values: dict[Place, Value]) -> Resources:
    name = f"{stack.name}-{function.bot}"
    role = (FOLDER / "roles" / role_file).read_text(encoding="utf-8")
    return Resources(
        name, filled(role, {_NAME: name, **values}), _bot(stack, function, name), _token(stack, function, name)
    )


def _bot(stack: Stack, function: _Function, name: str) -> str:
    output = f"Teleport{function.label}Bot"
    text = stack.output(output)
    return _only(output, text, filled(_example("bots.yaml", function), {_NAME: name, ("spec", "roles"): [name]}))


def _token(stack: Stack, function: _Function, name: str) -> str:
    output = f"Teleport{function.label}Token"
    if output not in stack.outputs:
        return ""
    text = stack.outputs[output]
    role = _ROLE.search(text)
    if role is None:
        raise _foreign(output)
    by_sts = f"arn:{stack.partition}:sts::{stack.account}:assumed-role"
    values: dict[Place, Value] = {
        _NAME: name,
        ("spec", "bot_name"): name,
        ("spec", "allow", 0, "aws_account"): stack.account,
        ("spec", "allow", 0, "aws_arn"): f"{by_sts}/{role['name']}/{stack.name}-{function.function}",
    }
    return _only(output, text, filled(_example("tokens.yaml", function), values))


def _example(file: str, function: _Function) -> str:
    """Return a function's document of a file that has one for each, without the lines that are comments."""
    document = (FOLDER / file).read_text(encoding="utf-8").split(_BETWEEN)[function.index]
    return "".join(line for line in document.splitlines(keepends=True) if not line.startswith("#"))


def _only(output: str, text: str, ours: str) -> str:
    """Return the output's text; raises Problem where it isn't ours."""
    if text.strip() != ours.strip():
        raise _foreign(output)
    return ours


def _foreign(output: str) -> Problem:
    return Problem(
        f"The stack's output {output} isn't what this version's template.yaml writes, so nothing is printed. Use the "
        "command line of the version that is deployed. If this is it, ask who changed the stack, and deploy it again."
    )
