"""Trouble on demand: what goes wrong with the next calls that match."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict, Unpack

Kind = Literal[
    "rate_limited",
    "unauthorized",
    "forbidden",
    "hidden",
    "refused_by_rule",
    "error_before",
    "error_after_commit",
    "late",
    "late_and_dropped",
    "html_page",
    "unavailable",
    "truncated_json",
    "empty_success",
    "drop_before",
    "drop_after_commit",
    "reset_before",
    "reset_after_commit",
    "silent_before",
    "silent_after_commit",
]
# These answer instead of the instance: nothing is read or written.
BEFORE: Final[frozenset[Kind]] = frozenset(
    {
        "rate_limited",
        "unauthorized",
        "forbidden",
        "hidden",
        "refused_by_rule",
        "error_before",
        "html_page",
        "unavailable",
        "drop_before",
        "reset_before",
        "silent_before",
    }
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
    """One kind of trouble for the next `remaining` calls that match, but for the first `skip`; `seen` are those that it
    hit.

    Empty `method` and `table` match all calls but the token endpoint's: that only by `table="oauth_token"`. `seconds`
    is how long a call is held up, or what `Retry-After` says (None: that header is missing). `then` is called as it
    happens: before the answer, and after the commit where there is one.
    """

    kind: Kind
    remaining: int = 1
    method: str = ""
    table: str = ""
    when: Predicate | None = None
    seconds: float | None = 0.0
    skip: int = 0
    then: Callable[[], object] | None = None
    seen: list[Incoming] = field(default_factory=list)
    _gate: threading.Event = field(default_factory=threading.Event)
    _hit: threading.Event = field(default_factory=threading.Event)

    def matches(self, call: Incoming) -> bool:
        """Whether this trouble is for that call."""
        wanted = self.table or ("" if call.table == "oauth_token" else call.table)
        if (
            self.remaining == 0
            or self.method not in ("", call.method)
            or wanted != call.table
            or (self.when is not None and not self.when(call))
        ):
            return False
        self.skip -= 1
        return self.skip < 0

    def take(self, call: Incoming) -> None:
        """Counts a call as hit."""
        self.remaining -= 1
        self.seen.append(call)
        self._hit.set()

    def wait_until_hit(self, timeout: float) -> bool:
        """Waits until it hit its first call; False where `timeout` seconds passed first."""
        return self._hit.wait(timeout)

    def before(self) -> None:
        """What happens before the instance looks at the call."""
        if self.kind in BEFORE:
            self._happen()
        if self.kind in ("late", "late_and_dropped", "silent_before"):
            self._hold()

    def after(self) -> None:
        """What happens once the instance has done what it was asked for."""
        self._happen()
        if self.kind == "silent_after_commit":
            self._hold()

    def _happen(self) -> None:
        if self.then is not None:
            self.then()

    def _hold(self) -> None:
        """Waits for `seconds`, or until released."""
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

    def rate_limited(self, times: int = 1, *, retry_after: int | None = 1, **which: Unpack[Which]) -> Fault:
        """429 with `Retry-After` (seconds) and the `X-RateLimit-…` headers; None: without any of them."""
        return self.add(Fault("rate_limited", times, seconds=retry_after, **which))

    def unauthorized(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """401, as for credentials that the instance doesn't know."""
        return self.add(Fault("unauthorized", times, **which))

    def forbidden(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """403: an access control refuses the account."""
        return self.add(Fault("forbidden", times, **which))

    def hidden(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """404, as for a record that isn't there or that the account may not see; a list is empty."""
        return self.add(Fault("hidden", times, **which))

    def late(self, seconds: float, times: int = 1, **which: Unpack[Which]) -> Fault:
        """Waits, then commits and answers, whether the caller is still there or not."""
        return self.add(Fault("late", times, seconds=seconds, **which))

    def late_and_dropped(self, seconds: float, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The connection ends at once without an answer; the commit comes `seconds` later."""
        return self.add(Fault("late_and_dropped", times, seconds=seconds, **which))

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

    def reset_before(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The connection is reset (TCP RST); nothing was written."""
        return self.add(Fault("reset_before", times, **which))

    def reset_after_commit(self, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The connection is reset (TCP RST), though the write was committed."""
        return self.add(Fault("reset_after_commit", times, **which))

    def silent_before(self, seconds: float, times: int = 1, **which: Unpack[Which]) -> Fault:
        """No answer for so long, then the connection ends; nothing was written."""
        return self.add(Fault("silent_before", times, seconds=seconds, **which))

    def silent_after_commit(self, seconds: float, times: int = 1, **which: Unpack[Which]) -> Fault:
        """The write is committed at once; no answer for so long, then the connection ends."""
        return self.add(Fault("silent_after_commit", times, seconds=seconds, **which))
