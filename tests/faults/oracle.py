"""What must be there after a fault, worked out from what people did and the invariants of the design alone, never from
what the product's code would do.

`lost` is what must be there and is not, `doubled` what is there and must not be: a ticket, a fact told, a review or a
state change too many. Where an invariant itself allows something else, an `Allowance` says what, and why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.faults.history import BOT, Happened, Shown, Ticket

Fact = tuple[str, ...]
_RANK: Final = {"PENDING": 0, "APPROVED": 1, "PROMOTED": 1, "DENIED": 2}
_WORDS: Final = {"APPROVED": "approved", "DENIED": "denied", "PROMOTED": "promoted"}
NEW, RESOLVED = "1", "6"
# Outcome -> the incident's close code, and a word that its close notes have. The rules file's defaults (docs/rules.md).
_ENDS: Final = {
    "approved": ("Resolved by request", "approved in Teleport"),
    "promoted": ("Resolved by request", "promoted to an access list"),
    "denied": ("No resolution provided", "denied in Teleport"),
    "expired": ("No resolution provided", "expired"),
    "deleted": ("No resolution provided", "was deleted"),
}
_BOT: Final = re.escape(BOT)
_CHOSEN: Final = r"(?:Decision|Vote) in ServiceNow by .+?: (?:approve|deny)\.\n"
# A paragraph of a note -> the fact that it tells. The first that fits counts.
_PARAGRAPHS: Final[tuple[tuple[re.Pattern[str], Fact], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), fact)
    for pattern, fact in (
        (
            r"(?:Decision|Vote) in ServiceNow by .+?: (?:approve|deny)\.\nNot applied \((\w+)\): .+",
            ("not applied", "{0}"),
        ),
        (r"(?:Decision|Vote) in ServiceNow by .+?: (?:approve|deny)\.\n.+", ("decision",)),
        (rf"{_BOT} reviewed the request: .+", ("decision",)),
        (rf"In Teleport, {_BOT} on behalf of .+? set the request to .+", ("decision",)),
        (r"Approved automatically: .+", ("decision",)),
        (r"On-call check: not approved automatically \((\w+)\): .+", ("not applied", "{0}")),
        (r"(\S+) reviewed the request: (approved|denied)\..*", ("review", "{0}", "{1}")),
        (r"In Teleport, (.+?) set the request to (approved|denied)\..*", ("change", "{0}", "{1}")),
        (r"The request is (approved|denied|promoted)\b.*", ("state", "{0}")),
        (r"Nobody decided: the request expired.*", ("expired",)),
        (r"The request was deleted by (.+?) before anybody decided\.", ("deleted", "{0}")),
        (r"The request was deleted before anybody decided\.", ("deleted", "")),
        (r"Approvals: \d of \d\. \d more needed\.", ("threshold",)),
    )
)
# May be told besides, at most once: what is still open at that moment, and a deletion before its event says by whom
# ("what only an event knows is told when it is known").
_PASSING: Final[frozenset[Fact]] = frozenset({("threshold",), ("deleted", "")})
_ADMINISTRATOR: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\..+")


@dataclass(frozen=True, slots=True)
class Meant:
    """What is to become of a decision: the outcome on its row and the code of that."""

    outcome: str = "applied"
    code: str = "applied"


@dataclass(frozen=True, slots=True)
class Intended:
    """What people chose: decision rows by their sys_id, and the decision of the bot's own by its id."""

    rows: Mapping[str, Meant] = field(default_factory=dict)
    own: Mapping[str, Meant] = field(default_factory=dict)

    @property
    def decisions(self) -> Mapping[str, Meant]:
        """All of them."""
        return {**self.rows, **self.own}


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an invariant allows to be otherwise; `why` quotes it.

    Parameters
    ----------
    row_open
        The decision row may be left without its outcome.
    becomes
        What the decision may become instead: not applied, and told so, unless `untold`.
    told_before
        Codes of failures that may be told, once each, before the decision is applied after all.
    """

    why: str
    row_open: bool = False
    becomes: Meant | None = None
    untold: bool = False
    told_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is missing and what is too much, in words."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether all is as it must be."""
        return not (self.lost or self.doubled or self.unsettled)


def judge(happened: Happened, shown: Shown, intended: Intended, allowed: Allowance | None = None) -> Verdict:
    """Compare what is there with what must be there."""
    if allowed and allowed.becomes:
        changed = dict.fromkeys(intended.rows, allowed.becomes)
        intended = Intended(changed, dict.fromkeys(intended.own, allowed.becomes))
    lost: list[str] = []
    doubled: list[str] = []
    for problem, too_much in (
        *_tickets(shown),
        *_teleport(happened, intended),
        *_rows(shown, intended, allowed),
        *_facts(happened, shown, intended, allowed),
        *_fields(happened, shown),
    ):
        (doubled if too_much else lost).append(problem)
    lost += [f"a dead letter: {body[:100]}" for body in shown.dead]
    if shown.failed:
        lost.append("the ledger marks it as failed")
    unsettled = [f"{shown.waiting} messages in the queues"] if shown.waiting else []
    if shown.open_attempts:
        unsettled.append("an attempt without an end in the ledger")
    return Verdict(tuple(lost), tuple(doubled), tuple(unsettled))


Problem = tuple[str, bool]
"""What is wrong, and whether that is something too many."""


def outcome(happened: Happened) -> str:
    """How the request ended, by the order PENDING < APPROVED, PROMOTED < DENIED; empty while nobody decided.

    Expired and deleted are ends, not states: they close a request that nobody decided.
    """
    state = max((vote.state for vote in happened.votes), key=lambda name: _RANK[name], default="PENDING")
    if state in _WORDS:
        return _WORDS[state]
    return "expired" if happened.expired else "deleted" if happened.deleted_by else ""


def _tickets(shown: Shown) -> Iterator[Problem]:
    """I1: exactly one ticket, ever."""
    if not shown.tickets:
        yield "no ticket", False
    if len(shown.tickets) > 1:
        yield f"{len(shown.tickets)} tickets", True
    for sys_id in shown.strays:
        yield f"incident {sys_id} speaks of the request and doesn't stand for it", True


def _teleport(happened: Happened, intended: Intended) -> Iterator[Problem]:
    """I5: a decision is applied once; one that isn't meant to be applied isn't."""
    carried = Counter(vote.decision for vote in happened.votes if vote.by == BOT)
    for decision, meant in intended.decisions.items():
        wanted = 1 if meant.outcome in {"applied", "recorded"} else 0
        if carried[decision] < wanted:
            yield f"decision {decision} never reached Teleport", False
        if carried[decision] > wanted:
            yield f"decision {decision} reached Teleport {carried[decision]} times", True
    for decision in carried.keys() - intended.decisions.keys():
        yield f"the bot wrote to Teleport for {decision or 'no decision'}", True


def _rows(shown: Shown, intended: Intended, allowed: Allowance | None) -> Iterator[Problem]:
    """I4, I5: what became of a decision stands on its row."""
    found = {row.sys_id: row for row in shown.rows}
    for sys_id in found.keys() - intended.rows.keys():
        yield f"decision row {sys_id} that nobody made", True
    for sys_id, meant in intended.rows.items():
        row = found.get(sys_id)
        said = (row.outcome, row.code) if row else ("no row", "")
        if said == ("", "") and allowed and allowed.row_open:
            continue
        if said != (meant.outcome, meant.code):
            yield f"decision row {sys_id} says {said[0] or 'nothing'} ({said[1]}), not {meant.outcome}", False


def _facts(happened: Happened, shown: Shown, intended: Intended, allowed: Allowance | None) -> Iterator[Problem]:
    """I6: each fact is told on the ticket exactly once."""
    told = Counter(fact for ticket in shown.tickets for fact in told_facts(ticket))
    wanted = Counter(_to_tell(happened, intended))
    if allowed and allowed.untold:
        wanted = Counter(fact for fact in wanted if fact[0] != "not applied")
    may = Counter(_PASSING) + Counter(("not applied", code) for code in (allowed.told_before if allowed else ()))
    for fact in (wanted - told).elements():
        yield f"not told: {' '.join(fact)}", False
    for fact in (told - wanted - may).elements():
        yield f"told too often: {' '.join(fact)}", True


def told_facts(ticket: Ticket) -> Iterator[Fact]:
    """The facts that a ticket's notes tell, each as often as it is told; a paragraph that is none is a fact too."""
    for note in ticket.notes:
        for paragraph in note.split("\n\n"):
            yield _fact(paragraph.strip())


def _fact(paragraph: str) -> Fact:
    for pattern, fact in _PARAGRAPHS:
        found = pattern.fullmatch(paragraph)
        if found:
            return tuple(part.format(*found.groups()) for part in fact)
    return ("unknown words", paragraph[:80])


def _to_tell(happened: Happened, intended: Intended) -> Iterator[Fact]:
    for vote in happened.votes:
        if vote.by == BOT or (vote.update and not happened.forwarded):
            continue  # the bot's are decisions; who set a state directly is known from the event alone
        who = "an administrator on the auth server" if _ADMINISTRATOR.fullmatch(vote.by) else vote.by
        yield ("change" if vote.update else "review", who, _WORDS[vote.voted])
    for meant in intended.decisions.values():
        yield ("decision",) if meant.outcome in {"applied", "recorded"} else ("not applied", meant.code)
    end = outcome(happened)
    if end in {"approved", "denied", "promoted"}:
        yield ("state", end)
    elif end == "deleted":
        who = "an administrator on the auth server" if _ADMINISTRATOR.fullmatch(happened.deleted_by) else ""
        yield ("deleted", who if happened.forwarded else "")
    elif end:
        yield (end,)


def _fields(happened: Happened, shown: Shown) -> Iterator[Problem]:
    """The ticket ends as its request did, and its counter is what I6 says: 1 for the insert, 1 for each note."""
    end = outcome(happened)
    for ticket in shown.tickets:
        closed = bool(end)
        if ticket.state != (RESOLVED if closed else NEW):
            yield f"the ticket's state is {ticket.state}, the request {end or 'is pending'}", False
        elif closed:
            code, words = _ENDS[end]
            if ticket.close_code != code or words not in ticket.close_notes:
                yield f"the ticket is closed as {ticket.close_code!r}, the request is {end}", False
        counted = int(ticket.display.rpartition("#")[2] or -1)
        if counted != 1 + len(ticket.notes):
            yield f"the counter says #{counted} with {len(ticket.notes)} notes", counted <= len(ticket.notes)
