"""The webhook: checks the credentials, puts what a body holds on the queues, and answers.

The customer's audit export must never stop because of us: whatever is accepted, ignored, repeated or malformed is
answered 200; only wrong credentials (401) and a queue that can't take it (503, which the exporter repeats) are not.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from access_bridge.aws.http import answer, at_the_door, problem, raw_body
from access_bridge.aws.queues import Queue, event_message, malformed_message
from access_bridge.aws.secrets import Secrets
from access_bridge.aws.telemetry import count
from access_bridge.events.accept import Accepted, accept
from access_bridge.events.credentials import is_accepted
from access_bridge.settings import WebhookSettings

_SECRET = "WEBHOOK_SECRET_ARN"  # noqa: S105 - the name of a setting


def webhook(
    event: APIGatewayProxyEventV2,
    *,
    settings: Callable[[], WebhookSettings],
    secrets: Callable[[], Secrets],
    queue: Callable[[str], Queue],
) -> Response[str]:
    """Answer one call of the webhook.

    Parameters
    ----------
    event
        The call.
    settings, secrets, queue
        Give what is needed, when it is needed; a queue by its URL.
    """
    return at_the_door("webhook", lambda: _take(event, settings(), secrets(), queue))


def _take(
    event: APIGatewayProxyEventV2, settings: WebhookSettings, secrets: Secrets, queue: Callable[[str], Queue]
) -> Response[str]:
    authorization = event.headers.get("authorization", "")
    tokens = secrets.accepted(_SECRET, settings.webhook_secret_arn)
    if not is_accepted(authorization, tokens):
        tokens = secrets.fetched_anew(_SECRET, settings.webhook_secret_arn, previous=True)
    if not is_accepted(authorization, tokens):
        count("WebhookUnauthorized")
        return problem(HTTPStatus.UNAUTHORIZED, "credentials", "The webhook token is missing or wrong.")
    accepted = accept(raw_body(event))
    queue(settings.tickets_queue_url).send([event_message(item) for item in accepted.events])
    queue(settings.tickets_dead_letter_queue_url).send([malformed_message(item) for item in accepted.malformed])
    _count(accepted)
    return answer(HTTPStatus.OK, {"queued": len(accepted.events)})


def _count(accepted: Accepted) -> None:
    for name, value in {
        "EventAccepted": len(accepted.events),
        "EventIgnored": accepted.ignored,
        "EventMalformed": len(accepted.malformed),
    }.items():
        if value:
            count(name, value)
