"""The callback's door: checks size, signature, freshness and body, in this order, and puts a look at the decision on
its queue. It believes nothing of what the callback says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from access_bridge.aws.http import answer, at_the_door, problem, raw_body
from access_bridge.aws.queues import Queue, decision_message
from access_bridge.aws.secrets import Secrets
from access_bridge.aws.telemetry import count, logger
from access_bridge.decisions.callback import (
    MAX_BODY_BYTES,
    Malformed,
    NotGenuine,
    decode_keys,
    read,
    verify,
)
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.settings import CallbackSettings

_SECRET = "CALLBACK_SECRET_ARN"  # noqa: S105 - the name of a setting


def callback_door(
    event: APIGatewayProxyEventV2,
    *,
    settings: Callable[[], CallbackSettings],
    secrets: Callable[[], Secrets],
    queue: Callable[[str], Queue],
) -> Response[str]:
    """Answer one callback.

    Parameters
    ----------
    event
        The call.
    settings, secrets, queue
        Give what is needed, when it is needed; a queue by its URL.
    """
    body = raw_body(event)
    if len(body) > MAX_BODY_BYTES:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The body is larger than 16 KiB.")
    return at_the_door("callback", lambda: _take(event, body, settings(), secrets(), queue))


def _take(
    event: APIGatewayProxyEventV2,
    body: bytes,
    settings: CallbackSettings,
    secrets: Secrets,
    queue: Callable[[str], Queue],
) -> Response[str]:
    try:
        event_id = _verified(event, body, settings.callback_secret_arn, secrets)
        callback = read(body, event_id)
    except NotGenuine as error:
        count("CallbackUnauthorized")
        logger.warning("a callback was refused", extra={"problem": str(error)})
        return problem(HTTPStatus.UNAUTHORIZED, "signature", "The signature is missing, malformed, wrong or stale.")
    except Malformed as error:
        return problem(HTTPStatus.BAD_REQUEST, "malformed", str(error))
    if callback is None:
        return answer(HTTPStatus.OK, {"outcome": "test"})
    queue(settings.decisions_queue_url).send([decision_message(DecisionMessage.of(callback, event_id))])
    count("CallbackAccepted")
    return answer(HTTPStatus.ACCEPTED, {"outcome": "queued"})


def _verified(event: APIGatewayProxyEventV2, body: bytes, arn: str, secrets: Secrets) -> str:
    headers = {name.lower(): value for name, value in event.headers.items()}
    if key_id := headers.get("x-bridge-key-id"):
        logger.append_keys(key_id=key_id[:64])
    try:
        return verify(headers, body, decode_keys(secrets.accepted(_SECRET, arn)), time.time())
    except NotGenuine:
        keys = decode_keys(secrets.fetched_anew(_SECRET, arn, previous=True))
        return verify(headers, body, keys, time.time())
