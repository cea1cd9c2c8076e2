"""The relay of the benchmarks: everything arrives, is counted, and no sooner than the way is long."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tools.benchmarks.relay import Relay

ROUND_TRIP = 0.05


@contextmanager
def echo() -> Iterator[str]:
    """A server that sends back what comes, and a last word after its client's."""

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)
            connection.sendall(b"bye")

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        host, port = listener.getsockname()
        yield f"{host}:{port}"
        listener.shutdown(socket.SHUT_RDWR)


def connected(relay: Relay) -> socket.socket:
    host, _, port = relay.addr.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def ask(client: socket.socket, question: bytes) -> None:
    client.sendall(question)
    assert receive(client, len(question)) == question


def receive(client: socket.socket, size: int) -> bytes:
    answer = b""
    while len(answer) < size and (data := client.recv(65536)):
        answer += data
    return answer


@pytest.fixture
def relay() -> Iterator[Relay]:
    with echo() as target, Relay(target, ROUND_TRIP) as running:
        yield running


def test_what_is_sent_arrives_whole_and_in_order_and_each_connection_is_counted(relay: Relay) -> None:
    long = random.Random(1).randbytes(1_000_000)
    with connected(relay) as first, connected(relay) as second:
        ask(second, b"hello")
        ask(first, long)
        first.shutdown(socket.SHUT_WR)
        assert receive(first, 10) == b"bye"
    assert [(one.sent, one.received) for one in relay.take()] == [(len(long), len(long) + 3), (5, 8)]
    assert relay.take() == []


def test_the_first_answer_takes_two_round_trips_and_each_further_one_takes_one(relay: Relay) -> None:
    with connected(relay) as client:
        began = time.monotonic()
        ask(client, b"hello")
        first = time.monotonic()
        ask(client, b"again")
        assert first - began >= 2 * ROUND_TRIP
        assert time.monotonic() - first >= ROUND_TRIP


def test_who_hangs_up_without_a_word_is_a_connection_too(relay: Relay) -> None:
    connected(relay).close()
    while not (taken := relay.take()):
        time.sleep(0.001)
    assert [(one.sent, one.received) for one in taken] == [(0, 0)]


def test_where_nothing_listens_the_client_is_hung_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with Relay(f"127.0.0.1:{port}", 0) as relay, connected(relay) as client:
        client.sendall(b"hello")
        assert client.recv(1) == b""
        assert [one.received for one in relay.take()] == [0]
