"""`access-bridge decisions …`: the decisions that the ledger has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

import typer

from access_bridge.ledger.items import DecisionItem
from access_bridge.ledger.table import Ledger
from access_bridge.times import parse_time
from access_bridge.uuids import request_uuid
from cli import export
from cli.account import DEFAULT_STACK, Account, plain_errors
from cli.options import STANDARD_OUTPUT, Output, Profile, Region
from cli.output import write
from cli.progress import progress

app = typer.Typer(help="Who decided what, and what became of it.", no_args_is_help=True)


def _parse_time(text: str) -> datetime:
    time = parse_time(text)
    if time is None:
        raise typer.BadParameter(f"{text!r} is no time. Write 2026-11-24 or 2026-11-24T09:30:00Z.")
    return time


def _parse_request(text: str) -> str:
    try:
        return request_uuid(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no request id. It is the UUID that tsh and tctl show.") from None


@app.command("export", help="Write every decision as a line of JSON, oldest first.")
def export_decisions(  # noqa: PLR0913 - one parameter for each option
    *,
    table: Annotated[str | None, typer.Option(metavar="NAME", help="The ledger: a DynamoDB table.")] = None,
    stack: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"The stack that the ledger belongs to. [default: {DEFAULT_STACK}]"),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="TIME", parser=_parse_time, help="Decided then or later. UTC, if it has no offset."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(metavar="TIME", parser=_parse_time, help="Decided before then.")
    ] = None,
    request: Annotated[
        str | None, typer.Option(metavar="ID", parser=_parse_request, help="Decisions on this access request only.")
    ] = None,
    output: Output = STANDARD_OUTPUT,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Write the ledger's decisions to standard output or a file.

    They are all read before the first is written, for DynamoDB has them in no order.

    Raises
    ------
    Problem
        AWS can't be asked, or the file can't be written.
    """
    if table is not None and stack is not None:
        raise typer.BadParameter("name the table or the stack, not both.", param_hint="--table, --stack")
    if since and until and until <= since:
        raise typer.BadParameter("must be later than --since.", param_hint="--until")
    account = Account(region, profile)
    if table is None:
        table = account.stack_output(DEFAULT_STACK if stack is None else stack, "LedgerTable")
    ledger = Ledger(account.resource("dynamodb"), table)
    with plain_errors():
        items = ledger.records(request).decisions if request else _counted(ledger.decisions())
        selection = export.select(items, export.Period(since, until))
    write(output, (f"{export.line(item)}\n" for item in selection.decisions))
    if not selection.decisions:
        typer.echo("No decisions found.", err=True)
    if selection.without_time:
        typer.echo(
            f"Left out: {selection.without_time} without a time in the ledger. Export without --since and --until to "
            "see them.",
            err=True,
        )


def _counted(items: Iterable[DecisionItem]) -> Iterator[DecisionItem]:
    with progress("Reading the ledger", "decisions") as advance:
        for item in items:
            advance(1)
            yield item
