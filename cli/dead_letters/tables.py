"""Dead letters on a screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from access_bridge.ledger.items import Records
from access_bridge.tickets.words import state_word
from cli.dead_letters.advice import advice
from cli.dead_letters.cases import Case
from cli.dead_letters.letters import Direction, Letter
from cli.output import printable

_TITLES: Final[Mapping[Direction, str]] = {
    "tickets": "Tickets: what could not be brought to ServiceNow",
    "decisions": "Decisions: what could not be carried to Teleport",
}
_NARROWEST: Final = 120
_IN_A_FILE: Final = 200
"""Widths in characters: request ids stay whole, for copying, and a line in a file or pipe has all of a row."""


def show_cases(cases: Sequence[Case], stack: str) -> None:
    """Print what failed, a table for each direction, and the reasons, each with what to do."""
    console = _console()
    reasons: dict[tuple[str, str], int] = {}
    for direction, title in _TITLES.items():
        chosen = [case for case in cases if case.subject.direction == direction]
        if not chosen:
            continue
        table = Table(title=title, title_justify="left", title_style="bold")
        table.add_column("Request", no_wrap=True)
        decision = ("Decision",) if direction == "decisions" else ()
        for name in (*decision, "Asked by", "Roles", "Ticket"):
            table.add_column(name, overflow="fold")
        table.add_column("Since (UTC)", no_wrap=True)
        for name in ("Tries", "Messages", "Why"):
            table.add_column(name, justify="right")
        for case in sorted(chosen, key=lambda case: (case.since, case.subject.request_id)):
            number = reasons.setdefault((case.reason, advice(case, stack)), len(reasons) + 1)
            table.add_row(*_row(case, number))
        console.print(table)
    for (reason, what_to_do), number in reasons.items():
        console.print(
            Text.assemble((f"Why {number}: ", "bold"), f"{printable(reason)}\n  Do: {what_to_do}"), soft_wrap=True
        )


def show_request(records: Records, cases: Iterable[Case], letters: Iterable[Letter], stack: str) -> None:
    """Print all about one request: what is known of it, what failed, and its dead letters word for word."""
    ticket, request = records.ticket, records.ticket.snapshot
    facts = {"Request": ticket.request_id}
    cases = list(cases)
    asked = next((case for case in cases if case.requester), None)
    if asked:
        facts |= {"Asked by": asked.requester, "Roles": ", ".join(asked.roles)}
    if request is not None:
        facts |= {"Reason": request.reason, "In Teleport": f"{state_word(request.state)}, when last seen"}
    facts["Ticket"] = f"{ticket.number} ({ticket.sys_id})" if ticket.sys_id else "not made"
    if ticket.outcome or ticket.ended_by:
        facts["Ticket says"] = ticket.outcome or f"ended in ServiceNow ({ticket.ended_by})"
    console = _console()
    table = Table(show_header=False)
    for name, value in facts.items():
        table.add_row(name, printable(value))
    console.print(table)
    for case in cases:
        tried = f"tried {case.attempts} times, " if case.attempts else ""
        console.print(Text(f"\n{case.subject.direction}: {printable(case.what)}", "bold"))
        letters_of_it = f"{case.messages or 'no'} dead letter{'' if case.messages == 1 else 's'}"
        console.print(f"  {tried}since {_time(case.since)} UTC, {letters_of_it}", soft_wrap=True)
        console.print(f"  why: {printable(case.reason)}\n  do:  {advice(case, stack)}", soft_wrap=True)
    for letter in letters:
        console.print(Text(f"\n{letter.direction}, {_time(letter.sent)} UTC, message {letter.message_id}", "bold"))
        console.print(f"  {_text(letter.body)}", soft_wrap=True)


def show_malformed(letters: Iterable[Letter]) -> None:
    """Print what can't be redriven, word for word."""
    console = _console()
    for letter in letters:
        text, problem = letter.malformed
        console.print(Text(f"{letter.direction}, {_time(letter.sent)} UTC: {printable(problem)}", "bold"))
        console.print(f"  {printable(text)}", soft_wrap=True)


def show_counts(counts: Mapping[Direction, Sequence[int]], names: Sequence[str]) -> None:
    """Print a table of numbers, a line for each direction."""
    table = Table("Queue", *names)
    for direction, numbers in counts.items():
        table.add_row(direction, *map(str, numbers))
    _console().print(table)


def _row(case: Case, number: int) -> list[str]:
    decision = [printable(case.what)] if case.subject.decision_id else []
    return [
        case.subject.request_id,
        *decision,
        printable(case.requester) or "-",
        printable(", ".join(case.roles)) or "-",
        printable(case.ticket) or "-",
        _time(case.since),
        str(case.attempts or "-"),
        str(case.messages or "not seen"),
        str(number),
    ]


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, _NARROWEST) if console.is_terminal else _IN_A_FILE
    return console


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds else "-"


def _text(body: str) -> str:
    """A body in ASCII where it is JSON: no terminal acts on what people wrote."""
    try:
        return json.dumps(json.loads(body))
    except ValueError:
        return printable(body)
