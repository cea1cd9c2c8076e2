"""A running stand-in with the demo's people, plain HTTP clients to put questions to it, and who gets its callbacks."""

import base64
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts

KEY = base64.b64encode(bytes(range(32))).decode()
REQUEST = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
CLUSTER = "teleport.example.test"


@dataclass(frozen=True)
class Rest:
    """A client of the Table API without any cleverness."""

    instance: ServiceNowInstance
    session: requests.Session

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        api: str = "/api/now/v2/table/",
        timeout: float = 10,
    ) -> requests.Response:
        return self.session.request(
            method,
            f"{self.instance.url}{api}{path}",
            json=body,
            params=params,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        )

    def get(self, path: str, **params: str) -> requests.Response:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: object) -> requests.Response:
        return self.call("POST", path, body=body)

    def patch(self, path: str, body: object) -> requests.Response:
        return self.call("PATCH", path, body=body)


RestFactory = Callable[[str, str], Rest]


@pytest.fixture
def sn() -> Iterator[ServiceNowInstance]:
    instance = ServiceNowInstance()
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture
def accounts(sn: ServiceNowInstance) -> DemoAccounts:
    return sn.seed_demo()


@pytest.fixture
def rest_as(sn: ServiceNowInstance) -> Iterator[RestFactory]:
    sessions: list[requests.Session] = []

    def make(user: str, password: str) -> Rest:
        session = requests.Session()
        session.trust_env = False
        session.auth = (user, password) if user else None
        sessions.append(session)
        return Rest(sn, session)

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def tickets(accounts: DemoAccounts, rest_as: RestFactory) -> Rest:
    return rest_as(accounts.tickets.user_name, accounts.tickets.password)


@pytest.fixture
def decisions(accounts: DemoAccounts, rest_as: RestFactory) -> Rest:
    return rest_as(accounts.decisions.user_name, accounts.decisions.password)


@pytest.fixture
def anyone(rest_as: RestFactory) -> Rest:
    return rest_as("", "")


@pytest.fixture
def admin(sn: ServiceNowInstance, rest_as: RestFactory) -> Rest:
    sn.add_user("admin", roles=["admin"], password="admin")
    return rest_as("admin", "admin")


@dataclass(frozen=True)
class Received:
    """One callback as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def signature(self) -> bytes:
        version, _, text = self.headers["x-bridge-signature"].partition("=")
        assert version == "v1"
        return base64.b64decode(text, validate=True)

    @property
    def signed(self) -> bytes:
        parts = (self.headers["x-bridge-timestamp"], self.headers["x-bridge-event-id"])
        return b"v1." + ".".join(parts).encode() + b"." + self.body


@dataclass
class Receiver:
    """A tiny server for callbacks; `status` is what it answers."""

    url: str
    status: int = 202
    inbox: "queue.Queue[Received]" = field(default_factory=queue.Queue)

    def next(self) -> Received:
        return self.inbox.get(timeout=10)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.inbox.put(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(known.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Receiver(f"http://127.0.0.1:{server.server_port}/servicenow/decisions")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield known
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ticket(sn: ServiceNowInstance, accounts: DemoAccounts, receiver: Receiver) -> str:
    sn.configure_cluster(CLUSTER, receiver.url, KEY)
    marker = f"Teleport {CLUSTER} #3"
    return sn.insert_raw("incident", {"correlation_id": REQUEST, "correlation_display": marker})
