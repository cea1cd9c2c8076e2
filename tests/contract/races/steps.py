"""Invocations that go on one call at a time, in the order that a test chooses, and that end in the middle as a killed
process does.

An invocation runs in a thread of its own, and before each call to another system it stands still until it is told what
becomes of that call. No two run at once, so that a run with the same choices is the same run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeVar

_PATIENCE: Final = 60.0
"""Real seconds after which an invocation that neither calls nor ends is a defect."""

T = TypeVar("T")
Where = Literal["ledger", "servicenow", "teleport", "queue"]


class Fate(StrEnum):
    """What becomes of one call. Of a call that only reads, `UNSENT`, `UNHEARD` and `LATE` are the same."""

    DONE = "done"
    REFUSED = "refused"
    """Surely not done, and the caller is told so: throttled."""
    UNSENT = "unsent"
    """Not done, and the caller can't know."""
    UNHEARD = "unheard"
    """Done, and the caller can't know."""
    LATE = "late"
    """Done later, and the caller can't know."""
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    KILLED_LATE = "killed, done later"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that an invocation is about to make."""

    where: Where
    what: str
    writes: bool = False


class Killed(BaseException):
    """The process is gone. Nothing catches it; what an unwinding stack would still call is dead too."""


class Invocation:
    """One invocation of a function.

    Parameters
    ----------
    name
        Whose it is.
    work
        Does it; every call to another system goes through `take`.
    later
        Keeps what is still to be done of a call whose caller waits no longer.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Invocation], None],
        later: Callable[[Call, Callable[[], object]], None],
        began: float,
    ) -> None:
        self.name = name
        self.began = began
        self.waiting: Call | None = None
        """The call that it stands before; None once it has ended."""
        self.defect: Exception | None = None
        self._work = work
        self._later = later
        self._fate = Fate.DONE
        self._dead = False
        self._go = threading.Semaphore(0)
        self._rests = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def ended(self) -> bool:
        """Whether it has ended, or was killed."""
        return self.waiting is None

    def begin(self) -> None:
        """Start it; it goes to its first call."""
        self._thread.start()
        self._wait()

    def advance(self, fate: Fate = Fate.DONE) -> None:
        """Let its call have this fate; it goes to its next call, or to its end."""
        self._fate = fate
        self._go.release()
        self._wait()

    def kill(self) -> None:
        """End it where it stands."""
        self.advance(Fate.KILLED_BEFORE)

    def take(self, call: Call, do: Callable[[Fate], T], effect: Callable[[], object] | None = None) -> T:
        """Make one call, once it is this invocation's turn. For its own thread.

        Parameters
        ----------
        call
            Which one.
        do
            Makes it, with one of the first four fates.
        effect
            Does what it does to the other system, for nobody who waits; None where nothing is ever late.
        """
        if self._dead:
            raise Killed
        self.waiting = call
        self._rests.release()
        self._go.acquire()
        fate = self._fate
        if fate in {Fate.LATE, Fate.KILLED_LATE} and (effect is None or not call.writes):
            fate = Fate.UNSENT if fate is Fate.LATE else Fate.KILLED_BEFORE
        if fate is Fate.KILLED_AFTER:
            with suppress(Exception):
                do(Fate.DONE)
        if fate in {Fate.LATE, Fate.KILLED_LATE} and effect is not None:
            self._later(call, effect)
        if fate in {Fate.KILLED_BEFORE, Fate.KILLED_AFTER, Fate.KILLED_LATE}:
            self._dead = True
            raise Killed
        return do(Fate.UNSENT if fate is Fate.LATE else fate)

    def _wait(self) -> None:
        if not self._rests.acquire(timeout=_PATIENCE):
            raise AssertionError(f"{self.name} neither called nor ended after {self.waiting}")

    def _run(self) -> None:
        try:
            self._work(self)
        except Killed:
            pass
        except Exception as error:
            self.defect = error  # whatever comes out of a handler is one
        finally:
            self.waiting = None
            self._rests.release()
