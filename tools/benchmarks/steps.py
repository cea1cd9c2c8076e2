"""Cold start, step by step: what a join adds until Teleport has answered the first call, by way and by round trip.

Each run is a process of its own (`first_call`), behind a relay that makes the way to the proxy long and counts bytes.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from local.aws.names import REGION
from local.aws.roles import AwsRole
from local.system.options import DEMO
from local.system.stand_ins import BOTS, JOIN_TOKENS
from local.teleport.balancer import Balancer
from local.teleport.cluster import TeleportCluster
from tools.benchmarks.errors import NotMeasured
from tools.benchmarks.first_call import Moments, Task, first_call
from tools.benchmarks.relay import Connection, Relay

FUNCTION: Final = "teleport_events"
ROUND_TRIPS: Final = (0.0, 0.05, 0.1)
LOOK: Final = "look at the proxy"
JOIN: Final = "join"
CERTIFICATE: Final = "certificate with role"
CALL: Final = "first API call"

_WAYS: Final = 2
_PATIENCE: Final = 60.0
# The connections of each step, in this order. The look: what is there, and whether a balancer stands before it.
_JOINED: Final = ((LOOK, 2), (JOIN, 1), (CERTIFICATE, 1), (CALL, 1))
_FILED: Final = ((LOOK, 2), (CALL, 1))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one run: seconds, TCP connections opened, bytes sent and received in them."""

    name: str
    seconds: float
    connections: int
    sent: int
    received: int


@dataclass(frozen=True, slots=True)
class Run:
    """One process: its steps, and the processor time of all of them, in seconds."""

    steps: tuple[Step, ...]
    processor: float


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one way and one round trip (seconds): with a join, and with an identity file at hand."""

    way: str
    round_trip: float
    joined: Sequence[Run]
    filed: Sequence[Run]


def processes(runs: int) -> int:
    """How many processes `measure` runs: one more for each way and round trip, whose figures don't count."""
    return _WAYS * len(ROUND_TRIPS) * 2 * (runs + 1)


def measure(runs: int, done: Callable[[], None]) -> list[Runs]:
    """Measure every way and round trip, `runs` times each, and call `done` after each process.

    Raises
    ------
    NotMeasured
        A call failed, or took other connections than those whose steps are known.
    """
    # A process for each task: nothing that one has loaded is there for the next.
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    with pool, _cluster() as (cluster, role), Balancer(cluster.proxy_addr) as balancer:
        identity_file = cluster.identity_file(BOTS[FUNCTION], shape="tbot")
        ways = {
            "TLS routing": (cluster.proxy_addr, cluster.web_ca_pem),
            "L7 load balancer": (balancer.addr, balancer.ca_pem),
        }
        found = []
        for way, (addr, ca_pem) in ways.items():
            for round_trip in ROUND_TRIPS:
                with Relay(addr, round_trip) as relay:
                    joining = Task(relay.addr, ca_pem, JOIN_TOKENS[FUNCTION], role.variables, REGION)
                    joined, filed = [], []
                    for _ in range(runs + 1):
                        joined.append(_run(pool, joining, relay))
                        done()
                        filed.append(_run(pool, replace(joining, identity_file=identity_file), relay))
                        done()
                    found.append(Runs(way, round_trip, joined[1:], filed[1:]))
    return found


@contextmanager
def _cluster() -> Iterator[tuple[TeleportCluster, AwsRole]]:
    with ExitStack() as stack:
        directory = stack.enter_context(TemporaryDirectory(prefix="benchmark-"))
        cluster = stack.enter_context(TeleportCluster(Path(directory)))
        cluster.apply((DEMO / "cluster.yaml").read_text(encoding="utf-8"))
        role = AwsRole.of_function(FUNCTION)
        cluster.sts.add(role.access_key_id, role.secret_access_key, role.session_token, role.arn)
        yield cluster, role


def _run(pool: Executor, task: Task, relay: Relay) -> Run:
    try:
        moments = pool.submit(first_call, task).result(_PATIENCE)
    except (TimeoutError, BrokenProcessPool) as error:
        raise NotMeasured(f"a process didn't end as it should: {error!r}") from error
    if isinstance(moments, str):
        raise NotMeasured(f"the first call failed: {moments}")
    return Run(tuple(_steps(moments, relay.take(), joins=not task.identity_file)), moments.processor)


def _steps(moments: Moments, connections: Sequence[Connection], *, joins: bool) -> Iterator[Step]:
    """Where a step can't be seen from the client, it begins with its connection: so the second call of a join."""
    known = _JOINED if joins else _FILED
    if len(connections) != sum(number for _, number in known):
        raise NotMeasured(f"the first call took {len(connections)} connections, so its steps can't be told apart")
    edges = (
        moments.began,
        moments.looked,
        *((connections[3].opened, moments.joined) if joins else ()),
        moments.called,
    )
    first = 0
    for (name, number), began, ended in zip(known, edges, edges[1:], strict=False):
        own = connections[first : first + number]
        first += number
        yield Step(name, ended - began, number, sum(one.sent for one in own), sum(one.received for one in own))
