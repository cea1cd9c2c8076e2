"""Requests and answers of the HTTP doors, in API Gateway's payload format 2.0, and what our errors mean at a door."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from access_bridge.aws.telemetry import count, logger
from access_bridge.errors import BrokenConfiguration, Retry


def raw_body(event: APIGatewayProxyEventV2) -> bytes:
    """Return the body's bytes as the caller sent them; API Gateway encodes what it doesn't take for text."""
    body = event.raw_event.get("body") or ""
    if not event.raw_event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return b""


def answer(status: HTTPStatus, body: Mapping[str, Any]) -> Response[str]:
    """Return a JSON answer."""
    return Response(status_code=status.value, content_type="application/json", body=json.dumps(body))


def problem(status: HTTPStatus, code: str, detail: str) -> Response[str]:
    """Return an RFC 9457 problem with a code."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "code": code, "detail": detail}
    return Response(status_code=status.value, content_type="application/problem+json", body=json.dumps(body))


def at_the_door(door: str, work: Callable[[], Response[str]]) -> Response[str]:
    """Return the answer of a door's work, or 503 where it can't be done now: the caller is to send it again.

    Parameters
    ----------
    door
        The door's name, for the log.
    work
        Answers the call; may raise Retry or BrokenConfiguration.
    """
    try:
        return work()
    except Retry as error:
        logger.warning(f"the {door} can't take this now", extra={"problem": str(error)})
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Send it again later.")
    except BrokenConfiguration as error:
        count("BrokenConfiguration")
        logger.error(f"the {door} isn't configured", extra={"problem": str(error)})
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "configuration", "The bridge isn't configured: see its log.")
