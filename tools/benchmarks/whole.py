"""Cold start, whole: a new process of a function, from its start to the end of its first message, as Lambda sees it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from local.aws.environment import Code, Environment
from local.aws.events import kept_messages, sqs_event
from local.system import LocalSystem, Options
from local.system.stand_ins import BOTS
from tools.benchmarks.errors import NotMeasured
from tools.benchmarks.relay import Relay
from tools.benchmarks.steps import FUNCTION, ROUND_TRIPS

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_CONNECTIONS: Final = {True: 5, False: 3}  # with a join and without


@dataclass(frozen=True, slots=True)
class Start:
    """One new process, in seconds: until it asks for its first message (Lambda's init), and that message."""

    init: float
    message: float


@dataclass(frozen=True, slots=True)
class Starts:
    """The new processes of one round trip (seconds): with a join, and with an identity file in Secrets Manager."""

    round_trip: float
    joined: Sequence[Start]
    filed: Sequence[Start]


def processes(runs: int) -> int:
    """How many processes `measure` starts: one more for each round trip, whose figures don't count."""
    return len(ROUND_TRIPS) * 2 * (runs + 1)


def measure(runs: int, done: Callable[[], None]) -> list[Starts]:
    """Measure every round trip, `runs` times each, through TLS routing, and call `done` after each process.

    The message asks for a look at a request whose incident is there: the function reads settings, ledger and Teleport,
    and has nothing to write. Only the way to Teleport is long; AWS answers at once.

    Raises
    ------
    NotMeasured
        The message wasn't done, or another number of connections was made to Teleport than is expected.
    """
    with LocalSystem(Options(forwarding=False)) as system:
        code, event = system.code(FUNCTION), _message(system)
        joining = dict(system.environment(FUNCTION))
        system.use_identity_file(FUNCTION, system.teleport.identity_file(BOTS[FUNCTION], shape="tbot"))
        filing = dict(system.environment(FUNCTION))
        found = []
        for round_trip in ROUND_TRIPS:
            with Relay(system.teleport.proxy_addr, round_trip) as relay:
                addr = {"TELEPORT_ADDR": relay.addr}
                joined, filed = [], []
                for _ in range(runs + 1):
                    joined.append(_start(code, joining | addr, event, relay, joins=True))
                    done()
                    filed.append(_start(code, filing | addr, event, relay, joins=False))
                    done()
                found.append(Starts(round_trip, joined[1:], filed[1:]))
    return found


def _message(system: LocalSystem) -> dict[str, Any]:
    request_id = system.teleport.as_user("alice").create_request(["dba"], "a reason")
    system.tick(FUNCTION)  # asks for a look, by which the incident is made
    system.settle()
    message: MessageTypeDef = {
        "MessageId": str(uuid.uuid4()),
        "ReceiptHandle": "none",
        "Body": json.dumps({"request_id": request_id}),
        "MD5OfBody": "",
        "Attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": request_id},
    }
    return sqs_event(message, system.resources.tickets.arn)


def _start(code: Code, variables: Mapping[str, str], event: dict[str, Any], relay: Relay, *, joins: bool) -> Start:
    lines: list[str] = []
    began = time.monotonic()
    environment = Environment(code, variables, lines.append)
    try:
        environment.wait_until_ready()
        ready = time.monotonic()
        answer = environment.invoke(json.dumps(event).encode())
        ended = time.monotonic()
    finally:
        environment.kill()
    if answer.failed or kept_messages(answer.document, [event["Records"][0]["messageId"]]):
        raise NotMeasured("the first message wasn't done: " + "\n".join(lines[-5:]))
    connections = len(relay.take())
    if connections != _CONNECTIONS[joins]:
        raise NotMeasured(f"the first message took {connections} connections to Teleport, not {_CONNECTIONS[joins]}")
    return Start(ready - began, ended - ready)
