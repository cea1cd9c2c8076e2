"""The function `servicenow_decisions`: callback, decisions queue. It reads ServiceNow, and alone writes to Teleport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from access_bridge.aws.callback_door import callback_door
from access_bridge.aws.consume import consume
from access_bridge.aws.queues import look_message
from access_bridge.aws.runtime import Runtime
from access_bridge.aws.telemetry import count, logger
from access_bridge.decisions.decide import Systems, decide, with_verdict
from access_bridge.decisions.evidence import Evidence
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.outcome import Outcome, Reason, Verdict
from access_bridge.servicenow.users import Users
from access_bridge.settings import CallbackSettings, Environment
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
        return self._consume(event)

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
            notes=lambda body: _Notes(self._runtime, DecisionMessage.model_validate_json(body)),
            queue=lambda: self._runtime.consumed(self._runtime.decisions_queue_url),
        )

    def _decide(self, body: str) -> None:
        message = DecisionMessage.model_validate_json(body)
        logger.append_keys(request_id=message.request_id)
        try:
            rules = self._runtime.rules().decisions
            servicenow = self._runtime.servicenow
            servicenow.drop_connections()
            with self._runtime.teleport() as teleport:
                systems = Systems(
                    ledger=self._runtime.ledger,
                    teleport=teleport,
                    evidence=Evidence(servicenow, self._users),
                    rules=rules,
                    now=utc_now,
                    look=lambda request_id: _look(self._runtime, request_id),
                    count=count,
                    log=logger,
                )
                decide(message, systems)
        finally:
            logger.remove_keys(["request_id"])

    @cached_property
    def _users(self) -> Users:
        return Users(self._runtime.servicenow)


def _look(runtime: Runtime, request_id: str) -> None:
    runtime.queue(runtime.tickets_queue_url).send([look_message(request_id)])


class _Notes:
    def __init__(self, runtime: Runtime, message: DecisionMessage) -> None:
        self._runtime = runtime
        self._message = message

    def failed(self, attempts: int, reason: str, *, last: bool) -> None:
        """Record a failed attempt; after the last one the ticket is to tell that the decision failed."""
        ledger, message = self._runtime.ledger, self._message
        ledger.note_decision_failure(message.request_id, message.decision_id, attempts, reason, last=last)
        if not last:
            return
        item = ledger.decision(message.request_id, message.decision_id)
        if item.outcome:
            return
        item = replace(item, table=message.table, sys_id=message.sys_id, decision=message.decision)
        sentence = (
            "The decision could not be carried to Teleport in many attempts. Decide in Teleport, and tell whoever runs "
            "the bridge."
        )
        ledger.save_decision(with_verdict(item, Verdict(Outcome.FAILED, Reason.GAVE_UP, sentence)))
        count("DecisionFailed")
        _look(self._runtime, message.request_id)
