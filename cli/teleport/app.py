"""`access-bridge teleport resources`: what the Teleport administrator has to create for a stack."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from access_bridge.rules.decisions import Mode
from cli.account import DEFAULT_STACK, Account
from cli.options import STANDARD_OUTPUT, Output, Profile, Region
from cli.output import write
from cli.problem import Problem
from cli.teleport.resources import Deciding, carries_decisions, decisions_resources, stream, tickets_resources

app = typer.Typer(help="The Teleport side.", no_args_is_help=True)


@app.command(
    "resources", help="Write the roles, bots and join tokens of a stack, for `tctl create -f`. None is secret."
)
def resources(  # noqa: PLR0913 - one parameter for each option
    *,
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack that they are for.")] = DEFAULT_STACK,
    mode: Annotated[Mode, typer.Option(help="decisions.mode of the rules file.")] = "bot",
    approve: Annotated[
        str, typer.Option(metavar="ROLE[,ROLE…]", help="Roles that may be approved (bot, on_behalf).")
    ] = "",
    submit_for_users: Annotated[
        str,
        typer.Option(metavar="USER[,USER…]", help="Teleport users who decide in ServiceNow (on_behalf)."),
    ] = "",
    output: Output = STANDARD_OUTPUT,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Write what `tctl create -f` takes to standard output or a file, and the next step to standard error.

    Raises
    ------
    Problem
        AWS can't be asked, the stack isn't one of this version, no roles or users are named, or the file can't be
        written.
    """
    roles, users = _names(approve, "--approve"), _names(submit_for_users, "--submit-for-users")
    if roles and mode == "set_state":
        raise typer.BadParameter("in mode set_state no role can bound what the bot approves.", param_hint="--approve")
    if users and mode != "on_behalf":
        raise typer.BadParameter(f"in mode {mode} the bot decides for nobody.", param_hint="--submit-for-users")
    found = Account(region, profile).stack(stack)
    functions = [tickets_resources(found)]
    if carries_decisions(found):
        _check_given(mode, roles, users)
        functions.append(decisions_resources(found, Deciding(mode, roles, users)))
    write(output, (stream(functions),))
    for function in functions:
        if not function.token:
            typer.echo(f"No join token for {function.name}: it uses an identity file (docs/teleport.md).", err=True)
    if not carries_decisions(found):
        typer.echo("The stack carries no decisions: there is nothing for a bot that decides.", err=True)
    file = "FILE, with this text in FILE" if output == STANDARD_OUTPUT else shlex.quote(output)
    typer.echo(f"Next, as a Teleport administrator: tctl create -f {file}", err=True)


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",")) if text else ()
    for name in names:
        if not name:
            raise typer.BadParameter("there is an empty name in it.", param_hint=option)
        if "*" in name or name.startswith("^"):
            raise typer.BadParameter(
                f"{name!r} stands for more than one, also for those that are made later. Name them one by one.",
                param_hint=option,
            )
    return names


def _check_given(mode: Mode, roles: tuple[str, ...], users: tuple[str, ...]) -> None:
    if mode != "set_state" and not roles:
        raise Problem("Name the roles that may be approved from ServiceNow: --approve ROLE,ROLE.")
    if mode == "on_behalf" and not users:
        raise Problem("Name the Teleport users who decide in ServiceNow: --submit-for-users USER,USER.")
