"""The function `teleport_events`: webhook, tickets queue, minute pass, pass over tickets. It reads Teleport, and alone
writes to ServiceNow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from access_bridge.access_request import AccessRequest
from access_bridge.aws.consume import FailureNotes, consume
from access_bridge.aws.http import answer, problem
from access_bridge.aws.queues import Message, decision_message, is_malformed, look_message
from access_bridge.aws.reconcile import KEY, listing, reconcile
from access_bridge.aws.runtime import Runtime
from access_bridge.aws.telemetry import count, logger
from access_bridge.aws.ticket_notes import NoNotes, TicketNotes
from access_bridge.aws.webhook import webhook
from access_bridge.decisions.messages import AutomaticMessage
from access_bridge.errors import BridgeError, BrokenConfiguration
from access_bridge.events.accept import MALFORMED_GROUP
from access_bridge.events.credentials import is_session_upload
from access_bridge.justification.find import find_justification
from access_bridge.justification.judge import Justification
from access_bridge.people import People
from access_bridge.rules.model import Rules
from access_bridge.servicenow.users import Users
from access_bridge.settings import Environment, WebhookSettings
from access_bridge.teleport.client import Teleport
from access_bridge.tickets.callers import Callers
from access_bridge.tickets.drift_pass import Systems as PassSystems
from access_bridge.tickets.drift_pass import drift_pass
from access_bridge.tickets.incidents import Incidents
from access_bridge.tickets.messages import TicketMessage
from access_bridge.tickets.minute_pass import EVENTS_NOTED_SECONDS, edition_problem, minute_pass
from access_bridge.tickets.sync import Systems, sync
from access_bridge.times import utc_now

_KEEP_USERS_SECONDS = 300.0


class TeleportEvents:
    """The function, made once for an environment."""

    def __init__(self, environment: Environment) -> None:
        self._runtime = Runtime(environment)
        self._note_events_at = 0.0
        self._doors = self._resolver()

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Handle one invocation, whichever trigger it came from."""
        if "requestContext" in event:
            return self._doors.resolve(event, context)
        if "Records" in event:
            return self._consume(event)
        if KEY in event:
            return reconcile(event[KEY], lambda report: self._pass_over_tickets(context, report=report))
        self._pass()
        return {}

    # ---- webhook ----

    def _resolver(self) -> APIGatewayHttpResolver:
        app = APIGatewayHttpResolver()

        @app.post("/teleport/events")
        def events() -> Response[str]:
            return webhook(
                app.current_event,
                settings=lambda: WebhookSettings.read(self._runtime.environment),
                secrets=lambda: self._runtime.secrets,
                queue=self._runtime.queue,
            )

        @app.not_found
        def other(_: NotFoundError) -> Response[str]:
            event: APIGatewayProxyEventV2 = app.current_event
            if is_session_upload(event.path):
                count("SessionUploadIgnored")
                return answer(HTTPStatus.OK, {"queued": 0})
            return problem(HTTPStatus.NOT_FOUND, "path", "The webhook is POST /teleport/events.")

        return app

    # ---- tickets queue ----

    def _consume(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return consume(
            event,
            handle=self._look,
            notes=self._notes,
            queue=lambda: self._runtime.consumed(self._runtime.tickets_queue_url),
        )

    def _notes(self, body: str) -> FailureNotes:
        if is_malformed(body):
            return NoNotes()
        return TicketNotes(self._runtime.ledger, TicketMessage.model_validate_json(body), now=utc_now)

    def _look(self, body: str) -> None:
        if is_malformed(body):
            # A redrive sent it here; nothing can be made of it, so it goes back to where a person sees it.
            dead_letters = self._runtime.queue(self._runtime.tickets_dead_letter_queue_url)
            dead_letters.send([Message(body, MALFORMED_GROUP)])
            return
        message = TicketMessage.model_validate_json(body)
        logger.append_keys(request_id=message.request_id)
        try:
            if message.event is not None:
                self._note_that_events_come()
            rules = self._runtime.rules()
            servicenow = self._runtime.servicenow
            servicenow.drop_connections()
            with self._runtime.teleport() as teleport:
                callers = Callers(self._users, teleport, rules.ticket, logger, count)
                systems = Systems(
                    ledger=self._runtime.ledger,
                    teleport=teleport,
                    incidents=Incidents(servicenow, count, logger),
                    callers=callers,
                    rules=rules,
                    justify=self._justify(rules, teleport),
                    ask=self._ask,
                    web_addr=self._runtime.teleport_settings.addr,
                    now=utc_now,
                    unknown_outcome_seconds=self._runtime.servicenow_settings.unknown_outcome_seconds,
                    count=count,
                    log=logger,
                )
                with self._counted_calls():
                    sync(message.request_id, message.event, systems, look_at_ticket=message.ticket)
        except BridgeError:
            if message.event is not None:  # sync may not have begun, and the ledger outlives the queue
                self._runtime.ledger.put_event(message.event)
            raise
        finally:
            logger.remove_keys(["request_id"])

    def _note_that_events_come(self) -> None:
        if time.monotonic() >= self._note_events_at:
            self._runtime.ledger.note_event(utc_now())
            self._note_events_at = time.monotonic() + EVENTS_NOTED_SECONDS

    @cached_property
    def _users(self) -> Users:
        return Users(self._runtime.servicenow, keep=_KEEP_USERS_SECONDS)

    def _justify(self, rules: Rules, teleport: Teleport) -> Callable[[AccessRequest], Justification] | None:
        wanted = rules.justification
        if wanted is None:
            return None
        servicenow = self._runtime.servicenow
        users = Users(servicenow)  # unkept, for a person is judged
        people = People(users, teleport, rules.decisions)

        def justify(request: AccessRequest) -> Justification:
            return find_justification(request.reason, request.user, wanted, servicenow, users, people, utc_now())

        return justify

    def _ask(self, message: AutomaticMessage) -> None:
        self._runtime.queue(self._runtime.decisions_queue_url).send([decision_message(message)])

    @contextmanager
    def _counted_calls(self) -> Iterator[None]:
        servicenow = self._runtime.servicenow
        before = servicenow.calls.copy()
        try:
            yield
        finally:
            for kind, number in (servicenow.calls - before).items():
                count(f"ServiceNow{kind.capitalize()}", number)

    # ---- every five minutes ----

    def _pass_over_tickets(self, context: LambdaContext, *, report: bool) -> dict[str, Any]:
        runtime = self._runtime
        runtime.servicenow.drop_connections()
        with runtime.teleport() as teleport:
            cluster = teleport.cluster_name
        systems = PassSystems(
            ledger=runtime.ledger,
            servicenow=runtime.servicenow,
            cluster=cluster,
            outcomes=runtime.rules().ticket.outcomes,
            look=self._look_at_tickets,
            now=utc_now,
            time_left=lambda: context.get_remaining_time_in_millis() / 1000,
            count=count,
            log=logger,
        )
        with self._counted_calls():
            found = drift_pass(systems, report=report)
        return {
            "tickets": found.tickets,
            "differing": listing(
                [
                    {"request_id": one.request_id, "ticket": one.number, "found": one.finding.drift}
                    for one in found.differing
                ]
            ),
            "unknown": found.unknown,
            "hidden": found.hidden,
            "finished": found.finished,
        }

    def _look_at_tickets(self, request_ids: Sequence[str]) -> None:
        queue = self._runtime.queue(self._runtime.tickets_queue_url)
        queue.send([look_message(request_id, ticket=True) for request_id in request_ids])

    # ---- every minute ----

    def _pass(self) -> None:
        try:
            self._runtime.ledger.started(utc_now())
            queue = self._runtime.queue(self._runtime.tickets_queue_url)
            with self._runtime.teleport() as teleport:
                asks = minute_pass(teleport, self._runtime.ledger, queue, now=utc_now(), count=count, log=logger)
                if asks:
                    count("PassAsked", len(asks))
                self._check_edition(teleport)
        except BridgeError as error:
            if isinstance(error, BrokenConfiguration):
                count("BrokenConfiguration")
            count("PassFailed")
            logger.warning("this minute's pass failed; the next one does its work", extra={"problem": str(error)})

    def _check_edition(self, teleport: Teleport) -> None:
        """Say before the first decision fails that this cluster can't take it."""
        if not self._runtime.environment.get("DECISIONS_QUEUE_URL"):
            return
        try:
            found = edition_problem(self._runtime.rules().decisions.mode, teleport.ping())
        except BrokenConfiguration:
            return  # rules that can't be read are said where they are needed
        if found:
            count("BrokenConfiguration")
            logger.warning("decisions can't be applied", extra={"problem": found})
