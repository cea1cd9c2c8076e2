"""Trouble on demand: what goes wrong with the next calls that match."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict, Unpack

Kind = Literal[
    "rate_limited",
    "refused_by_rule",
    "error_before",
    "error_after_commit",
    "late",
    "html_page",
    "unavailable",
    "truncated_json",
    "empty_success",
    "drop_before",
    "drop_after_commit",
]
# These answer instead of the instance: nothing is read or written.
BEFORE: Final[frozenset[Kind]] = frozenset(
    {"rate_limited", "refused_by_rule", "error_before", "html_page", "unavailable", "drop_before"}
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call as it comes in; `user` is empty where unknown.

    `table` is `oauth_token` for the token endpoint and `whoisoncall` for who is on call.
    """

    method: str
    table: str
    sys_id: str
    query: dict[str, str]
    user: str
    body: object


Predicate = Callable[[Incoming], bool]


class Which(TypedDict, total=False):
    """Which calls a trouble is for; what is left out matches all."""

    method: str
    table: str
    when: Predicate


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `remaining` calls that match; `seen` are those that it hit.

    Empty `method` and `table` match all calls but the token endpoint's: that only by `table="oauth_token"`.
    """

    kind: Kind
    remaining: int = 1
    method: str = ""
    table: str = ""
    when: Predicate | None = None
    seconds: float = 0.0
    seen: list[Incoming] = field(default_factory=list)
    _gate: threading.Event = field(default_factory=threading.Event)
    _hit: threading.Event = field(default_factory=threading.Event)

    def matches(self, call: Incoming) -> bool:
        """Whether this trouble is for that call."""
        wanted = self.table or ("" if call.table == "oauth_token" else call.table)
        return (
            self.remaining > 0
            and self.method in ("", call.method)
            and wanted == call.table
            and (self.when is None or self.when(call))
        )

    def take(self, call: Incoming) -> None:
        """Counts a call as hit."""
        self.remaining -= 1
        self.seen.append(call)
        self._hit.set()

    def wait_until_hit(self, timeout: float) -> bool:
        """Waits until it hit its first call; False where `timeout` seconds passed first."""
        return self._hit.wait(timeout)

    def hold(self) -> None:
        """Waits as long as a late call is held up: `seconds`, or until released."""
        self._gate.wait(self.seconds)

    def release(self) -> None:
        """Lets late calls go on at once."""
        self._gate.set()


class Faults:
    """The troubles that were asked for.

    Each method makes one for the next `times` calls that match `method`, `table` and `when`, and answers it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Adds a trouble; the first one that matches a call is used for it."""
        with self._lock:
            self._asked.append(fault)
        return fault

    def release(self) -> None:
        """Lets late calls go on."""
        with self._lock:
            for fault in self._asked:
                fault.release()

    def clear(self) -> None:
        """Takes back what hasn't happened yet, and lets late calls go on."""
        self.release()
        with self._lock:
            self._asked.clear()

    def take(self, call: Incoming) -> Fault | None:
        """The trouble for this call, counted as happened; None where all is well."""
        with self._lock:
            for fault in self._asked:
                if fault.matches(call):
                    fault.take(call)
                    return fault
        return None

    def rate_limited(self, times: int = 1, *, retry_after: int = 1, **which: Unpack[Which]) -> Fault:
        """429 with `Retry-After` (seconds) and the `X-RateLimit-…` headers."""
        return self.add(Fault("rate_limited", times, seconds=retry_after, **which))

    def late(self, seconds: float, times: int = 1, **which: Unpack[Which]) -> Fault:
        """Waits, then commits and answers, whether the caller is still there or not."""
        return self.add(Fault("late", times, seconds=seconds, **which))

    def refused_by_rule(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """403: a business rule of the customer's own aborts the operation."""
        return self.add(Fault("refused_by_rule", times, **which))

    def error_before(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """500, and nothing was written."""
        return self.add(Fault("error_before", times, **which))

    def error_after_commit(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """500 `Transaction cancelled: maximum execution time exceeded`, though the write was committed."""
        return self.add(Fault("error_after_commit", times, **which))

    def html_page(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """200 with the page of a hibernating instance; nothing was written."""
        return self.add(Fault("html_page", times, **which))

    def unavailable(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """503 with a page; nothing was written."""
        return self.add(Fault("unavailable", times, **which))

    def truncated_json(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The usual status, but the JSON stops in its middle; a write was committed."""
        return self.add(Fault("truncated_json", times, **which))

    def empty_success(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The usual status without a body; a write was committed."""
        return self.add(Fault("empty_success", times, **which))

    def drop_before(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The connection ends without an answer; nothing was written."""
        return self.add(Fault("drop_before", times, **which))

    def drop_after_commit(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The connection ends without an answer, though the write was committed."""
        return self.add(Fault("drop_after_commit", times, **which))
