"""What `teleport-event-handler` 18.0.0 does: posts each audit event to a URL, and again until it is answered 200."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import random
import ssl
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from local.teleport.audit import AuditEvent
from local.teleport.cluster import TeleportCluster

TRIES = 6
"""POSTs of one event in a row; after the pause it begins again (recorded)."""

_SHORTEST, _LONGEST, _PAUSE = 1.0, 10.0, 5.0
_TIMEOUT = 30.0
_LOOK = 0.05


class Attempt(NamedTuple):
    """One POST: the event's `uid` and the status that came back, None when none came."""

    uid: str
    status: int | None


def event_body(event: AuditEvent) -> bytes:
    """An event as it is sent: one JSON object, sorted keys, `, ` and `:` between, no newline (recorded)."""
    return json.dumps(event, sort_keys=True, separators=(", ", ":"), ensure_ascii=False).encode()


def authorization(url: str) -> str | None:
    """The Basic header for the user information of a URL, percent-decoded; None without any."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


@dataclass
class _Poster:
    """Posts bodies to URLs, with the headers that were recorded and no others."""

    ca_pem: str | None = None
    _context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        if self.ca_pem is None:
            self._context = ssl.create_default_context()
        else:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._context.load_verify_locations(cadata=self.ca_pem)

    def post(self, url: str, body: bytes) -> int | None:
        """The status of the answer, or None when there was none."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=self._context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.putrequest("POST", path, skip_accept_encoding=True)
            connection.putheader("User-Agent", "Go-http-client/1.1")
            connection.putheader("Content-Length", str(len(body)))
            credentials = authorization(url)
            if credentials is not None:
                connection.putheader("Authorization", credentials)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Accept-Encoding", "gzip")
            connection.endheaders(body)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            return None
        else:
            return response.status
        finally:
            connection.close()


class EventForwarder:
    """Forwards a cluster's audit log, from its first event on, one event at a time in a thread of its own.

    Only 200 counts; every other answer is a failure, a redirect too (recorded; the real one follows it first). An event
    that fails holds up all that come after it. Unlike the real one it does not poll: an event leaves at once.
    """

    def __init__(  # noqa: PLR0913 - two of them must be given
        self,
        cluster: TeleportCluster,
        url: str,
        *,
        ca_pem: str | None = None,
        time_scale: float = 1.0,
        duplicate: bool = False,
        reverse: bool = False,
    ) -> None:
        """`url` may hold user information. `ca_pem`: the only CA to trust, as with the handler's own `ca` setting.

        `time_scale` shortens the pauses of 1 to 10 s between tries. `duplicate` delivers each event twice in a row,
        `reverse` what has gathered since the last look in reverse order: what a restart or a bulk export may do.
        """
        self.attempts: list[Attempt] = []
        self._lost: set[str] = set()
        self._gate = threading.Lock()
        self._cluster = cluster
        self._url = url
        self._poster = _Poster(ca_pem)
        self._scale = time_scale
        self._copies = 2 if duplicate else 1
        self._reverse = reverse
        self._position = 0
        self._delivered = threading.Condition()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins, or goes on after the last event that was delivered."""
        if self._thread is not None:
            raise RuntimeError("the forwarder runs already")
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="event-forwarder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the POST that is under way. An event that was not answered 200 is sent again after `start`."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> EventForwarder:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, no event that comes into the log leaves."""
        with self._gate:
            yield

    def lose(self, request_id: str) -> None:
        """From now on no event of this access request is ever sent."""
        self._lost.add(request_id)

    def has_delivered(self, request_id: str) -> bool:
        """Whether every event of this access request so far was answered 200, or is lost."""
        with self._delivered:
            waiting = self._cluster.audit_log[self._position :]
        return all(event.get("id") != request_id for event in waiting)

    def deliver_pending(self, timeout: float = 30.0) -> None:
        """Waits until all events so far are delivered. Raises TimeoutError after `timeout` seconds."""
        wanted = len(self._cluster.audit_log)
        with self._delivered:
            if not self._delivered.wait_for(lambda: self._position >= wanted, timeout):
                raise TimeoutError(f"{wanted - self._position} of {wanted} events are not delivered")

    def upload_session(self, session_url: str, session_id: str, events: Iterable[dict[str, Any]]) -> list[int | None]:
        """Posts the events of a session recording to `<session url>.<session id>.log`; the statuses that came back."""
        url = f"{session_url}.{session_id}.log"
        return [self._poster.post(url, event_body(event)) for event in events]

    def _run(self) -> None:
        while not self._ending.is_set():
            if not self._cluster.wait_for_event(self._position + 1, _LOOK):
                continue
            with self._gate:
                batch = self._cluster.audit_log[self._position :]
            for event in reversed(batch) if self._reverse else batch:
                if not all(self._deliver(event) for _ in range(self._copies)):
                    return
                if not self._reverse:
                    self._advance(1)
            if self._reverse:
                self._advance(len(batch))

    def _advance(self, count: int) -> None:
        with self._delivered:
            self._position += count
            self._delivered.notify_all()

    def _deliver(self, event: AuditEvent) -> bool:
        """Posts until the answer is 200. False when the forwarder was stopped meanwhile."""
        if event.get("id") in self._lost:
            return True
        body = event_body(event)
        while not self._ending.is_set():
            pause = _SHORTEST
            for _ in range(TRIES):
                status = self._poster.post(self._url, body)
                self.attempts.append(Attempt(event["uid"], status))
                if status == http.HTTPStatus.OK:
                    return True
                pause = min(_LONGEST, random.uniform(_SHORTEST, pause * 3))  # decorrelated jitter
                if self._ending.wait(pause * self._scale):
                    return False
            self._ending.wait(_PAUSE * self._scale)
        return False
