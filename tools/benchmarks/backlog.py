"""A backlog: events of many requests lie in the queue, as after a long outage, and are worked off; meanwhile the pass
has its look every minute.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from local.system import LocalSystem, Options
from local.system.stand_ins import BOTS
from tools.benchmarks.errors import NotMeasured
from tools.benchmarks.telling import Teller

WORKERS: Final = 5
"""How many requests are worked on at a time: the default of template.yaml."""
_REQUESTER: Final = "dave"
"""His requests need two approvals."""
_REVIEWERS: Final = ("bob", "carol")
_EVENTS_EACH: Final = 1 + len(_REVIEWERS)
_TICKETS: Final = "teleport_events"
_RESOLVED: Final = "6"
_PASS_EVERY: Final = 60.0
_LOOK_EVERY: Final = 1.0
_PATIENCE: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Drained:
    """What came of it.

    `fill` and `drain` are seconds. Calls are those of the bridge while it drained; `each_second` are those to
    ServiceNow in each second of that. `again` are deliveries after which a message was put back; `asked` are the looks
    that the `passes` of the minute asked for besides. `wrong` are requests that don't have one resolved ticket.
    """

    requests: int
    events: int
    fill: float
    drain: float
    servicenow_calls: int
    teleport_calls: int
    each_second: Sequence[float]
    deliveries: int
    again: int
    passes: int
    asked: int
    dead_letters: int
    wrong: int


def tell(teller: Teller, events: int) -> None:
    """Measure and print. Raises NotMeasured."""
    requests = -(-events // _EVENTS_EACH)
    teller.title("A backlog")
    teller.say(
        f"{requests} requests, each made and then approved by {' and '.join(_REVIEWERS)}, while no message is taken "
        f"off the queue. Then {WORKERS} are worked on at a time, and the pass has its look every minute."
    )
    with teller.progress("messages", requests * _EVENTS_EACH) as done:
        drained = measure(requests, done)
    teller.table("Backlog", ("",), _rows(drained))


def measure(requests: int, done: Callable[[], None]) -> Drained:
    """Let the queue fill and be worked off; `done` is told of each message less. Raises NotMeasured where that takes
    more than an hour."""
    as_deployed = Options(queue_workers=WORKERS, environments=WORKERS, function_timeout=300, visibility_timeout=1800)
    with LocalSystem(as_deployed) as system:
        began = time.monotonic()
        with system.queues_held():
            ids = [_request(system) for _ in range(requests)]
            system.wait_until(system.stand_ins.idle, timeout=_PATIENCE, what="the forwarder is behind")
            events, filled = _waiting(system), time.monotonic()
            servicenow, teleport = len(_servicenow(system)), len(_teleport(system))
        each_second, passes = _drained(system, events, done)
        ended = time.monotonic()
        deliveries = [one for request_id in ids for one in system.deliveries(request_id)]
        states = Counter((row["correlation_id"], row["state"]) for row in system.servicenow.rows("incident"))
        return Drained(
            requests=requests,
            events=events,
            fill=filled - began,
            drain=ended - filled,
            servicenow_calls=len(_servicenow(system)) - servicenow,
            teleport_calls=len(_teleport(system)) - teleport,
            each_second=each_second,
            deliveries=len(deliveries),
            again=sum(one.end != "done" for one in deliveries),
            passes=passes,
            asked=sum(int(one.value) for one in system.metrics("PassAsked")),
            dead_letters=len(system.dead_letters()),
            wrong=requests - sum(states[request_id, _RESOLVED] == 1 for request_id in ids),
        )


def _request(system: LocalSystem) -> str:
    request_id = system.teleport.as_user(_REQUESTER).create_request(["dba"], "a reason")
    for reviewer in _REVIEWERS:
        system.teleport.as_user(reviewer).review(request_id, "APPROVED", "fine")
    return request_id


def _drained(system: LocalSystem, events: int, done: Callable[[], None]) -> tuple[list[float], int]:
    """Return the calls to ServiceNow in each second until nothing lay in the queue, and how many passes there were."""
    each_second: list[float] = []
    began, passes, left = time.monotonic(), 0, events
    while waiting := _waiting(system):
        if time.monotonic() - began > _PATIENCE:
            raise NotMeasured(f"{waiting} messages still wait after an hour")
        for _ in range(left - waiting):
            done()
        left = min(left, waiting)
        if time.monotonic() - began > (passes + 1) * _PASS_EVERY:
            passes += 1
            system.tick(_TICKETS)
        looked = time.monotonic()
        before = len(_servicenow(system))
        time.sleep(_LOOK_EVERY)
        each_second.append((len(_servicenow(system)) - before) / (time.monotonic() - looked))
    system.settle()
    return each_second, passes


def _waiting(system: LocalSystem) -> int:
    return len(system.aws.messages()[system.resources.tickets.name])


def _servicenow(system: LocalSystem) -> Sequence[object]:
    return [call for call in system.servicenow.calls if call.user == system.stand_ins.tickets_account]


def _teleport(system: LocalSystem) -> Sequence[object]:
    return [call for call in system.teleport.calls if call.caller == BOTS[_TICKETS]]


def _rows(drained: Drained) -> Iterable[Sequence[str]]:
    busiest = sorted(drained.each_second)
    yield ("events in the queue", str(drained.events))
    yield ("  put there in", f"{drained.fill:.0f} s")
    yield ("  worked off in", f"{drained.drain:.0f} s")
    yield ("requests without their one resolved ticket", str(drained.wrong))
    yield ("deliveries of messages", str(drained.deliveries))
    yield ("  put back", str(drained.again))
    yield ("dead letters", str(drained.dead_letters))
    yield (f"looks that {drained.passes} passes asked for besides", str(drained.asked))
    yield ("calls to ServiceNow a request", f"{drained.servicenow_calls / drained.requests:.1f}")
    yield ("  in a second, median and most", f"{median(busiest):.0f} {busiest[-1]:.0f}")
    yield ("calls to Teleport a request", f"{drained.teleport_calls / drained.requests:.1f}")
