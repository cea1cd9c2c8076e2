"""`access-bridge servicenow configure|check|remove`: sets, checks and deletes what each instance has its own way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from access_bridge.errors import BrokenConfiguration
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import Rules
from cli.problem import EXIT_STATUS, Problem
from cli.servicenow import application, findings, given, steps
from cli.servicenow.admin import connected
from cli.servicenow.callback_records import Callback, set_callback
from cli.servicenow.check_accounts import check_account, decisions_account, tickets_account
from cli.servicenow.check_application import check_application
from cli.servicenow.check_choices import check_close_codes
from cli.servicenow.check_cluster import check_cluster
from cli.servicenow.grants import NEEDED_FOR_DECISIONS, NEEDED_FOR_TICKETS, grant_to_approvers, grant_to_user
from cli.servicenow.removal import rows_of

app = typer.Typer(help="The records on a ServiceNow instance.", no_args_is_help=True)

Url = Annotated[str, typer.Option("--instance", metavar="URL", help="Such as https://example.service-now.com.")]
Cluster = Annotated[str, typer.Option(metavar="NAME", help="The Teleport cluster's name, as tctl status shows it.")]
CredentialsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help='An administrator\'s credentials as JSON: {"username","password"}, {"client_id","client_secret"} or '
        '{"api_key"}. Without it you are asked.',
    ),
]
KeyFile = Annotated[Path | None, typer.Option(metavar="FILE", help="The callback key. Without it you are asked.")]
TicketsUser = Annotated[str, typer.Option(metavar="NAME", help="The integration user that writes tickets.")]
DecisionsUser = Annotated[str, typer.Option(metavar="NAME", help="The integration user that reads decisions.")]

_BY_HAND: Final = (
    "By hand, since none of it can be done over REST:\n"
    "  - Open the cluster's row and press Test callback: only the instance itself can show that it reaches the\n"
    "    address and signs with the key.\n"
    "  - For votes on approvals and on-call: the read access controls that docs/servicenow-by-hand.md lists (step 5).\n"
    "    They need the elevated role security_admin, which no REST session has.\n"
    "Then: access-bridge servicenow check."
)
_UNINSTALL: Final = (
    "What is left, you take out in ServiceNow's own pages:\n"
    "  - System Applications, My Company Applications (or Retrieved Update Sets, Back Out): uninstall Access Bridge.\n"
    "    Its tables go with it, and with them every decision row: export those first if you must keep them.\n"
    "  - Deactivate the two integration users (they keep their sn_incident roles), and the read access controls that\n"
    "    you made for them.\n"
    "Incidents stay as they are."
)


@app.command("configure", help="Set what differs from instance to instance. A second run changes nothing.")
def configure(  # noqa: PLR0913 - one parameter for each option
    *,
    instance: Url,
    cluster: Cluster,
    callback_url: Annotated[str, typer.Option(metavar="URL", help="The stack's output CallbackUrl.")],
    approver_group: Annotated[str | None, typer.Option(metavar="NAME", help="The group that decides.")] = None,
    tickets_user: TicketsUser = application.TICKETS_USER,
    decisions_user: DecisionsUser = application.DECISIONS_USER,
    credentials_file: CredentialsFile = None,
    key_file: KeyFile = None,
) -> None:
    """Set the cluster's row, its key, and the roles of users and group.

    Raises
    ------
    Problem
        The application isn't there, or the instance refuses or doesn't answer; what was set until then stays.
    """
    url = given.callback_url(callback_url)
    admin = given.credentials(credentials_file, "an administrator")
    with connected(instance, admin) as client:
        if client.application() is None:
            typer.echo(application.HOW_TO_LOAD)
            raise Problem(f"The application isn't on {instance}. Nothing was changed.")
        callback = Callback(cluster, url, given.key(key_file))
        done: list[steps.Step] = []
        try:
            done.append(grant_to_approvers(client, approver_group))
            done.extend(grant_to_user(client, tickets_user, NEEDED_FOR_TICKETS))
            done.extend(grant_to_user(client, decisions_user, NEEDED_FOR_DECISIONS))
            done.extend(set_callback(client, callback))
        finally:
            steps.show(done)
    changed = sum(1 for step in done if step.set)
    typer.echo(f"{changed} record{'s were' if changed > 1 else ' was'} set." if changed else "Nothing was changed.")
    typer.echo(_BY_HAND)


@app.command("check", help="Check the instance. Ends with 1 if anything is wrong.")
def check(  # noqa: PLR0913 - one parameter for each option
    *,
    instance: Url,
    cluster: Cluster,
    callback_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Also compare the cluster's row with this.")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The rules file, for its close codes. [default: those that apply without a file]"
        ),
    ] = None,
    tickets_user: TicketsUser = application.TICKETS_USER,
    decisions_user: DecisionsUser = application.DECISIONS_USER,
    credentials_file: CredentialsFile = None,
    tickets_credentials_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Credentials of the tickets user, the same way.")
    ] = None,
    decisions_credentials_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Credentials of the decisions user, the same way.")
    ] = None,
    key_file: KeyFile = None,
) -> None:
    """Print each finding with its place and its fix.

    Raises
    ------
    Problem
        The instance can't be asked, or a file can't be used.
    """
    url = given.callback_url(callback_url) if callback_url else ""
    known_rules = _rules(rules)
    admin = given.credentials(credentials_file, "an administrator")
    accounts = (
        tickets_account(tickets_user, given.credentials(tickets_credentials_file, "", tickets_user)),
        decisions_account(decisions_user, given.credentials(decisions_credentials_file, "", decisions_user)),
    )
    expected = Callback(cluster, url, given.key(key_file))
    notes: list[str] = []
    with connected(instance, admin) as client:
        found = list(check_application(client))
        if client.named("sys_db_object", application.CLUSTER):
            found += check_cluster(client, expected, notes.append)
        found += check_close_codes(client, known_rules)
        for account in accounts:
            found += check_account(client, instance, account, notes.append)
    findings.show(found)
    for note in notes:
        typer.echo(note)
    if found:
        typer.echo(f"{len(found)} finding{'s' if len(found) > 1 else ''}.")
        raise typer.Exit(EXIT_STATUS)
    typer.echo("All is as it should be.")


@app.command("remove", help="Delete the rows that configure has set for a cluster.")
def remove(
    *,
    instance: Url,
    cluster: Cluster,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    credentials_file: CredentialsFile = None,
) -> None:
    """Delete a cluster's rows, and with the last cluster the role grants, after asking.

    Raises
    ------
    Problem
        The instance refuses or doesn't answer; run it again.
    """
    admin = given.credentials(credentials_file, "an administrator")
    with connected(instance, admin) as client:
        doomed = rows_of(client, cluster)
        for row in doomed:
            typer.echo(f"{row.name} ({row.table})")
        if not doomed:
            typer.echo("There is nothing to delete.")
        elif yes or typer.confirm(f"Delete these {len(doomed)} records?", err=True):
            for row in doomed:
                client.delete(row.table, row.sys_id)
            typer.echo(f"{len(doomed)} record{'s were' if len(doomed) > 1 else ' was'} deleted.")
        else:
            raise Problem("Nothing was deleted.")
    typer.echo(_UNINSTALL)


def _rules(file: Path | None) -> Rules:
    if file is None:
        return Rules()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{file} can't be read. Name the rules file that you deployed.") from error
    try:
        return load_rules(text)
    except BrokenConfiguration as error:
        raise Problem(f"{file}: {error.problem} {error.fix}") from error
