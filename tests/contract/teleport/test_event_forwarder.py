"""The forwarder of the stand-in behaves as teleport-event-handler 18.0.0 was seen to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.forwarder import TRIES, EventForwarder

RECORDINGS = Path(__file__).parents[2] / "recordings"
QUICK = 0.002


@dataclass
class Door:
    """Answers each POST with the next of `answers`, then with 200, and keeps what came."""

    answers: list[int] = field(default_factory=list)
    received: list[tuple[str, list[tuple[str, str]], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for _, _, body in self.received]


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                made.received.append((self.path, list(self.headers.items()), body))
                status = made.answers.pop(0) if made.answers else 200
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    made.url = f"http://teleport:tok%2Ben@127.0.0.1:{server.server_port}/teleport/events"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cluster(tmp_path: Path) -> TeleportCluster:
    """Not started: nothing here needs its ports."""
    made = TeleportCluster(directory=tmp_path)
    made.apply((RECORDINGS / "resources" / "roles.yaml").read_text(encoding="utf-8"))
    return made


@pytest.fixture
def make(cluster: TeleportCluster) -> Callable[[str], str]:
    return lambda reason: cluster.as_user("alice").create_request(["dba"], reason)


def test_an_event_is_posted_with_the_recorded_headers_and_no_others(
    cluster: TeleportCluster, door: Door, make: Callable[[str], str]
) -> None:
    recorded = json.loads((RECORDINGS / "events.jsonl").read_text(encoding="utf-8").splitlines()[0])
    make("why")

    with EventForwarder(cluster, door.url) as forwarder:
        forwarder.deliver_pending()

    (path, headers, body), expected = door.received[0], dict(recorded["headers"])
    assert path == recorded["path"]
    assert [name for name, _ in headers] == [name for name, _ in recorded["headers"]]
    varying = {"Host": door.url.split("@")[1].split("/")[0], "Content-Length": str(len(body))}
    assert dict(headers) == expected | varying


@pytest.mark.parametrize(
    "status", [int(name) for name in json.loads((RECORDINGS / "exporter-retries.json").read_text())["answers"]]
)
def test_every_answer_but_200_makes_it_post_the_same_event_again_and_hold_back_the_next(
    status: int, cluster: TeleportCluster, door: Door, make: Callable[[str], str]
) -> None:
    door.answers = [status] * (TRIES + 2)
    first, second = make("first"), make("second")

    with EventForwarder(cluster, door.url, time_scale=QUICK) as forwarder:
        forwarder.deliver_pending()

    assert door.ids == [first] * (TRIES + 3) + [second]
    assert len({body for _, _, body in door.received[: TRIES + 3]}) == 1
    assert [attempt.status for attempt in forwarder.attempts] == [status] * (TRIES + 2) + [200, 200]


def test_a_door_that_is_not_there_is_tried_until_it_is(
    cluster: TeleportCluster, door: Door, make: Callable[[str], str]
) -> None:
    request_id = make("early")
    nowhere = EventForwarder(cluster, "http://127.0.0.1:9/teleport/events", time_scale=QUICK)

    with nowhere, pytest.raises(TimeoutError):
        nowhere.deliver_pending(timeout=0.2)
    assert {attempt.status for attempt in nowhere.attempts} == {None}

    with EventForwarder(cluster, door.url) as forwarder:
        forwarder.deliver_pending()
    assert door.ids == [request_id]


def test_each_event_can_come_twice_and_the_last_one_first(
    cluster: TeleportCluster, door: Door, make: Callable[[str], str]
) -> None:
    ids = [make("one"), make("two"), make("three")]

    with EventForwarder(cluster, door.url, duplicate=True, reverse=True) as forwarder:
        forwarder.deliver_pending()

    assert door.ids == [again for one in reversed(ids) for again in (one, one)]


def test_after_a_pause_it_goes_on_where_it_stopped(
    cluster: TeleportCluster, door: Door, make: Callable[[str], str]
) -> None:
    forwarder = EventForwarder(cluster, door.url)
    first = make("first")
    with forwarder:
        forwarder.deliver_pending()
    second = make("second")
    with forwarder:
        forwarder.deliver_pending()

    assert door.ids == [first, second]


def test_events_of_a_request_can_be_lost_for_good_and_the_others_come(
    cluster: TeleportCluster, door: Door, make: Callable[[str], str]
) -> None:
    with EventForwarder(cluster, door.url) as forwarder:
        with forwarder.paused():
            lost = make("never told")
            forwarder.lose(lost)
        kept = make("told")
        forwarder.deliver_pending()
        cluster.tctl_deny(lost)
        forwarder.deliver_pending()

        assert forwarder.has_delivered(lost)
    assert door.ids == [kept]


def test_while_it_is_paused_nothing_new_leaves(
    cluster: TeleportCluster, door: Door, make: Callable[[str], str]
) -> None:
    with EventForwarder(cluster, door.url) as forwarder:
        with forwarder.paused():
            request_id = make("held")
            assert not forwarder.has_delivered(request_id)
            with pytest.raises(TimeoutError):
                forwarder.deliver_pending(timeout=0.2)
        forwarder.deliver_pending()

    assert forwarder.has_delivered(request_id)
    assert door.ids == [request_id]


def test_a_session_goes_to_its_own_url_below_the_configured_one(cluster: TeleportCluster, door: Door) -> None:
    session_id = "5a1f6d1c-0b0e-4f0e-9a77-2f0d7b1a9c55"
    forwarder = EventForwarder(cluster, door.url)

    answers = forwarder.upload_session(
        door.url.replace("/events", "/session"), session_id, [{"event": "session.start"}]
    )

    assert answers == [200]
    assert door.received[0][0] == f"/teleport/session.{session_id}.log"
