"""All commands of `access-bridge`."""

from __future__ import annotations

import typer

from cli import decisions, reconcile
from cli.dead_letters import app as dead_letters
from cli.problem import Commands
from cli.servicenow import app as servicenow
from cli.teleport import app as teleport

app = typer.Typer(
    cls=Commands,
    help="The operator's commands of Access Bridge. They use your own AWS credentials, as the AWS CLI does.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(decisions.app, name="decisions")
app.add_typer(servicenow.app, name="servicenow")
app.add_typer(teleport.app, name="teleport")
app.command(
    "reconcile", help="Show what the passes over ServiceNow find now and would do about it. Nothing is changed."
)(reconcile.reconcile)
