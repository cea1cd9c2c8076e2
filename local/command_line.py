"""The commands of `python -m local`: `up` and what talks to it, and `demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.paths import command
from local.system.actions import ActionError
from local.system.control import ask
from local.system.settings import SettingError

_DECISIONS = {"approve": "approved", "deny": "rejected"}
_STATES = {"approve": "APPROVED", "deny": "DENIED"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    given = _parser().parse_args(arguments)
    try:
        status: int = given.run(given)
    except (ActionError, SettingError) as error:
        print(error, file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="Access Bridge, whole, on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start everything and keep it running; Ctrl-C ends it")
    up.add_argument("--port", type=int, default=8080, help="where the gateway listens on 127.0.0.1 (default: 8080)")
    up.add_argument("--settings-file", type=Path, help="write URLs and keys into this file (JSON) when all is up")
    up.set_defaults(run=_up)

    request = commands.add_parser("request", help="ask Teleport for access, as `tsh request create` does")
    request.add_argument("--user", required=True, help="who asks: alice, or dave, whose requests need two approvals")
    request.add_argument("--roles", required=True, help="the roles, separated by commas: dba, prod-access")
    request.add_argument("--reason", default="", help="why")
    request.set_defaults(run=_request)

    review = commands.add_parser("review", help="review a request in Teleport, as `tsh request review` does")
    review.add_argument("request_id", help="the request's id")
    review.add_argument("decision", choices=_STATES)
    review.add_argument("--as", dest="user", required=True, help="who reviews: bob or carol")
    review.add_argument("--reason", default="", help="why")
    review.set_defaults(run=_review)

    decide = commands.add_parser("decide", help="click approve or deny on the incident in ServiceNow")
    decide.add_argument("ticket", help="the request's id, or the incident's number")
    decide.add_argument("decision", choices=_DECISIONS)
    decide.add_argument("--as", dest="user", required=True, help="who clicks: bob or carol")
    decide.add_argument("--reason", default="", help="why")
    decide.set_defaults(run=_decide)

    show = commands.add_parser("show", help="list requests and incidents")
    show.set_defaults(run=_show)

    demo = commands.add_parser("demo", help="walk requests through their lives, in both directions")
    demo.set_defaults(run=_demo)
    return parser


def _up(given: argparse.Namespace) -> int:
    from local.up import keep_running  # noqa: PLC0415 - the short commands needn't load the whole system

    return keep_running(given.port, given.settings_file)


def _demo(given: argparse.Namespace) -> int:  # noqa: ARG001 - every command gets them
    from local.demo.story import tell  # noqa: PLC0415 - the short commands needn't load the whole system

    return tell()


def _request(given: argparse.Namespace) -> int:
    answer = ask("request", user=given.user, roles=given.roles.split(","), reason=given.reason)
    print(f"Request {answer['request_id']} is made.")
    if answer.get("incident"):
        print(f"Incident {answer['incident']} stands for it. Decide it:")
        print(f"  {command()} decide {answer['incident']} approve --as bob")
    elif "incident" in answer:
        print("No incident stands for it yet: the output that `up` names says why.")
        return 1
    return 0


def _review(given: argparse.Namespace) -> int:
    answer = ask(
        "review",
        request_id=given.request_id,
        state=_STATES[given.decision],
        user=given.user,
        reason=given.reason,
    )
    print(f"Request {given.request_id} is {answer['state']}.")
    return 0


def _decide(given: argparse.Namespace) -> int:
    decision = _DECISIONS[given.decision]
    answer = ask("decide", ticket=given.ticket, decision=decision, user=given.user, reason=given.reason)
    if answer["outcome"] is None:
        print("The decision has no outcome yet: the output that `up` names says why.")
        return 1
    print(f"Outcome: {answer['outcome']} ({answer['detail']})")
    return 0


def _show(given: argparse.Namespace) -> int:  # noqa: ARG001 - every command gets them
    console = Console(markup=False, highlight=False, emoji=False)
    console.width = max(console.width, 100)  # ids stay whole, for copying
    for title, rows in ask("show").items():
        console.print(f"{title.capitalize()}:" if rows else f"No {title} yet.")
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="underline")
        for column in rows[0] if rows else ():
            table.add_column(column.replace("_", " "), no_wrap=column != "reason")
        for row in rows:
            table.add_row(*row.values())
        console.print(table)
    return 0
