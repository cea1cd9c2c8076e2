"""A way to the proxy that is as long as one asks for, and counts what goes over it: a TCP relay on loopback.

It imitates the time that bytes travel. A byte that either side sends arrives half a round trip later, in order, however
many are on their way. TCP's own handshake costs a round trip before the first byte leaves: the client's `connect`
returns at once, because this machine's kernel answers it, so what the client sends first is held back for that round
trip, counted from when it is sent, and travels then. For a client that speaks first and waits for an answer, as all do
who begin with TLS, everything that follows is as late as if `connect` had taken that long.

It can't imitate lost packets, jitter, bandwidth, or TCP's slow start. (In each direction, what is sent without waiting
for the other side is here far below the 14 KB with which TCP starts.) Names are resolved without delay. It counts what
TCP carries: TLS with its handshakes, not the headers of IP and TCP (40 bytes a packet) nor packets that only
acknowledge. A reset arrives as a plain end.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tools.benchmarks.errors import NotMeasured

_CHUNK = 65536
_PATIENCE = 10.0


@dataclass(slots=True)
class Connection:
    """One TCP connection that went through the relay.

    `opened` is a time of `time.monotonic()`, which on Linux and macOS is the same clock for all processes; `sent` and
    `received` are bytes, as the client sees it.
    """

    opened: float
    sent: int = 0
    received: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


class Relay:
    """Listens on a port of its own on loopback, and passes connections on to `target` while it is entered.

    Parameters
    ----------
    target
        `host:port`.
    round_trip
        Seconds.
    """

    def __init__(self, target: str, round_trip: float) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._round_trip = round_trip
        self._connections: list[Connection] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    @property
    def addr(self) -> str:
        """`localhost:PORT`."""
        return f"localhost:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # else `accept` goes on waiting
        self._listener.close()

    def take(self) -> list[Connection]:
        """Return the connections since the last time, in the order in which they were opened, once all have ended.

        Raises
        ------
        NotMeasured
            One is still open after ten seconds.
        """
        with self._lock:
            taken, self._connections = self._connections, []
        for connection in taken:
            if not connection.ended.wait(_PATIENCE):
                raise NotMeasured(f"a connection through the relay was not closed within {_PATIENCE:g} s")
        return taken

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # it was closed
            connection = Connection(time.monotonic())
            with self._lock:
                self._connections.append(connection)
            threading.Thread(target=self._carry, args=(client, connection), daemon=True).start()

    def _carry(self, client: socket.socket, connection: Connection) -> None:
        with client, contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if first := client.recv(_CHUNK):
                try:
                    self._carry_on(client, first, connection)
                finally:
                    client.shutdown(socket.SHUT_RDWR)  # else it stays open while a thread waits for what it sends
        connection.ended.set()

    def _carry_on(self, client: socket.socket, first: bytes, connection: Connection) -> None:
        def count_sent(size: int) -> None:
            connection.sent += size

        def count_received(size: int) -> None:
            connection.received += size

        established = time.monotonic() + self._round_trip
        up, down = _Lane(self._round_trip / 2, established), _Lane(self._round_trip / 2, established)
        count_sent(len(first))
        up.put(first)
        threads = [_started(up.read, client, count_sent)]
        _sleep_until(established)
        with socket.create_connection(self._target) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threads += [_started(up.write, server), _started(down.read, server, count_received)]
            down.write(client)
            for thread in threads:
                thread.join()


class _Lane:
    """One direction of a connection: what is read is written when it has travelled. An empty piece is the end."""

    def __init__(self, travel: float, established: float) -> None:
        self._travel = travel
        self._established = established
        self._pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def read(self, source: socket.socket, count: Callable[[int], None]) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(_CHUNK)
            except OSError:
                data = b""
            count(len(data))
            self.put(data)

    def put(self, data: bytes) -> None:
        self._pieces.put((max(time.monotonic(), self._established) + self._travel, data))

    def write(self, sink: socket.socket) -> None:
        """Until the end; what nobody takes any more is dropped."""
        data = b"-"
        while data:
            due, data = self._pieces.get()
            _sleep_until(due)
            with contextlib.suppress(OSError):
                if data:
                    sink.sendall(data)
                else:
                    sink.shutdown(socket.SHUT_WR)


def measured_round_trip(seconds: float, tries: int = 20) -> float:
    """Return the round trip that a relay of `seconds` really has, in seconds: the median of some, to a server that
    sends back what comes."""
    with socket.create_server(("127.0.0.1", 0)) as echo:
        _started(_send_back, echo)
        host, port = echo.getsockname()
        with Relay(f"{host}:{port}", seconds) as relay:
            to_host, _, to_port = relay.addr.rpartition(":")
            with socket.create_connection((to_host, int(to_port))) as client:
                client.sendall(b".")  # and past the opening
                client.recv(1)
                return statistics.median(_echoed(client) for _ in range(tries))


def _echoed(client: socket.socket) -> float:
    began = time.monotonic()
    client.sendall(b".")
    client.recv(1)
    return time.monotonic() - began


def _send_back(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        while data := connection.recv(_CHUNK):
            connection.sendall(data)


def _started(run: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=run, args=arguments, daemon=True)
    thread.start()
    return thread


def _sleep_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)
