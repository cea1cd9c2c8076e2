"""The events that AWS calls a function with, and how API Gateway reads its answer."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from local.aws.names import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_TEXT_TYPES = ("application/json", "application/javascript", "application/xml")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the gateway took it. Header names are lower-case, repeated headers joined by commas."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer for the caller."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def http_event(request: HttpRequest, route: str, path_parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the HTTP API event, payload format 2.0, for the route key `route` (`POST /teleport/{proxy+}`)."""
    body, encoded = _body(request)
    now = time.time()
    headers = {name: value for name, value in request.headers.items() if name != "cookie"}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": "local",
            "domainName": request.headers.get("host", ""),
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": route,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": encoded,
    }
    if request.body:
        event["body"] = body
    if "cookie" in request.headers:
        event["cookies"] = [cookie.strip() for cookie in request.headers["cookie"].split(";")]
    if request.query:
        event["queryStringParameters"] = _query_parameters(request.query)
    if path_parameters:
        event["pathParameters"] = dict(path_parameters)
    return event


def http_response(answer: Any) -> HttpResponse:
    """Read a function's answer as an HTTP API does: without a `statusCode` it is itself the body, as JSON."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return HttpResponse(200, {"content-type": "application/json"}, json.dumps(answer).encode())
    headers = {str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    text = answer.get("body") or ""
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else str(text).encode()
    return HttpResponse(int(answer["statusCode"]), headers, body)


def sqs_event(message: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    """Return the event of an SQS event source with batch size 1."""
    attributes = {
        name: {_lower(key): value for key, value in attribute.items()}
        for name, attribute in message.get("MessageAttributes", {}).items()
    }
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": dict(message["Attributes"]),
                "messageAttributes": attributes,
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": REGION,
            }
        ]
    }


def kept_messages(answer: Any, message_ids: list[str]) -> list[str]:
    """Return the ids that a function with `ReportBatchItemFailures` wants to keep.

    As Lambda does: nothing, or an empty list, means that all went well; an answer of another form, or one that names
    an unknown id, means that nothing did.
    """
    if not answer:
        return []
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if failures is None:
        return []
    if not isinstance(failures, list):
        return message_ids
    kept = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    return [name for name in kept if name] if set(kept) <= set(message_ids) else message_ids


def schedule_event(rule: str) -> dict[str, Any]:
    """Return the event of an EventBridge schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{rule}"],
        "detail": {},
    }


def _body(request: HttpRequest) -> tuple[str, bool]:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if "content-encoding" not in request.headers and (kind.startswith("text/") or kind in _TEXT_TYPES):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _query_parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = (unquote(part.replace("+", " ")) for part in pair.partition("="))
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
