"""`access-bridge reconcile`: what the two passes over ServiceNow find now, and would do. It changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from cli.account import DEFAULT_STACK, Account, plain_errors
from cli.options import Profile, Region
from cli.problem import EXIT_STATUS, Problem

_REPORT: Final = {"reconcile": "report"}
_LONGEST_SECONDS: Final = 310
"""A function may take five minutes."""
_FOUND: Final = {
    "ended": ("ended by a person, its request is pending", "tell it on the ticket; a rule may deny the request"),
    "open_again": ("open again, its request is pending", "keep it true to its request again"),
    "reopened": ("open, though its request has ended", "tell it on the ticket"),
    "contradicts": ("says another outcome than its request", "tell it on the ticket"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One finding: the access request, the record in ServiceNow, what was found, and what the next pass does."""

    request: str
    record: str
    found: str
    then: str


def reconcile(
    *,
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack that is asked.")] = DEFAULT_STACK,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Ask the stack's functions what their passes find, and print it as a table; 1 if something can't be looked at.

    Raises
    ------
    Problem
        AWS can't be asked, or the stack isn't one of this version.
    """
    account = Account(region, profile)
    found = account.stack(stack)
    client = account.client("lambda", read_timeout=_LONGEST_SECONDS)
    tickets = _answer(client, f"{found.name}-teleport-events")
    decisions = _answer(client, f"{found.name}-servicenow-decisions") if "DecisionsQueueUrl" in found.outputs else {}
    lines = [*_tickets(tickets), *_decisions(decisions)]
    if lines:
        _show(lines)
    else:
        typer.echo("Nothing is to be done.")
    complaints = list(_complaints("tickets", tickets)) + list(_complaints("decision rows", decisions))
    for complaint in complaints:
        typer.echo(complaint, err=True)
    if complaints:
        raise typer.Exit(EXIT_STATUS)


def _answer(client: Any, function: str) -> Mapping[str, Any]:
    with plain_errors(), Console(stderr=True).status(f"Asking {function} …"):
        given = client.invoke(FunctionName=function, Payload=json.dumps(_REPORT).encode())
        text = given["Payload"].read()
    if given.get("FunctionError"):
        raise Problem(
            f"The function {function} ended with an error. Read its log, and deploy the stack again if it is old."
        )
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "report" not in answer:
        raise Problem(f"The function {function} is older than this command. Deploy the stack again.")
    return answer


def _tickets(answer: Mapping[str, Any]) -> Iterator[Line]:
    for one in _first(answer, "differing"):
        yield Line(one["request_id"], one["ticket"], *_FOUND.get(one["found"], (one["found"], "")))


def _decisions(answer: Mapping[str, Any]) -> Iterator[Line]:
    for key, found, then in (
        ("decide", "{decision}, and nothing came of it", "decide it"),
        ("write_outcome", "{decision}, its outcome isn't in its row", "write the outcome"),
    ):
        for one in _first(answer, key):
            yield Line(one["request_id"], f"decision {one['decision_id']}", found.format(**one), then)
    for row in _first(answer, "unusable"):
        yield Line("", f"decision {row}", "no decision on an access request", "pass over it")


def _complaints(what: str, answer: Mapping[str, Any]) -> Iterator[str]:
    if problem := answer.get("problem"):
        yield f"The {what} can't be looked at. {problem}"
        return
    if hidden := answer.get("hidden"):
        yield f"ServiceNow hides {hidden} {what} from the account: give it the right to read them."
    if answer.get("unknown"):
        yield f"{answer['unknown']} {what} of this cluster are not in the ledger: are they another stack's?"
    if answer and not answer.get("finished"):
        yield f"There are more {what} than one call looks through."
    for key in ("differing", "decide", "write_outcome", "unusable"):
        listed = answer.get(key, {})
        if listed.get("number", 0) > len(listed.get("first", ())):
            yield f"{listed['number'] - len(listed['first'])} more {what} are not shown ({key})."


def _first(answer: Mapping[str, Any], key: str) -> Iterable[Any]:
    listed: Mapping[str, Any] = answer.get(key, {})
    first: Iterable[Any] = listed.get("first", ())
    return first


def _show(lines: Iterable[Line]) -> None:
    table = Table("Access request", "In ServiceNow", "Found", "The next pass would")
    for line in lines:
        table.add_row(line.request or "-", line.record, line.found, line.then or "-")
    Console(highlight=False, markup=False).print(table)
