"""`access-bridge dead-letters …`: what failed for good, why, and how it is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from access_bridge.uuids import request_uuid
from cli.account import DEFAULT_STACK, Account, plain_errors
from cli.dead_letters import tables
from cli.dead_letters.cases import Found, cases, with_marked
from cli.dead_letters.letters import Letter, Subject, items_of
from cli.dead_letters.look import hidden, in_hands, look_through
from cli.dead_letters.places import Places, places
from cli.dead_letters.redrive import Redrive
from cli.options import Profile, Region
from cli.problem import Problem
from cli.progress import progress

app = typer.Typer(help="What failed for good: which, why, and how it is tried again.", no_args_is_help=True)

MALFORMED: Final = "malformed"
Stack = Annotated[str, typer.Option(metavar="NAME", help="The stack whose dead letters they are.")]


def _parse_request(text: str) -> str:
    try:
        return request_uuid(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no request id. It is the UUID that tsh and tctl show.") from None


def _parse_shown(text: str) -> str:
    return text if text == MALFORMED else _parse_request(text)


@app.command("list", help="List what failed, why, and what to do about it.")
def list_cases(*, stack: Stack = DEFAULT_STACK, region: Region = None, profile: Profile = None) -> None:
    """Print what has dead letters, and what the ledger marks as failed though its message is gone.

    Raises
    ------
    Problem
        AWS can't be asked.
    """
    known = places(Account(region, profile), stack)
    found: dict[Subject, Found] = {}
    malformed = 0

    def take(letter: Letter) -> None:
        nonlocal malformed
        malformed += letter.subject is None
        _count(letter, found)

    with plain_errors():
        notes = look_through(known, take)
        failed = []
        with progress("Reading the ledger", "entries") as advance:
            for one in cases(with_marked(found, known.ledger.failed()), known.ledger):
                failed.append(one)
                advance(1)
    if failed:
        tables.show_cases(failed, known.stack)
        typer.echo(
            "\nAll about one: access-bridge dead-letters show REQUEST\n"
            "Mended? Have it tried again: access-bridge dead-letters redrive REQUEST…, or --all. It is harmless: what "
            "is done isn't done twice."
        )
    if malformed:
        nothing = f"{_records(malformed)}, of which nothing can be made. See them:"
        notes.insert(0, f"{nothing} access-bridge dead-letters show {MALFORMED}")
    elif not failed:
        typer.echo("There are no dead letters.")
    _say(notes)


@app.command("show", help=f"Show all about one request that failed, or ({MALFORMED}) the malformed records.")
def show(
    what: Annotated[
        str, typer.Argument(metavar="REQUEST", parser=_parse_shown, help=f"A request's id, or {MALFORMED}.")
    ],
    *,
    stack: Stack = DEFAULT_STACK,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Print what the ledger and the dead letters have of it.

    Raises
    ------
    Problem
        AWS can't be asked, or nobody knows the request.
    """
    known = places(Account(region, profile), stack)
    letters: list[Letter] = []

    def take(letter: Letter) -> None:
        if what == (letter.content.request_id if letter.content else MALFORMED):
            letters.append(letter)

    with plain_errors():
        notes = look_through(known, take)
        if what != MALFORMED:
            _show_request(known, what, letters)
        elif letters:
            tables.show_malformed(letters)
            notes.insert(0, "Find out what sends them. Then delete them: access-bridge dead-letters delete-malformed")
        else:
            typer.echo("There are no malformed records.")
    _say(notes)


@app.command("redrive", help="Have what failed tried again. Harmless however old it is: what is done isn't done twice.")
def redrive(
    requests: Annotated[
        list[str] | None, typer.Argument(metavar="REQUEST", parser=_parse_request, help="Ids of requests.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that failed, except for malformed records.")] = False,
    stack: Stack = DEFAULT_STACK,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Send dead letters back to the queues that they came from, and make those anew that only the ledger remembers.

    Raises
    ------
    Problem
        AWS can't be asked, or nothing has failed of a request that was named; all else is done.
    """
    if everything == bool(requests):
        raise typer.BadParameter("name the requests, or --all.", param_hint="REQUEST")
    known = places(Account(region, profile), stack)
    with progress("Redriving", "messages") as advance:
        work = Redrive(known, None if everything else requests, advance)
        try:
            with plain_errors():
                work.run()
        except Problem as problem:
            done = work.sent.total() + work.made.total()
            before = f" {done} were sent before that: run it again for the rest." if done else ""
            raise Problem(f"{problem}{before}") from problem
    _say_redriven(known, work, everything=everything)
    if work.not_found:
        raise Problem(
            f"Nothing has failed of {', '.join(work.not_found)}. See what has: access-bridge dead-letters list."
        )


@app.command("delete-malformed", help="Delete the malformed records, of which nothing can be made.")
def delete_malformed(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    stack: Stack = DEFAULT_STACK,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Show the first of them, ask, and delete all.

    Raises
    ------
    Problem
        AWS can't be asked, or the answer is no.
    """
    known = places(Account(region, profile), stack)
    deleted, notes = 0, []
    with plain_errors():
        for direction, queue in known.dead_letters.items():
            with queue.looked_through() as batches:
                for letters in batches:
                    malformed = [letter for letter in letters if letter.content is None]
                    if malformed and not yes:
                        tables.show_malformed(malformed)
                        if not typer.confirm("Delete these, and all others that are malformed?", err=True):
                            raise Problem("Nothing was deleted.")
                        yes = True
                    deleted += queue.delete(malformed)
            notes += hidden(direction, queue)
    typer.echo(f"Deleted: {_records(deleted)}.")
    _say(notes)


def _count(letter: Letter, found: dict[Subject, Found]) -> None:
    if letter.subject is not None:
        found[letter.subject] = found.get(letter.subject, Found()).and_then(letter)


def _show_request(known: Places, request_id: str, letters: Sequence[Letter]) -> None:
    found: dict[Subject, Found] = {}
    for letter in letters:
        _count(letter, found)
    records = known.ledger.records(request_id)
    failing = [item for item in items_of(records) if item.failure]
    failed = list(cases(with_marked(found, failing), known.ledger))
    if not failed and not records.ticket.version and not records.events:
        raise Problem(f"Neither the dead letters nor the ledger know a request {request_id}.")
    tables.show_request(records, failed, letters, known.stack)
    if not failed:
        typer.echo("Nothing of it fails.")


def _say_redriven(known: Places, work: Redrive, *, everything: bool) -> None:
    sent, made = work.sent.total(), work.made.total()
    if sent or made:
        counts = {name: (work.sent[name], work.made[name]) for name in known.sources}
        tables.show_counts(counts, ("Sent back", "Made anew from the ledger"))
        typer.echo("They are tried within seconds. What fails again shows in access-bridge dead-letters list.")
    elif everything:
        typer.echo("There is nothing to redrive.")
    notes = [
        f"{number} in the {name} queue came meanwhile: run it again for them." for name, number in work.newer.items()
    ]
    if everything and work.malformed.total():
        notes.append(f"Left: {_records(work.malformed.total())}, of which nothing can be made.")
    notes += [
        f"A decision on {item.request_id} can't be tried again: decisions are off, or too little is known. Decide "
        "in Teleport."
        for item in work.impossible
    ]
    for name, queue in known.dead_letters.items():
        notes += [in_hands(name, work.held[name])] if work.held[name] else []
        notes += hidden(name, queue)
    _say(notes)


def _records(number: int) -> str:
    return f"{number} malformed record{'' if number == 1 else 's'}"


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        typer.echo(note)
