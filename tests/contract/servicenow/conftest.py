"""A running stand-in with the demo's people, and plain HTTP clients to put questions to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests

from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts


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
