"""The function `servicenow_decisions`: callback, decisions queue, the pass over decision rows. It reads ServiceNow, and
alone writes to Teleport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from access_bridge.aws.callback_door import callback_door
from access_bridge.aws.consume import FailureNotes, consume
from access_bridge.aws.decision_notes import DecisionNotes
from access_bridge.aws.queues import decision_message, look_message
from access_bridge.aws.reconcile import KEY, RUN, listing, reconcile
from access_bridge.aws.runtime import Runtime
from access_bridge.aws.telemetry import count, logger
from access_bridge.decisions.automatic import decide_automatically
from access_bridge.decisions.carry import Systems
from access_bridge.decisions.closed_check import ClosedCheck
from access_bridge.decisions.decide import decide
from access_bridge.decisions.evidence import Evidence
from access_bridge.decisions.justification_check import JustificationCheck
from access_bridge.decisions.messages import (
    ClosedMessage,
    DecisionMessage,
    JustificationMessage,
    OnCallMessage,
    parse_message,
)
from access_bridge.decisions.on_call import OnCallCheck
from access_bridge.decisions.undecided import Systems as PassSystems
from access_bridge.decisions.undecided import undecided_pass
from access_bridge.people import People
from access_bridge.servicenow.users import Users
from access_bridge.settings import CallbackSettings, Environment
from access_bridge.teleport.client import Teleport
from access_bridge.tickets.content import Cluster
from access_bridge.times import utc_now


class ServiceNowDecisions:
    """The function, made once for an environment."""

    def __init__(self, environment: Environment) -> None:
        self._runtime = Runtime(environment)
        self._doors = self._resolver()

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Handle one invocation, whichever trigger it came from."""
        if "requestContext" in event:
            return self._doors.resolve(event, context)
        if "Records" in event:
            return self._consume(event)
        return reconcile(event.get(KEY, RUN), lambda report: self._pass(context, report=report))

    # ---- callback ----

    def _resolver(self) -> APIGatewayHttpResolver:
        app = APIGatewayHttpResolver()

        @app.post("/servicenow/decisions")
        def decisions() -> Response[str]:
            return callback_door(
                app.current_event,
                settings=lambda: CallbackSettings.read(self._runtime.environment),
                secrets=lambda: self._runtime.secrets,
                queue=self._runtime.queue,
            )

        return app

    # ---- decisions queue ----

    def _consume(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return consume(
            event,
            handle=self._decide,
            notes=self._notes,
            queue=lambda: self._runtime.consumed(self._runtime.decisions_queue_url),
        )

    def _notes(self, body: str) -> FailureNotes:
        message, look = parse_message(body), partial(_look, self._runtime)
        return DecisionNotes(self._runtime.ledger, message, now=utc_now, look=look, count=count, log=logger)

    def _decide(self, body: str) -> None:
        message = parse_message(body)
        logger.append_keys(request_id=message.request_id)
        try:
            self._runtime.servicenow.drop_connections()
            with self._runtime.teleport() as teleport:
                systems = self._systems(teleport)
                match message:
                    case DecisionMessage():
                        decide(message, systems)
                    case OnCallMessage():
                        decide_automatically(message, self._on_call(systems), systems)
                    case JustificationMessage():
                        decide_automatically(message, self._justification(systems), systems)
                    case ClosedMessage():
                        decide_automatically(message, ClosedCheck.of(systems), systems)
        finally:
            logger.remove_keys(["request_id"])

    def _systems(self, teleport: Teleport) -> Systems:
        rules = self._runtime.rules()
        return Systems(
            ledger=self._runtime.ledger,
            teleport=teleport,
            evidence=Evidence(self._runtime.servicenow, self._users),
            people=People(self._users, teleport, rules.decisions),
            rules=rules,
            now=utc_now,
            look=partial(_look, self._runtime),
            link=lambda request_id: self._link(teleport, request_id),
            count=count,
            log=logger,
        )

    def _on_call(self, systems: Systems) -> OnCallCheck:
        return OnCallCheck(
            rules=systems.rules,
            client=self._runtime.servicenow,
            people=systems.people,
            now=utc_now,
            log=logger,
        )

    def _justification(self, systems: Systems) -> JustificationCheck:
        return JustificationCheck(
            rules=systems.rules,
            client=self._runtime.servicenow,
            users=self._users,
            people=systems.people,
            now=utc_now,
        )

    def _link(self, teleport: Teleport, request_id: str) -> str:
        web_addr = teleport.ping().proxy_public_addr or self._runtime.teleport_settings.addr
        return Cluster(teleport.cluster_name, web_addr).link(request_id)

    @cached_property
    def _users(self) -> Users:
        return Users(self._runtime.servicenow)

    # ---- every five minutes ----

    def _pass(self, context: LambdaContext, *, report: bool) -> dict[str, Any]:
        runtime = self._runtime
        runtime.servicenow.drop_connections()
        with runtime.teleport() as teleport:
            cluster = teleport.cluster_name
        systems = PassSystems(
            ledger=runtime.ledger,
            servicenow=runtime.servicenow,
            cluster=cluster,
            send=self._send,
            look=lambda request_ids: _look(runtime, *request_ids),
            now=utc_now,
            time_left=lambda: context.get_remaining_time_in_millis() / 1000,
            count=count,
            log=logger,
        )
        found = undecided_pass(systems, report=report)
        return {
            "rows": found.rows,
            "decide": listing([message.model_dump() for message in found.decide]),
            "write_outcome": listing([message.model_dump() for message in found.tell]),
            "unusable": listing(found.unusable),
            "hidden": found.hidden,
            "finished": found.finished,
        }

    def _send(self, messages: Sequence[DecisionMessage]) -> None:
        queue = self._runtime.queue(self._runtime.decisions_queue_url)
        queue.send([decision_message(message) for message in messages])


def _look(runtime: Runtime, *request_ids: str) -> None:
    runtime.queue(runtime.tickets_queue_url).send([look_message(request_id) for request_id in request_ids])
