"""Requests and answers of the HTTP doors, in API Gateway's payload format 2.0."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2


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
