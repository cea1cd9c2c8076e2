"""Whether a ticket that a request's reason names justifies the access, and how that is said: plain functions on what
was read.

A verdict never approves anything: everybody can open a ticket for himself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from access_bridge.servicenow.text import cut, plain
from access_bridge.times import show_time

CHANGES: Final = "change_request"
OWN_TICKETS: Final = "Teleport "
"""How `correlation_display` of a ticket begins that the bridge made itself."""

_MOST_NUMBERS: Final = 3
_LONGEST_REASON: Final = 4096
_NAME_LENGTH: Final = 100
_GOOD: Final = "Justification: "
_BAD: Final = "NOT justified: "
_UNKNOWN: Final = "Justification not known: "
_ALSO: Final = "Also named: "

_PARTS: Final = {
    "caller_id": "{who} is its caller",
    "requested_by": "{who} asked for it",
    "requested_for": "it is for {who}",
    "opened_by": "{who} opened it",
    "assigned_to": "{who} is assigned to it",
}
IN_ITS_GROUP: Final = "{who} is in its assignment group"
"""What part a member of a ticket's assignment group takes in it."""

_LABELS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "incident": {
            "1": "New",
            "2": "In Progress",
            "3": "On Hold",
            "6": "Resolved",
            "7": "Closed",
            "8": "Canceled",
        },
        CHANGES: {
            "-5": "New",
            "-4": "Assess",
            "-3": "Authorize",
            "-2": "Scheduled",
            "-1": "Implement",
            "0": "Review",
            "3": "Closed",
            "4": "Canceled",
        },
        "sc_req_item": {
            "-5": "Pending",
            "1": "Open",
            "2": "Work in Progress",
            "3": "Closed Complete",
            "4": "Closed Incomplete",
            "7": "Closed Skipped",
        },
    }
)
"""Labels of `state` on an unchanged instance; another value is shown as it is."""


class Code(StrEnum):
    """What was found about a named ticket."""

    JUSTIFIED = "justified"
    NONE_NAMED = "none_named"
    NOT_FOUND = "not_found"
    OWN_TICKET = "own_ticket"
    NOT_ACTIVE = "not_active"
    WRONG_STATE = "wrong_state"
    OUTSIDE_WINDOW = "outside_window"
    NOT_INVOLVED = "not_involved"
    REQUESTER_UNKNOWN = "requester_unknown"
    UNREADABLE = "unreadable"


_UNCERTAIN: Final = {Code.REQUESTER_UNKNOWN, Code.UNREADABLE}


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it was read. `people` are the sys_ids of users by column. `active` is None where it can't be read;
    `start` and `end` are a change's planned times, aware and in UTC."""

    table: str
    number: str
    sys_id: str
    state: str
    active: bool | None
    people: Mapping[str, str]
    group: str = ""
    start: datetime | None = None
    end: datetime | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one named ticket: a code, a sentence for whoever approves, and the ticket's sys_id where it
    may be linked."""

    code: Code
    sentence: str
    sys_id: str = ""


NONE_NAMED: Final = Finding(Code.NONE_NAMED, "the reason names no ticket.")


@dataclass(frozen=True, slots=True)
class Justification:
    """What was found about all tickets that a reason names: at least one finding."""

    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Whether one of the tickets justifies the access."""
        return any(finding.code is Code.JUSTIFIED for finding in self.findings)

    @property
    def bad(self) -> bool:
        """Whether it is certain that none does: what couldn't be read, or whose it is, never denies."""
        return not self.good and all(finding.code not in _UNCERTAIN for finding in self.findings)

    @property
    def text(self) -> str:
        """Lines for the ticket, the one that counts first."""
        good = [finding for finding in self.findings if finding.code is Code.JUSTIFIED]
        others = [finding for finding in self.findings if finding.code is not Code.JUSTIFIED]
        if not good:
            return "\n".join(f"{_prefix(finding)}{finding.sentence}" for finding in others)
        return "\n".join(
            [f"{_GOOD}{good[0].sentence}", *(f"{_ALSO}{finding.sentence}" for finding in (*good[1:], *others))]
        )

    @property
    def sys_id(self) -> str:
        """The ticket to link: the one that justifies, else the first that was found; empty where there is none."""
        in_order = sorted(self.findings, key=lambda finding: finding.code is not Code.JUSTIFIED)
        return next((finding.sys_id for finding in in_order if finding.sys_id), "")


def text_denies(text: str) -> bool:
    """Tell whether a `Justification.text`, as it was kept, was that of a `bad` one."""
    return bool(text) and all(line.startswith(_BAD) for line in text.split("\n"))


def numbers(reason: str, pattern: str) -> tuple[str, ...]:
    """Return the numbers of tickets that a reason names: each once, as it is written there, at most three."""
    found = (match[0] for match in re.finditer(pattern, reason[:_LONGEST_REASON]))
    return tuple({number.casefold(): number for number in found if number.strip()}.values())[:_MOST_NUMBERS]


def not_found(number: str) -> Finding:
    """Return the finding about a number that no ticket has."""
    return Finding(Code.NOT_FOUND, f"ServiceNow has no ticket {shown(number)} of a kind that counts.")


def unreadable(number: str, why: str) -> Finding:
    """Return the finding about a ticket of which nothing certain could be read."""
    return Finding(Code.UNREADABLE, f"{shown(number)} can't be judged: {why}.")


def requester_unknown(ticket: Ticket, requester: str) -> Finding:
    """Return the finding about a ticket where it isn't known who the requester is in ServiceNow."""
    sentence = (
        f"{shown(requester)} is not exactly one ServiceNow user, so nobody can tell whether {ticket.number} is his."
    )
    return Finding(Code.REQUESTER_UNKNOWN, sentence, ticket.sys_id)


def part_in(ticket: Ticket, user_sys_id: str) -> str:
    """Return what part a user himself takes in a ticket, with `{who}` for his name; empty where he takes none."""
    return next((words for column, words in _PARTS.items() if ticket.people.get(column) == user_sys_id), "")


def judge_readable(ticket: Ticket) -> Finding | None:
    """A ticket must be a human's, and enough of it readable; a column that the account may not read comes empty."""
    if ticket.own:
        return Finding(Code.OWN_TICKET, f"{ticket.number} is itself about an access request, so it justifies none.")
    if ticket.active is None or not ticket.state:
        return unreadable(ticket.number, "the bridge may not read its state")
    if not ticket.group and not any(ticket.people.values()):
        return unreadable(ticket.number, "the bridge can't see whose it is")
    return None


def judge(ticket: Ticket, states: Collection[str], requester: str, part: str, now: datetime) -> Finding:
    """Judge a ticket of which enough was read.

    Parameters
    ----------
    ticket
        The ticket.
    states
        The values of its state in which it justifies.
    requester
        What Teleport calls the requester.
    part
        What part he takes in it (`part_in`, `IN_ITS_GROUP`); empty: none.
    now
        The present, aware.
    """
    if not part:
        return _no(Code.NOT_INVOLVED, ticket, f"{shown(requester)} takes no part in {ticket.number}.")
    state = shown(_LABELS.get(ticket.table, {}).get(ticket.state, f"state {ticket.state}"))
    if not ticket.active:
        return _no(Code.NOT_ACTIVE, ticket, f"{ticket.number} is not active any more ({state}).")
    if ticket.state not in states:
        return _no(Code.WRONG_STATE, ticket, f"{ticket.number} is in a state that justifies no access ({state}).")
    if ticket.table == CHANGES and not _in_window(ticket, now):
        return _no(Code.OUTSIDE_WINDOW, ticket, f"{ticket.number} is outside its planned window ({_window(ticket)}).")
    within = f", within its planned window until {show_time(ticket.end)}" if ticket.table == CHANGES else ""
    who = part.format(who=shown(requester))
    return Finding(Code.JUSTIFIED, f"{ticket.number} is active ({state}){within}, and {who}.", ticket.sys_id)


def shown(text: str) -> str:
    """Return a text from elsewhere as one that ServiceNow only shows: one short line."""
    return cut(" ".join(plain(text).split()), _NAME_LENGTH)


def _no(code: Code, ticket: Ticket, sentence: str) -> Finding:
    return Finding(code, sentence, ticket.sys_id)


def _in_window(ticket: Ticket, now: datetime) -> bool:
    return ticket.start is not None and ticket.end is not None and ticket.start <= now <= ticket.end


def _window(ticket: Ticket) -> str:
    if ticket.start is None or ticket.end is None:
        return "it has no planned start and end"
    return f"{show_time(ticket.start)} to {show_time(ticket.end)}"


def _prefix(finding: Finding) -> str:
    return _UNKNOWN if finding.code in _UNCERTAIN else _BAD
