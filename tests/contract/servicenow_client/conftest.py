"""A ServiceNow instance with the demo's people, and clients of it for the account of the tickets' side."""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
import requests

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials, Credentials
from local.servicenow.instance import ServiceNowInstance


class Connect(Protocol):
    """Makes a client for given credentials."""

    def __call__(
        self,
        credentials: Credentials,
        *,
        refresh: Callable[[], Credentials] | None = None,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = 30.0,
    ) -> ServiceNow: ...


@pytest.fixture
def instance() -> Iterator[ServiceNowInstance]:
    started = ServiceNowInstance(port=0)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def account(instance: ServiceNowInstance) -> BasicCredentials:
    bridge = instance.seed_demo().bridge
    return BasicCredentials(bridge.user_name, bridge.password)


@pytest.fixture
def connect(instance: ServiceNowInstance, session: requests.Session) -> Connect:
    def made(
        credentials: Credentials,
        *,
        refresh: Callable[[], Credentials] | None = None,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = 30.0,
    ) -> ServiceNow:
        return ServiceNow(instance.url, credentials, session=session, refresh=refresh, clock=clock, timeout=timeout)

    return made


@pytest.fixture
def servicenow(connect: Connect, account: BasicCredentials) -> ServiceNow:
    return connect(account)
