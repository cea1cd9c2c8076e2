"""The Lambda Runtime API for one execution environment: where `awslambdaric` asks for events and answers them."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered: a value, or an error in Lambda's form (`errorType`, `errorMessage`)."""

    document: Any
    failed: bool


@dataclass(slots=True)
class Invocation:
    """One event on its way through an environment."""

    payload: bytes
    timeout: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answer: Future[Answer] = field(default_factory=Future)


class RuntimeApi:
    """Serves one environment. `ready` is set by its first question for an event, or by an error while it starts;
    `started` is called then too."""

    def __init__(self, function_arn: str, started: Callable[[], None]) -> None:
        self.function_arn = function_arn
        self.started = started
        self.ready = threading.Event()
        self.init_error: Any = None
        self.current: Invocation | None = None
        self.next: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, as `AWS_LAMBDA_RUNTIME_API` wants them."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving, and let go of the question that is waiting."""
        self.next.put(None)
        threading.Thread(target=self._server.shutdown, daemon=True).start()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a killed environment breaks its connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for a delayed acknowledgement
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        """Answer `invocation/next` once there is an event."""
        api = self.server.api
        if self.path != f"{PATH}/invocation/next":
            self._answer(404, b"{}")
            return
        api.ready.set()
        api.started()
        invocation = api.next.get()
        if invocation is None:
            self.close_connection = True
            return
        self._answer(
            200,
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": api.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            },
        )

    def do_POST(self) -> None:
        """Take an answer, an error, or an error while starting."""
        api = self.server.api
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == f"{PATH}/init/error":
            api.init_error = json.loads(body)
            api.ready.set()
            api.started()
        elif api.current is not None and self.path.startswith(f"{PATH}/invocation/{api.current.id}/"):
            invocation, api.current = api.current, None
            with contextlib.suppress(InvalidStateError):  # it ran out of time meanwhile
                invocation.answer.set_result(Answer(json.loads(body or b"null"), self.path.endswith("/error")))
        else:
            self._answer(400, b"{}")
            return
        self._answer(202, b'{"status":"OK"}')

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
