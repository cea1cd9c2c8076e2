"""WSGI middleware before moto that makes the trouble which `local.aws.faults` asks for.

Errors have the form of AWS's JSON protocols 1.0 and 1.1, with the codes and statuses of the services' own models; the
tests hold them to botocore's. Their messages are AWS's where they are known, else ours.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import socket
import threading
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from werkzeug.wrappers import Request, Response

from local.aws.faults import LONGEST_LOOK, PATH, Fault

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CALLER: Final = re.compile(r"Credential=([^/]+)/")
_LONGEST_HOLD: Final = 120.0


@dataclass(frozen=True, slots=True)
class _Service:
    """How one service says that something went wrong: JSON version, prefix of its error types, and its codes."""

    json_version: str
    prefix: str
    throttled: tuple[str, int, str]
    internal: tuple[str, int, str]


_SLOWER: Final = "Rate exceeded"
_BROKEN: Final = "An error occurred on the server side."
_SERVICES: Final = {
    "DynamoDB_20120810": _Service(
        "1.0",
        "com.amazonaws.dynamodb.v20120810#",
        (
            "ProvisionedThroughputExceededException",
            400,
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
            "provisioning level with the UpdateTable API.",
        ),
        ("InternalServerError", 500, "The request processing has failed because of an unknown error"),
    ),
    "AmazonSQS": _Service(
        "1.0",
        "com.amazonaws.sqs#",
        ("RequestThrottled", 400, "Request is throttled."),
        ("InternalFailure", 500, "We encountered an internal error. Please try again."),
    ),
    "secretsmanager": _Service(
        "1.1", "", ("ThrottlingException", 400, _SLOWER), ("InternalServiceError", 500, _BROKEN)
    ),
    "AmazonSSM": _Service("1.1", "", ("ThrottlingException", 400, _SLOWER), ("InternalServerError", 500, _BROKEN)),
}


@dataclass(slots=True)
class _Asked:
    fault: Fault
    passed: int = 0
    hits: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def meets(self, operation: str, caller: str, body: str) -> bool:
        fault = self.fault
        if operation != fault.operation or fault.caller not in {"", caller} or self.hits == fault.times:
            return False
        if not all(text in body for text in fault.about):
            return False
        self.passed += 1
        if self.passed <= fault.skip:
            return False
        self.hits += 1
        return True


class FaultLayer:
    """Lets each call through to `application`, unless a trouble was asked for it."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._ids = itertools.count(1)
        self._asked: dict[int, _Asked] = {}
        self._changed = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith(PATH):
            return Response(json.dumps(self._control(request)), mimetype="application/json")(environ, start_response)
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        asked = self._take(operation, environ) if service in _SERVICES and self._asked else None
        if asked is None:
            return self._application(environ, start_response)
        return self._trouble(asked, _SERVICES[service], environ, start_response)

    # ---- what was asked for

    def _control(self, request: Request) -> dict[str, Any]:
        number, _, action = request.path.removeprefix(PATH).strip("/").partition("/")
        with self._changed:
            if not number:
                return self._add(request) if request.method == "POST" else self._clear()
            asked = self._asked.get(int(number))
            if asked is None:
                return {"hits": 0}
            if action == "release":
                asked.released.set()
            elif request.method == "DELETE":
                asked.released.set()
                del self._asked[int(number)]
            else:
                wait = min(request.args.get("wait", 0.0, float), LONGEST_LOOK)
                self._changed.wait_for(lambda: asked.hits > 0, wait)
            return {"hits": asked.hits}

    def _add(self, request: Request) -> dict[str, Any]:
        values = request.get_json()
        number = next(self._ids)
        self._asked[number] = _Asked(Fault(**{**values, "about": tuple(values["about"])}))
        return {"id": number}

    def _clear(self) -> dict[str, Any]:
        for asked in self._asked.values():
            asked.released.set()
        self._asked.clear()
        return {}

    def _take(self, operation: str, environ: WSGIEnvironment) -> _Asked | None:
        found = _CALLER.search(environ.get("HTTP_AUTHORIZATION", ""))
        caller, body = found[1] if found else "", _body(environ).decode()
        with self._changed:
            for asked in self._asked.values():
                if asked.meets(operation, caller, body):
                    self._changed.notify_all()
                    return asked
        return None

    # ---- what then happens

    def _trouble(
        self, asked: _Asked, service: _Service, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        kind = asked.fault.kind
        if kind == "partly_failed":
            return self._partly_failed(environ)(environ, start_response)
        if kind.endswith("after_commit"):
            Response.from_app(self._application, environ)
        if kind.startswith("hold"):
            asked.released.wait(_LONGEST_HOLD)
        if kind.startswith(("hold", "drop")):
            return _dropped(environ)
        return _error(service, *_code(service, kind))(environ, start_response)

    def _partly_failed(self, environ: WSGIEnvironment) -> Response:
        """The answer to a batch of which only the first entry was taken; of one entry alone, none."""
        batch = json.loads(_body(environ))
        entries = batch["Entries"]
        taken = entries[:1] if len(entries) > 1 else []
        answer: dict[str, Any] = {"Successful": []}
        if taken:
            inner = _with_body(environ, json.dumps({**batch, "Entries": taken}).encode())
            answer = json.loads(Response.from_app(self._application, inner).get_data())
        answer["Failed"] = [
            {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError", "Message": "Try again."}
            for entry in entries[len(taken) :]
        ]
        return Response(json.dumps(answer), content_type="application/x-amz-json-1.0")


def _code(service: _Service, kind: str) -> tuple[str, int, str]:
    match kind:
        case "throttled":
            return service.throttled
        case "unavailable":
            return "ServiceUnavailable", 503, "Service Unavailable"
        case "access_denied":
            return "AccessDeniedException", 400, "User is not authorized to perform this action"
        case "condition_failed":
            return "ConditionalCheckFailedException", 400, "The conditional request failed"
        case _:
            return service.internal


def _error(service: _Service, code: str, status: int, message: str) -> Response:
    body = json.dumps({"__type": f"{service.prefix}{code}", "message": message}).encode()
    response = Response(body, status, content_type=f"application/x-amz-json-{service.json_version}")
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    if service.prefix.startswith("com.amazonaws.dynamodb"):
        response.headers["x-amz-crc32"] = str(zlib.crc32(body))
    return response


def _body(environ: WSGIEnvironment) -> bytes:
    """The call's body, which can be read again after this."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _with_body(environ: WSGIEnvironment, body: bytes) -> WSGIEnvironment:
    return {**environ, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}


def _dropped(environ: WSGIEnvironment) -> Iterable[bytes]:
    with contextlib.suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
