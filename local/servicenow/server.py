"""The HTTP server of the instance, with or without TLS: a threaded WSGI server on loopback that can be stopped and
started again."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from local.servicenow.access import Session
from local.servicenow.auth import Accounts
from local.servicenow.errors import Refused
from local.servicenow.faults import BEFORE, Faults, Incoming
from local.servicenow.http_calls import DROPPED, Answer, Call, afterwards, instead
from local.servicenow.on_call import WHO_IS_ON_CALL, OnCall
from local.servicenow.table_api import Request, TableApi, route_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_TOKEN_PATH = "/oauth_token.do"
# What calls and troubles name instead of a table.
_OTHER_ROUTES = {_TOKEN_PATH: "oauth_token", WHO_IS_ON_CALL: "whoisoncall"}
_NO_LINGER = struct.pack("ii", 1, 0)


class Application:
    """The WSGI application: authentication, troubles, then the Table API, who is on call, or the token endpoint."""

    def __init__(self, accounts: Accounts, api: TableApi, on_call: OnCall, faults: Faults) -> None:
        self.calls: list[Call] = []
        self._accounts = accounts
        self._api = api
        self._on_call = on_call
        self._faults = faults
        self._idle = threading.Condition()
        self._under_way = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers one HTTP call. Raises ConnectionAbortedError after ending a connection that is to be dropped."""
        http = HttpRequest(environ)
        body = http.get_data()
        with self._idle:
            self._under_way += 1
        try:
            answer = self._answer(http, body)
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()
        if answer.status == 0:
            _end(environ["werkzeug.socket"], resets=answer.resets)
            raise ConnectionAbortedError
        return Response(answer.body, answer.status, answer.headers, mimetype=None)(environ, start_response)

    def wait(self, timeout: float) -> bool:
        """Waits until no call is under way; False where `timeout` seconds passed first."""
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, timeout)

    def _answer(self, http: HttpRequest, body: bytes) -> Answer:
        method = http.headers.get("X-HTTP-Method-Override", http.method) if http.method == "POST" else http.method
        route = route_of(http.path)
        token = http.path == _TOKEN_PATH
        table = _OTHER_ROUTES.get(http.path, route.table if route else "")
        sender = None if token else self._sender(http)
        user = sender.user_name if isinstance(sender, Session) else ""
        query, parsed = http.args.to_dict(), _parsed(http, body)
        call = Incoming(method, table, route.sys_id if route else "", query, user, parsed)
        fault = self._faults.take(call)
        answer = DROPPED
        try:
            if fault is not None:
                if fault.kind == "late_and_dropped":
                    _end(http.environ["werkzeug.socket"], resets=False)
                fault.before()
                if fault.kind in BEFORE:
                    answer = instead(fault, call)
                    return answer
            if isinstance(sender, Refused):
                answer = Answer.of_refusal(sender)
            elif sender is None:
                answer = self._token(http)
            elif http.path == WHO_IS_ON_CALL:
                answer = _asked(partial(self._on_call.answer, sender, method, query))
            elif route is None:
                answer = Answer.of_refusal(Refused(400, "Requested URI does not represent any resource"))
            else:
                request = Request(method, route, query, http.headers, body, sender)
                answer = _asked(partial(self._api.answer, request))
            if fault is not None:
                fault.after()
                answer = afterwards(fault, answer)
            return answer
        finally:
            self.calls.append(Call(method, http.path, table, query, user, answer.status, parsed))

    def _sender(self, http: HttpRequest) -> Session | Refused:
        try:
            return self._accounts.identify(http.headers)
        except Refused as refused:
            return refused

    def _token(self, http: HttpRequest) -> Answer:
        granted = None
        if http.method == "POST" and http.mimetype == "application/x-www-form-urlencoded":
            granted = self._accounts.token(http.form.to_dict())
        if granted is None:
            return Answer.of_json(401, {"error": "server_error", "error_description": "access_denied"})
        return Answer.of_json(200, granted)


def _end(connection: socket.socket, *, resets: bool) -> None:
    """Ends a connection: by TCP's FIN, or by a reset, which the server's own closing then sends."""
    with contextlib.suppress(OSError):
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        connection.shutdown(socket.SHUT_RD if resets else socket.SHUT_RDWR)


def _asked(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except Refused as refused:
        return Answer.of_refusal(refused)


def _parsed(http: HttpRequest, body: bytes) -> object:
    if http.path == _TOKEN_PATH:
        # Neither secrets nor what stands beside them are remembered.
        return ""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")


class _Handler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Prints nothing."""


class _Server(ThreadedWSGIServer):
    """Knows its open connections, so that stopping ends them as a machine that goes down does."""

    def __init__(self, listener: socket.socket, app: Application, tls: ssl.SSLContext | None) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__("127.0.0.1", listener.getsockname()[1], app, handler=_Handler, fd=listener.fileno())
        if tls is not None:
            # Hands shake in the connection's own thread: werkzeug's way, one silent client would hold up all others.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.ssl_context = tls

    def process_request(self, request: object, client_address: object) -> None:
        """Remembers the connection, then serves it in a thread of its own."""
        if isinstance(request, socket.socket):
            with self._guard:
                self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        """Forgets the connection and closes it; one that is to be reset gets no FIN before."""
        if isinstance(request, socket.socket):
            with self._guard:
                self._open.discard(request)
            if _is_to_be_reset(request):
                request.close()
                return
        super().shutdown_request(request)  # type: ignore[arg-type]

    def cut_connections(self) -> None:
        """Ends every open connection."""
        with self._guard:
            connections = tuple(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _is_to_be_reset(connection: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        size = len(_NO_LINGER)
        return connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size) == _NO_LINGER
    return False


class HttpServer:
    """Serves an application on 127.0.0.1: by HTTPS with `tls`, whose certificate must be loaded, else by HTTP.

    Port 0 takes a free one at the first start and keeps it.
    """

    def __init__(self, port: int, app: Application, tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self._app = app
        self._tls = tls
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is reached, without a slash at the end; known after the first start."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Opens the port and serves it in the background. Raises OSError where the port is taken."""
        if self._server is not None:
            return
        # Bound here, because werkzeug prints and exits where it can't bind.
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            self._server = _Server(listener, self._app, self._tls)
        self.port = self._server.port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="servicenow-http", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Closes the port, and every connection with it."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.cut_connections()
        self._server.server_close()
        self._server = self._thread = None
