"""The matrix as a table: each step a line, each kind of trouble a column, in a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.faults import kinds
from tests.faults.flows import FLOWS
from tests.faults.matrix import REASONS, Cell, cells
from tests.faults.run import Result
from tests.faults.run_situation import name_of
from tests.faults.situations import SITUATIONS

_ABSENT: Final = "·"
KINDS: Final = tuple(
    dict.fromkeys(
        [
            *(kinds.KILLED_BEFORE, kinds.KILLED_AFTER, kinds.TIMEOUT_BEFORE, kinds.TIMEOUT_AFTER, kinds.LATE),
            *(kinds.SLOW, kinds.RESET_BEFORE, kinds.RESET_AFTER, kinds.UNAUTHORIZED, kinds.FORBIDDEN, kinds.RULE),
            *(kinds.HIDDEN, kinds.LIMITED_FOR, kinds.LIMITED, kinds.ERROR, kinds.ERROR_AFTER, kinds.UNAVAILABLE),
            *(kinds.HTML, kinds.TRUNCATED, kinds.EMPTY, kinds.THROTTLED, kinds.OVERTAKEN, kinds.PARTLY),
            *(kinds.LAMBDA_BEFORE, kinds.LAMBDA_AFTER, kinds.TWICE, kinds.AT_ONCE),
        ]
    )
)
LETTERS: Final = dict(zip(KINDS, f"{ascii_uppercase}a", strict=True))


def summary(results: Sequence[Result]) -> str:
    """All of it in one line."""
    lost = sum(len(one.verdict.lost) for one in results)
    doubled = sum(len(one.verdict.doubled) for one in results)
    unsettled = sum(bool(one.verdict.unsettled or one.problems) for one in results)
    most = max((one.tries for one in results), default=0)
    return (
        f"{len(results)} cells: lost {lost}, doubled {doubled}, not settled {unsettled}; "
        f"the slowest settled after {most} tries."
    )


def show(results: Sequence[Result], console: Console) -> None:
    """Print the tables, and what is wrong where something is."""
    by_name = {one.name: one for one in results}
    legend = "   ".join(f"{letter} {kind}" for kind, letter in LETTERS.items())
    for title, head, rows in (
        ("Trouble at one call: tries until it was settled", ("Flow and step", *LETTERS.values()), _steps(by_name)),
        ("Trouble of a whole side: tries until it was settled", ("Situation", *FLOWS), _situations(by_name)),
    ):
        shown = [row for row in rows if any(cell not in {"", _ABSENT} for cell in row[1:])]
        if not shown:
            continue
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for number, name in enumerate(head):
            table.add_column(name, justify="left" if number == 0 else "center", no_wrap=number == 0)
        for row in shown:
            table.add_row(*(Text(cell, "" if cell[:1].isdigit() or cell == row[0] else "red") for cell in row))
        console.print(table)
        if head[1] == "A":
            console.print(Text(f"{legend}   {_ABSENT} doesn't apply"))
    for one in results:
        if not one.good:
            console.print(Text(f"\n{one.name}", "bold red"))
            for line in (*_wrong(one), *one.story):
                console.print(Text(f"  {line}"), soft_wrap=True)


def markdown(results: Sequence[Result], seed: int) -> str:
    """The tables for the documentation."""
    by_name = {one.name: one for one in results}
    lines = [f"{summary(results)} Seed {seed}.", ""]
    lines += _table(["", "Trouble at one call"], [[letter, kind] for kind, letter in LETTERS.items()])
    lines += ["", *_table(["Flow and step", *LETTERS.values()], _steps(by_name)), ""]
    lines += [*_table(["Situation", *FLOWS], _situations(by_name)), ""]
    lines += _table(["Doesn't apply", "Because"], list(_reasons()))
    return "\n".join(lines) + "\n"


def _steps(by_name: Mapping[str, Result]) -> list[list[str]]:
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells():
        rows.setdefault((cell.flow, cell.step), {})[cell.kind] = cell
    return [
        [f"{flow}: {step}", *(_said(by_name, row[kind].name) if kind in row else _ABSENT for kind in KINDS)]
        for (flow, step), row in rows.items()
    ]


def _situations(by_name: Mapping[str, Result]) -> list[list[str]]:
    return [
        [name, *(_said(by_name, name_of(one, flow)) if flow in one.flows else _ABSENT for flow in FLOWS)]
        for name, one in SITUATIONS.items()
    ]


def _said(by_name: Mapping[str, Result], name: str) -> str:
    one = by_name.get(name)
    if one is None:
        return ""
    if one.good:
        return str(one.tries)
    if one.verdict.lost or one.verdict.doubled:
        return f"L{len(one.verdict.lost)} D{len(one.verdict.doubled)}"
    return "?"


def _wrong(one: Result) -> Iterator[str]:
    verdict = one.verdict
    for word, found in (("lost", verdict.lost), ("doubled", verdict.doubled), ("not settled", verdict.unsettled)):
        yield from (f"{word}: {text}" for text in found)
    yield from one.problems


def _reasons() -> Iterator[list[str]]:
    sides = {"ServiceNowCall": "ServiceNow", "TeleportCall": "Teleport", "AwsCall": "AWS"}
    for call, reasons in REASONS.items():
        yield from ([f"{sides[call.__name__]}: {what}", why] for what, why in reasons.items())
    for situation in SITUATIONS.values():
        if situation.why_not:
            flows, _, why = situation.why_not.partition(": ")
            yield [f"{situation.name}: {flows}", why]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
