"""A real HTTP peer on loopback that answers what a test tells it to, in that order, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Ending(Enum):
    """How an exchange ends."""

    ANSWERED = "answered"
    NO_ANSWER = "the peer stays silent"
    LOST = "the connection closes without an answer"
    CUT = "the connection closes within the answer"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: object = None
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.ANSWERED


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body).items()}


def record(**values: str) -> Reply:
    """One record, as the Table API answers with it."""
    return Reply(body={"result": values})


def created(**values: str) -> Reply:
    return Reply(status=201, body={"result": values})


def listed(*rows: Mapping[str, str]) -> Reply:
    return Reply(body={"result": list(rows)})


def failed(status: int, detail: str = "", **headers: str) -> Reply:
    body = {"error": {"message": "Operation Failed", "detail": detail}, "status": "failure"}
    return Reply(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def token(value: str, expires_in: object = 1800) -> Reply:
    return Reply(body={"access_token": value, "token_type": "Bearer", "expires_in": expires_in, "scope": "useraccount"})


class Peer:
    """Answers with `replies` in their order; one call more than that is answered 599."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.asked: list[Asked] = []
        self._end = threading.Event()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def answer(self) -> None:
                peer.keep(self)
                peer.reply(self)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Peer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.set()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def will(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    def keep(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append(Asked(handler.command, parts.path, query, headers, body))

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        reply = self.replies.popleft() if self.replies else Reply(status=599)
        if reply.ending is Ending.NO_ANSWER:
            self._end.wait()
        if reply.ending in {Ending.NO_ANSWER, Ending.LOST}:
            handler.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        handler.send_header("Content-Type", reply.content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if reply.ending is Ending.CUT:
            handler.wfile.write(body[: len(body) // 2])
            handler.close_connection = True
        else:
            handler.wfile.write(body)
