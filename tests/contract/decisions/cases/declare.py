"""How a case is declared: what happens (a function), in which mode and on which Teleport, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from access_bridge.decisions.outcome import Outcome, Reason
from access_bridge.ledger.items import DecisionItem
from access_bridge.rules.decisions import Mode
from tests.contract.decisions.court import BOT, Case, Court

TeleportKind = Literal["18.11", "18.0", "open source"]
KINDS: Final[Mapping[TeleportKind, Mapping[str, Any]]] = MappingProxyType(
    {"18.11": {"on_behalf": True}, "18.0": {}, "open source": {"edition": "oss"}}
)
"""What a court's cluster is made with: the newer server knows reviews in another's name."""

MODES: Final[tuple[Mode, ...]] = ("bot", "on_behalf", "set_state")
PENDING: Final = "PENDING"


@dataclass(frozen=True, slots=True)
class Expected:
    """What comes of a case.

    Names of people and things stand in braces: `{approver}`. `told` is the sentence for people. Empty `outcome` and
    `code` mean that nothing is decided yet, or (`is_made`) that nobody made a decision. `state` and `reviews` (their
    authors) are what Teleport shows then, `words` the reason that it shows with the decision; empty `words` say nothing
    about it.
    """

    outcome: Outcome | Literal[""] = ""
    code: Reason | Literal[""] = ""
    told: str = ""
    state: str = PENDING
    reviews: tuple[str, ...] = ()
    words: str = ""
    is_made: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """What a case came to: the request, the decision that the case is about (none: nobody made one), and who is who."""

    request: Case
    decision: DecisionItem | None
    names: Mapping[str, str] = field(default_factory=dict)

    def found(self, court: Court) -> Expected:
        """Return what really came of it, from Teleport and the ledger, with names in braces."""
        request = court.cluster.requests.get(self.request.request_id)
        state = court.state(self.request) if request else "gone"
        reviews = [self._nameless(review.Author, court) for review in request.Spec.Reviews] if request else []
        words = self._nameless(court.told_in_teleport(self.request), court) if request else ""
        if self.decision is None:
            return Expected(state=state, reviews=tuple(reviews), words=words, is_made=False)
        item = court.ledger.decision(self.request.request_id, self.decision.decision_id)
        return Expected(
            Outcome(item.outcome) if item.outcome else "",
            Reason(item.code) if item.code else "",
            self._nameless(item.sentence, court),
            state,
            tuple(reviews),
            words,
        )

    def _nameless(self, text: str, court: Court) -> str:
        link = court.link(self.request.request_id)
        known = {"bot": BOT, "requester": self.request.requester, "incident": self.request.number, "link": link}
        for name, actual in sorted((known | dict(self.names)).items(), key=lambda named: -len(named[1])):
            text = text.replace(actual, f"{{{name}}}")
        return text


Run = Callable[[Court], Ended]
Expectation = Expected | Mapping[Mode, Expected]


@dataclass(frozen=True, slots=True)
class Entry:
    """One case in one mode on one kind of Teleport."""

    chapter: str
    name: str
    title: str
    mode: Mode
    teleport: TeleportKind
    expected: Expected
    run: Run

    @property
    def id(self) -> str:
        """What pytest calls it."""
        return "-".join((self.chapter, self.name, self.mode, self.teleport.replace(" ", "_")))

    def check(self, court: Court) -> None:
        """Let it happen, and compare what came of it; raises AssertionError where that is something else.

        Whatever the case: what was decided is in the ledger with its time, stands in the log in one line, and is handed
        on to be told on the ticket.
        """
        ended = self.run(court)
        found = ended.found(court)
        assert (found if self.expected.words else replace(found, words="")) == self.expected
        if ended.decision is None:
            assert court.ledger.records(ended.request.request_id).decisions == ()
            return
        decided = found.outcome not in {"", Outcome.FAILED}
        item = court.ledger.decision(ended.request.request_id, ended.decision.decision_id)
        assert bool(item.decided_at) is bool(found.outcome)
        assert len(court.log_lines(item.decision_id)) == int(decided)
        assert (ended.request.request_id in court.looks) is bool(found.outcome)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The cases about one subject; `text` introduces them."""

    title: str
    text: str
    entries: list[Entry] = field(default_factory=list)

    def case(
        self, modes: Mode | tuple[Mode, ...], expected: Expectation, teleport: TeleportKind = "18.11"
    ) -> Callable[[Run], Run]:
        """Declare a function as a case of this chapter, in these modes. Its docstring is what a reader gets to see.

        `expected` may differ from mode to mode. A function may be declared more than once.
        """

        def declared(run: Run) -> Run:
            title = " ".join((run.__doc__ or "").split()).removesuffix(".")
            assert title, f"{run.__name__} needs a docstring: it stands in the table"
            for mode in (modes,) if isinstance(modes, str) else modes:
                wanted = expected if isinstance(expected, Expected) else expected[mode]
                entry = Entry(run.__module__.rpartition(".")[2], run.__name__, title, mode, teleport, wanted, run)
                assert entry.id not in {known.id for known in self.entries}, f"{entry.id} is declared twice"
                self.entries.append(entry)
            return run

        return declared
