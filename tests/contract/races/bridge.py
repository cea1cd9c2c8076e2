"""The product's two functions as invocations: its own code from the queue's door on, wired with the test's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from aws_lambda_powertools import Logger

from access_bridge.aws.consume import Backoff, Consumed, FailureNotes, consume
from access_bridge.aws.decision_notes import DecisionNotes
from access_bridge.aws.queues import Message, Queue, decision_message, look_message
from access_bridge.aws.telemetry import metrics
from access_bridge.aws.ticket_notes import TicketNotes
from access_bridge.decisions import carry
from access_bridge.decisions.automatic import decide_automatically
from access_bridge.decisions.decide import decide
from access_bridge.decisions.evidence import Evidence
from access_bridge.decisions.messages import DecisionMessage, OnCallMessage, parse_message
from access_bridge.decisions.on_call import OnCallCheck
from access_bridge.errors import BridgeError
from access_bridge.ledger.table import Ledger
from access_bridge.people import People
from access_bridge.rules.model import Rules
from access_bridge.servicenow.users import Users
from access_bridge.teleport.client import Teleport
from access_bridge.tickets.callers import Callers
from access_bridge.tickets.incidents import Incidents
from access_bridge.tickets.messages import TicketMessage
from access_bridge.tickets.minute_pass import minute_pass
from access_bridge.tickets.sync import Systems, sync
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccount
from local.teleport.cluster import TeleportCluster
from tests.contract.ledger_tables import Tables
from tests.contract.races.clients import Seen, SteppedTeleport, servicenow
from tests.contract.races.clock import Clock, Ids
from tests.contract.races.queues import MAX_RECEIVES, FifoQueue, SteppedSqs
from tests.contract.races.queues import Message as Lying
from tests.contract.races.stepped_tables import SteppedTables
from tests.contract.races.steps import Invocation

Name = Literal["tickets", "decisions"]
TICKETS: Final = "tickets"
DECISIONS: Final = "decisions"
UNKNOWN_OUTCOME_SECONDS: Final = 65.0
_LOG: Final = Logger(service="races", level="CRITICAL")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Both stand-ins, a connection of each bot and one that nobody waits for, and the accounts in ServiceNow."""

    clock: Clock
    ids: Ids
    cluster: TeleportCluster
    instance: ServiceNowInstance
    connections: Mapping[Name, Teleport]
    couriers: Mapping[Name, Teleport]
    accounts: Mapping[Name, DemoAccount]


class Bridge:
    """Queues, a ledger, and the invocations that work on them."""

    def __init__(self, surroundings: Surroundings, rules: Rules, later: Callable[..., None], seen: Seen) -> None:
        self._surroundings = surroundings
        self._rules = rules
        self._later = later
        self._seen = seen
        self.tables = Tables()
        self.queues = {name: FifoQueue(surroundings.clock.time) for name in (TICKETS, DECISIONS)}

    @property
    def ledger(self) -> Ledger:
        """The ledger, to look into."""
        return Ledger(self.tables, "ledger")

    # ---- invocations

    def consume(self, name: Name) -> Invocation | None:
        """Begin to work on the next message of a queue; None where there is none now."""
        message = self.queues[name].receive()
        if message is None:
            return None
        assert message.receives < MAX_RECEIVES, f"a dead letter: {message}"
        handle = {TICKETS: self._look, DECISIONS: self._decide}[name]

        def work(invocation: Invocation) -> None:
            metrics.clear_metrics()
            sqs = SteppedSqs(self.queues, invocation)
            answer = consume(
                _event(message),
                handle=lambda body: handle(body, invocation),
                notes=lambda body: self._notes(name, body, invocation),
                queue=lambda: Consumed(name, sqs, Backoff(base_seconds=5, max_receive_count=MAX_RECEIVES)),
            )
            if not answer["batchItemFailures"]:
                self.queues[name].messages.remove(message)

        return self._begun(name, work)

    def minute_pass(self) -> Invocation:
        """Begin the pass of a minute."""

        def work(invocation: Invocation) -> None:
            ledger = Ledger(SteppedTables(self.tables, invocation), "ledger")
            queue = self._queue(TICKETS, invocation)
            teleport = self._teleport(TICKETS, invocation)
            with suppress(BridgeError):  # the next one does its work
                minute_pass(teleport, ledger, queue, now=self._surroundings.clock.now(), count=_nothing, log=_LOG)

        return self._begun("pass", work)

    def _begun(self, name: str, work: Callable[[Invocation], None]) -> Invocation:
        invocation = Invocation(name, work, self._later, self._surroundings.clock.time())
        invocation.begin()
        return invocation

    def _notes(self, name: Name, body: str, invocation: Invocation) -> FailureNotes:
        ledger, now = Ledger(SteppedTables(self.tables, invocation), "ledger"), self._surroundings.clock.now
        if name == DECISIONS:
            look = partial(self._ask_for_look, invocation)
            return DecisionNotes(ledger, parse_message(body), now=now, look=look, count=_nothing, log=_LOG)
        return TicketNotes(ledger, TicketMessage.model_validate_json(body), now=now)

    # ---- what the functions do with a message

    def _look(self, body: str, invocation: Invocation) -> None:
        message = TicketMessage.model_validate_json(body)
        ledger = Ledger(SteppedTables(self.tables, invocation), "ledger")
        client = servicenow(self._surroundings.instance, self._surroundings.accounts[TICKETS], invocation, self._seen)
        teleport = self._teleport(TICKETS, invocation)
        systems = Systems(
            ledger=ledger,
            teleport=teleport,
            incidents=Incidents(client, _nothing, _LOG),
            callers=Callers(Users(client), teleport, self._rules.ticket, _LOG, _nothing),
            rules=self._rules,
            justify=None,
            ask=lambda asked: self._queue(DECISIONS, invocation).send([decision_message(asked)]),
            web_addr=self._surroundings.cluster.proxy_addr,
            now=self._surroundings.clock.now,
            unknown_outcome_seconds=UNKNOWN_OUTCOME_SECONDS,
            count=_nothing,
            log=_LOG,
        )
        try:
            sync(message.request_id, message.event, systems)
        except BridgeError:
            if message.event is not None:
                ledger.put_event(message.event)
            raise

    def _decide(self, body: str, invocation: Invocation) -> None:
        message = parse_message(body)
        systems = self._decision_systems(invocation)
        match message:
            case DecisionMessage():
                decide(message, systems)
            case OnCallMessage():
                client = self._decisions_client(invocation)
                check = OnCallCheck(self._rules, client, systems.people, systems.now, _LOG)
                decide_automatically(message, check, systems)
            case _:
                raise NotImplementedError(body)

    def _decision_systems(self, invocation: Invocation) -> carry.Systems:
        client = self._decisions_client(invocation)
        users = Users(client)
        teleport = self._teleport(DECISIONS, invocation)
        return carry.Systems(
            ledger=Ledger(SteppedTables(self.tables, invocation), "ledger"),
            teleport=teleport,
            evidence=Evidence(client, users),
            people=People(users, teleport, self._rules.decisions),
            rules=self._rules,
            now=self._surroundings.clock.now,
            look=partial(self._ask_for_look, invocation),
            link=lambda request_id: f"https://{self._surroundings.cluster.proxy_addr}/web/requests/{request_id}",
            count=_nothing,
            log=_LOG,
        )

    # ---- what they are wired from

    def _decisions_client(self, invocation: Invocation) -> Any:
        account = self._surroundings.accounts[DECISIONS]
        return servicenow(self._surroundings.instance, account, invocation, self._seen)

    def _teleport(self, name: Name, invocation: Invocation) -> Teleport:
        around = self._surroundings
        connection, courier = around.connections[name], around.couriers[name]
        return SteppedTeleport(around.cluster, connection, courier, invocation).as_teleport()

    def _ask_for_look(self, invocation: Invocation, request_id: str) -> None:
        self._queue(TICKETS, invocation).send([look_message(request_id)])

    def _queue(self, name: Name, invocation: Invocation) -> Queue:
        return Queue(SteppedSqs(self.queues, invocation), name, sleep=lambda _: None)

    def send(self, name: Name, message: Message) -> None:
        """Put a message into a queue, as a door does."""
        self.queues[name].send(message.body, message.group, message.deduplication_id)


def _event(message: Lying) -> dict[str, Any]:
    """The event with which Lambda's poller hands over a message."""
    record = {
        "messageId": str(message.number),
        "receiptHandle": str(message.number),
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives), "MessageGroupId": message.group},
    }
    return {"Records": [record]}


def _nothing(_: str) -> None:
    """Count nothing."""
