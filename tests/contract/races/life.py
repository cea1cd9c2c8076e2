"""What happened to one access request and what is there of it now, as plain values read from both systems and the
ledger: what `truth` judges, whoever made it happen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Vote = Literal["approved", "rejected"]
Values = Mapping[str, Any]

BOT: Final = "bot-access-bridge-decisions"
WORDS: Final = {"APPROVED": "approved", "DENIED": "denied"}
STATES: Final = {"approved": "APPROVED", "rejected": "DENIED"}
_VERBS: Final = {"approved": "approve", "rejected": "deny"}
_ADMINISTRATOR: Final = "an administrator on the auth server"
_MARK: Final = re.compile(r"\[access-bridge decision ([^\]]+)\]")

# The sentences with which each fact begins on a ticket.
_REVIEWED: Final = re.compile(r"(?P<who>\S+)( \(submitted by \S+\))? reviewed the request: (?P<word>approved|denied)\.")
_CHANGED: Final = re.compile(r"In Teleport, (?P<who>.+) set the request to (?P<word>approved|denied)\.")
_DECIDED: Final = re.compile(r"(?P<how>Decision|Vote) in ServiceNow by (?P<who>.+): (?P<what>approve|deny)\.")
_AUTOMATIC: Final = re.compile(r"(Approved automatically|On-call check): .*")
_STATE: Final = re.compile(r"The request is (approved|denied)\.")
_EXPIRED: Final = re.compile(r"Nobody decided: the request expired.*")
_DELETED: Final = re.compile(r"The request was deleted( by .+)? before anybody decided\.")
_STAYS: Final = re.compile(
    r"This ticket was ended in ServiceNow before its request was decided, so it stays as it is\."
)
_NO_FACT: Final = re.compile(r"Approvals: |This ticket said (approved|denied|deleted|expired) before")


@dataclass(frozen=True, slots=True)
class Click:
    """A decision row: its sys_id, how the ticket names whoever made it, what it says, and whether it came from a vote
    on an approval. `called`: its callback came."""

    row: str
    who: str
    vote: Vote
    voted: bool = False
    called: bool = False

    @property
    def fact(self) -> str:
        """What the ticket tells of it."""
        return f"{'Vote' if self.voted else 'Decision'} of {self.who}: {_VERBS[self.vote]}"

    @property
    def failure(self) -> str:
        """What the ticket tells of it while the bridge is locked out."""
        return f"failure of {self.who}: {_VERBS[self.vote]}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A vote or a change in Teleport that is the bridge's: by which decision, in whose name, for what, and whether it
    is a review."""

    decision: str
    author: str
    state: str
    review: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One request.

    `state` is the one in which Teleport has it, empty where it is gone; `events` are its audit events in order, and
    `delivered` the uids of those that came to the webhook. `tickets` and `rows` are its incidents and decision rows as
    they stand, `notes` the work notes of all tickets that it ever had. `ledger` are its items by sort key.

    `over`: the time in which somebody could decide has passed. `touched`: a person changed the ticket. `closed`: one
    closed, canceled or deleted it. `counter_edited`: one changed the field in which the bridge counts its notes.
    `doubtful`: a decision's invocation was killed, or an answer to it was lost.
    """

    request_id: str
    state: str
    events: Sequence[Values]
    delivered: frozenset[str]
    tickets: Sequence[Values]
    notes: Sequence[str]
    clicks: Sequence[Click]
    rows: Mapping[str, Values]
    ledger: Mapping[str, Values]
    over: bool = False
    touched: bool = False
    closed: bool = False
    counter_edited: bool = False
    doubtful: bool = False

    # ---- in Teleport

    @property
    def votes(self) -> list[Values]:
        """The events of reviews and direct changes."""
        return [one for one in self.events if one["event"] in {"access_request.review", "access_request.update"}]

    @property
    def marks(self) -> list[Mark]:
        """What the bridge did in Teleport."""
        found = []
        for event in self.votes:
            review = event["event"] == "access_request.review"
            author = event["reviewer"] if review else event["updated_by"]
            if author == BOT or event.get("submitted_by") == BOT:
                text = _MARK.match(event.get("reason", ""))
                annotated = event.get("annotations", {}).get("access-bridge/decision", [""])[0]
                decision = (text[1] if text else "") if review else annotated
                found.append(Mark(decision, author, event["proposed_state" if review else "state"], review))
        return found

    def by_hand(self, events: Iterable[Values]) -> Iterator[str]:
        """Yield the facts of votes and changes that were not the bridge's."""
        for event in events:
            if event["event"] == "access_request.review":
                if event["reviewer"] != BOT and event.get("submitted_by") != BOT:
                    yield f"review by {event['reviewer']}: {WORDS[event['proposed_state']]}"
            elif event["updated_by"] != BOT:
                yield f"change by {_ADMINISTRATOR}: {WORDS[event['state']]}"

    # ---- on the ticket

    @property
    def told(self) -> Counter[str]:
        """How often each fact is told. What the bridge did counts as the decision behind it, in whichever words.

        Raises AssertionError for a note that tells something else.
        """
        return Counter(fact for note in self.notes for part in note.split("\n\n") for fact in self._fact(part))

    def _fact(self, part: str) -> Iterator[str]:
        first = part.split("\n", maxsplit=1)[0]
        decided, reviewed, changed = (pattern.fullmatch(first) for pattern in (_DECIDED, _REVIEWED, _CHANGED))
        if "(identity_locked)" in part:
            yield f"failure of {decided['who']}: {decided['what']}" if decided else "on call failed"
        elif decided:
            yield f"{decided['how']} of {decided['who']}: {decided['what']}"
        elif reviewed:
            yield self._behind(reviewed["who"], reviewed["word"], review=True) or (
                f"review by {reviewed['who']}: {reviewed['word']}"
            )
        elif changed:
            who = BOT if changed["who"].startswith(BOT) else changed["who"]
            yield self._behind(who, changed["word"], review=False) or f"change by {who}: {changed['word']}"
        elif _AUTOMATIC.fullmatch(first):
            yield "on call"
        elif any(pattern.fullmatch(first) for pattern in (_STATE, _EXPIRED, _DELETED, _STAYS)):
            yield first
        else:
            assert _NO_FACT.match(first), f"a note tells what nobody expects: {part}"

    def _behind(self, author: str, word: str, *, review: bool) -> str:
        for mark in self.marks:
            if (mark.author, WORDS[mark.state], mark.review) == (author, word, review):
                return next((click.fact for click in self.clicks if click.row == mark.decision), "on call")
        return ""

    @property
    def true(self) -> Counter[str]:
        """How often each fact may have been told by now: as often as it happened."""
        true = Counter([*self.by_hand(self.votes), "on call", "on call failed"])
        true += Counter(text for click in self.clicks for text in (click.fact, click.failure))
        states = {event["state"] for event in self.votes}
        true += Counter(f"The request is {word}." for state, word in WORDS.items() if state in states)
        ends = {_DELETED: not self.state, _EXPIRED: self.over, _STAYS: self.touched}
        patterns = [pattern for pattern, is_so in ends.items() if is_so]
        return true + Counter({fact: 1 for fact in self.told if any(one.fullmatch(fact) for one in patterns)})
