"""A Hypothesis state machine over one access request: whatever happens to it on both sides, in whatever order the two
functions take their turns, and wherever they are killed or an answer is lost, what must never happen doesn't.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hypothesis import event, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.contract.races import truth
from tests.contract.races.bridge import Name, Surroundings
from tests.contract.races.course import Runner
from tests.contract.races.life import Vote
from tests.contract.races.settling import come_to_rest, settle
from tests.contract.races.steps import Fate
from tests.contract.races.world import Deed, Setting, Who, World


@dataclass(frozen=True, slots=True)
class Turn:
    """One function's turn: of the invocations that could go on now, or begin, one goes on for so many calls or writes,
    and the next call or write has this fate (None: it stays before it); or it comes to its end."""

    which: int
    unit: Literal["calls", "writes", "to its end"]
    number: int = 0
    fate: Fate | None = None


_WHO: Final[st.SearchStrategy[Who]] = st.sampled_from(["bob", "carol"])
_REVIEWERS: Final[st.SearchStrategy[Who | Literal["tctl"]]] = st.sampled_from(["bob", "carol", "tctl"])
_VOTES: Final[st.SearchStrategy[Vote]] = st.sampled_from(["approved", "approved", "rejected"])
_QUEUES: Final[st.SearchStrategy[Name]] = st.sampled_from(["tickets", "decisions"])
_DEEDS: Final[st.SearchStrategy[Deed]] = st.sampled_from(
    ["work", "resolve", "resolve", "reopen", "close", "cancel", "delete", "edit the counter"]
)
_WRITES: Final = st.sampled_from([0, 0, 0, 1, 1, 2, 2, 3, 4, 5])  # most invocations write twice or three times
_TO_ITS_END: Final = st.builds(Turn, st.integers(0, 2), st.just("to its end"))
_TO_A_CALL: Final = st.builds(Turn, st.integers(0, 2), st.just("calls"), st.integers(0, 7))
_STRUCK: Final = st.builds(Turn, st.integers(0, 2), st.just("writes"), _WRITES, st.sampled_from(list(Fate)))
_TURNS: Final = st.lists(_TO_ITS_END | _TO_A_CALL | _STRUCK, max_size=5)
_SOME_TURNS: Final = st.lists(_TO_ITS_END | _TO_A_CALL | _STRUCK, min_size=1, max_size=6)
_FIRST: Final = st.just([Turn(0, "to its end")]) | _SOME_TURNS
_NUMBERS: Final = st.integers(0, 7)
_SECONDS: Final = st.sampled_from([6.0, 20.0, 61.0, 70.0, 310.0, 700.0, 1900.0, 3700.0])
_SETTINGS: Final = st.builds(
    Setting,
    requester=st.sampled_from(["alice", "dave", "frank"]),
    mode=st.sampled_from(["bot", "on_behalf", "set_state"]),
    own_ids=st.sampled_from([True, True, False]),
    alone=st.sampled_from([False, False, True]),
    order=st.integers(0, 9),
)


class Race(RuleBasedStateMachine):
    """One request's life. `around` is where it takes place."""

    around: Surroundings

    @initialize(setting=_SETTINGS, told=st.sampled_from([True, True, False]), first=_FIRST, with_events=st.booleans())
    def ask(self, setting: Setting, told: bool, first: list[Turn], with_events: bool) -> None:
        """Somebody asks, and maybe has his ticket before anything else happens. `with_events`: all come in the end."""
        self.with_events = with_events
        self.sound = True
        self.world = World(self.around, setting)
        self.course = self.world.course
        if told:
            self.world.deliver(0)
        self._take(first)

    # ---- the bridge

    @precondition(lambda self: self.course.has_work)
    @rule(turns=_SOME_TURNS)
    def go_on(self, turns: list[Turn]) -> None:
        self._take(turns)

    @precondition(lambda self: self.course.late)
    @rule()
    def arrive(self) -> None:
        self.course.arrive()
        self._check()

    # ---- people

    @rule(who=_REVIEWERS, vote=_VOTES, told=st.booleans(), turns=_TURNS)
    def decide_in_teleport(self, who: Who | Literal["tctl"], vote: Vote, told: bool, turns: list[Turn]) -> None:
        if who == "tctl":
            self.world.set_state(vote)
        else:
            self.world.review(who, vote)
        self._announce(told, turns)

    @rule(told=st.booleans(), turns=_TURNS)
    def remove(self, told: bool, turns: list[Turn]) -> None:
        self.world.remove()
        self._announce(told, turns)

    @rule(what=st.sampled_from(["blind", "seeing", "locked", "unlocked"]), turns=_TURNS)
    def change_rights(self, what: Literal["blind", "seeing", "locked", "unlocked"], turns: list[Turn]) -> None:
        if what in {"blind", "seeing"}:
            self.world.blind(seeing=what == "seeing")
        else:
            self.world.lock(locked=what == "locked")
        self._take(turns)

    @rule(who=_WHO, vote=_VOTES, called=st.sampled_from([True, True, False]), turns=_TURNS)
    def click(self, who: Who, vote: Vote, called: bool, turns: list[Turn]) -> None:
        if self.world.click(who, vote) and called:
            self.world.call_back(len(self.world.clicks) - 1)
        self._take(turns)

    @rule(deed=_DEEDS, turns=_TURNS)
    def do_to_ticket(self, deed: Deed, turns: list[Turn]) -> None:
        self.world.deed(deed)
        self._take(turns)

    # ---- what comes, and what comes again

    @rule(number=_NUMBERS, turns=_TURNS)
    def deliver(self, number: int, turns: list[Turn]) -> None:
        self.world.deliver(number)
        self._take(turns)

    @precondition(lambda self: self.world.clicks)
    @rule(number=_NUMBERS, turns=_TURNS)
    def call_back(self, number: int, turns: list[Turn]) -> None:
        self.world.call_back(number)
        self._take(turns)

    @rule(name=_QUEUES, number=st.integers(0, 20), turns=_TURNS)
    def repeat(self, name: Name, number: int, turns: list[Turn]) -> None:
        self.world.repeat(name, number)
        self._take(turns)

    # ---- time

    @rule(seconds=_SECONDS, turns=_TURNS)
    def wait(self, seconds: float, turns: list[Turn]) -> None:
        self.course.wait(seconds)
        self._check()
        self._take(turns)

    # ---- how that is done

    def _announce(self, told: bool, turns: Sequence[Turn]) -> None:
        if told:
            self.world.deliver(len(self.world.events) - 1)
        self._take(turns)

    def _take(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            able = self.course.able()
            runner = able[turn.which % len(able)]
            self.course.start(runner)
            passed = 0
            while invocation := self.course.running.get(runner):
                counts = turn.unit == "calls" or (invocation.waiting and invocation.waiting.writes)
                if turn.unit != "to its end" and counts and passed == turn.number:
                    break
                passed += bool(counts)
                self._strike(runner, Fate.DONE)
            if turn.fate is not None:
                self._strike(runner, turn.fate)

    def _strike(self, runner: Runner, fate: Fate) -> None:
        if runner in self.course.running:
            note(f"  # {runner}: {self.course.running[runner].waiting} {fate}")
            self.course.advance(runner, fate)
            self._check()

    def _check(self) -> None:
        try:
            assert not self.world.watch.wrongs, self.world.watch.wrongs
            truth.check(self.world.life())
        except AssertionError:
            self.sound = False
            raise

    def _check_end(self) -> None:
        life = self.world.life()
        assert not self.world.watch.wrongs, self.world.watch.wrongs
        truth.check_end(life)
        if self.world.setting.requester == "frank" and not life.touched:
            assert life.state != "PENDING", "the requester is on call, and nobody noticed"
        for outcome in truth.outcomes(life):
            event(outcome)

    def teardown(self) -> None:
        """Everything comes to its end, unless something was wrong before."""
        if not hasattr(self, "world"):
            return
        try:
            if self.sound:
                come_to_rest(self.world)
                truth.check_at_rest(self.world.life())
                settle(self.world, with_events=self.with_events)
                self._check_end()
        finally:
            self.world.end()
