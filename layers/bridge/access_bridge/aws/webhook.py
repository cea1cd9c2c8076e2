"""The webhook: checks the credentials, puts what a body holds on the queues, and answers.

The customer's audit export must never stop because of us: whatever is accepted, ignored, repeated or malformed is
answered 200; only wrong credentials (401) and a queue that can't take it (503, which the exporter repeats) are not.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from access_bridge.aws.http import answer, problem, raw_body
from access_bridge.aws.queues import Queue, event_message, malformed_message
from access_bridge.aws.secrets import Secrets
from access_bridge.aws.telemetry import count, logger
from access_bridge.errors import BrokenConfiguration, Retry
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
    try:
        chosen = settings()
        authorization = event.headers.get("authorization", "")
        tokens = secrets().accepted(_SECRET, chosen.webhook_secret_arn)
        if not is_accepted(authorization, tokens):
            tokens = secrets().fetched_anew(_SECRET, chosen.webhook_secret_arn, previous=True)
        if not is_accepted(authorization, tokens):
            count("WebhookUnauthorized")
            return problem(HTTPStatus.UNAUTHORIZED, "credentials", "The webhook token is missing or wrong.")
        accepted = accept(raw_body(event))
        queue(chosen.tickets_queue_url).send([event_message(item) for item in accepted.events])
        queue(chosen.tickets_dead_letter_queue_url).send([malformed_message(item) for item in accepted.malformed])
    except Retry as error:
        logger.warning("the webhook can't take events now", extra={"problem": str(error)})
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Send it again later.")
    except BrokenConfiguration as error:
        count("BrokenConfiguration")
        logger.error("the webhook isn't configured", extra={"problem": str(error)})
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "configuration", "The bridge isn't configured: see its log.")
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
