"""The HTTP API: takes requests on loopback, finds the route, calls the function with API Gateway's event, answers."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.aws.environment import EnvironmentLost, TimedOut
from local.aws.events import HttpRequest, HttpResponse, http_event, http_response
from local.aws.function import Function, FunctionError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_BODY = 10 * 1024 * 1024  # bytes, API Gateway's quota


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `path` may end in a greedy variable such as `{proxy+}`, which takes anything below."""

    method: str
    path: str
    function: Function

    @property
    def key(self) -> str:
        """The route key, as API Gateway writes it."""
        return f"{self.method} {self.path}"

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """Return the path parameters of a request that this route takes, else None."""
        if method != self.method:
            return None
        prefix, _, variable = self.path.partition("{")
        if variable:
            rest = path.removeprefix(prefix)
            return {variable.removesuffix("+}"): rest} if path.startswith(prefix) and rest else None
        return {} if path == self.path else None


class PortTaken(Exception):
    """The gateway's port can't be bound; the text says why."""


class Gateway:
    """Binds `port` of 127.0.0.1 (0: a free one) at once. Raises PortTaken when that can't be done."""

    def __init__(self, port: int) -> None:
        self._routes: Sequence[Route] = ()
        try:
            self._socket = socket.create_server(("127.0.0.1", port), backlog=128)
        except OSError as error:
            raise PortTaken(f"Port {port} can't be used: {os.strerror(error.errno or 0)}.") from error
        self._server: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port that is bound."""
        port: int = self._socket.getsockname()[1]
        return port

    def start(self, routes: Sequence[Route]) -> None:
        """Take requests from now on; the first route that matches one takes it."""
        self._routes = routes
        self._server = make_server(
            "127.0.0.1", 0, self, threaded=True, request_handler=_RequestHandler, fd=self._socket.fileno()
        )
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Take no more requests."""
        if self._server is not None:
            self._server.shutdown()
            self._server.socket.close()
            self._server = None
        self._socket.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_BODY
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            answer = _message(413, "Request Entity Too Large")
        else:
            answer = self.handle(_http_request(request, body))
        response = Response(answer.body, answer.status, {**answer.headers, "apigw-requestid": "local"})
        if answer.status == 413:
            response.headers["connection"] = "close"
        return response(environ, start_response)

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request. What a function does wrong is a 500, as with API Gateway, and a timeout a 503."""
        for route in self._routes:
            parameters = route.match(request.method, request.path)
            if parameters is not None:
                try:
                    return http_response(route.function.invoke(http_event(request, route.key, parameters)))
                except TimedOut:
                    return _message(503, "Service Unavailable")
                except (EnvironmentLost, FunctionError):
                    return _message(500, "Internal Server Error")
        return _message(404, "Not Found")


class _RequestHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # exporters keep their connection
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: the functions log what they took."""


def _http_request(request: Request, body: bytes) -> HttpRequest:
    path, _, query = str(request.environ["REQUEST_URI"]).partition("?")
    return HttpRequest(
        method=request.method,
        path=path,
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        source_ip=request.remote_addr or "127.0.0.1",
    )


def _message(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, f'{{"message":"{text}"}}'.encode())
