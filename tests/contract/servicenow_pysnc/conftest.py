"""The stand-in by HTTPS, with a certificate of a private authority, and PySNC, ServiceNow's own client, to ask it."""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from pysnc import ServiceNowClient

from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts
from tests.contract.servicenow_pysnc.private_authority import PrivateAuthority, private_authority

Client = Any
"""A `pysnc.ServiceNowClient`; the library has no types."""


class ClientFactory(Protocol):
    """Makes PySNC's client of a user. `auto_retry` is PySNC's own: whether it tries again by itself."""

    def __call__(self, user: str, password: str, *, auto_retry: bool = True) -> Client: ...


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> PrivateAuthority:
    return private_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def sn(authority: PrivateAuthority) -> Iterator[ServiceNowInstance]:
    instance = ServiceNowInstance(tls=authority.tls)
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture
def accounts(sn: ServiceNowInstance) -> DemoAccounts:
    return sn.seed_demo()


@pytest.fixture
def client_as(sn: ServiceNowInstance, authority: PrivateAuthority) -> Iterator[ClientFactory]:
    clients: list[Client] = []

    def make(user: str, password: str, *, auto_retry: bool = True) -> Client:
        client = ServiceNowClient(sn.url, (user, password), verify=str(authority.file), auto_retry=auto_retry)
        # Else a list of authorities in the environment would replace the private one.
        client.session.trust_env = False
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.session.close()


@pytest.fixture
def tickets(accounts: DemoAccounts, client_as: ClientFactory) -> Client:
    """The bridge's integration user for tickets, who sees dates in GMT."""
    return client_as(accounts.tickets.user_name, accounts.tickets.password)


@pytest.fixture
def erin(sn: ServiceNowInstance, accounts: DemoAccounts, client_as: ClientFactory) -> Client:
    """A person in the service desk, who sees dates in the instance's zone."""
    sn.set_password("erin", "erin's password")
    return client_as("erin", "erin's password")


@pytest.fixture
def admin(sn: ServiceNowInstance, client_as: ClientFactory) -> Client:
    sn.add_user("admin", roles=["admin"], password="admin")
    return client_as("admin", "admin")


def new_incident(client: Client, **values: str) -> Any:
    """Makes an incident, with a short description in any case, and returns PySNC's record of what was answered."""
    record = client.GlideRecord("incident")
    record.initialize()
    for name, value in {"short_description": "Monitor stays dark", **values}.items():
        record.set_value(name, value)
    assert record.insert()
    return record


def found(client: Client, sys_id: str, table: str = "incident") -> Any:
    """PySNC's record of a row that is there, read anew."""
    record = client.GlideRecord(table)
    assert record.get(sys_id)
    return record
