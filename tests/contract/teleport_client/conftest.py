"""A Teleport cluster on loopback with the users, bots and roles of the recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import parse_identity
from local.teleport.cluster import TeleportCluster
from tests.unit.teleport.given import Given

RESOURCES = Path(__file__).parents[2] / "recordings" / "resources"


class NewCluster(Protocol):
    """Starts a cluster, with the recorded resources unless others are named; it is stopped after the test."""

    def __call__(self, *resources: str, **settings: Any) -> TeleportCluster: ...


@pytest.fixture
def new_cluster(tmp_path: Path) -> Iterator[NewCluster]:
    """A cluster of a test's own."""
    with ExitStack() as running:

        def start(*resources: str, **settings: Any) -> TeleportCluster:
            directory = tmp_path / f"cluster-{len(list(tmp_path.iterdir()))}"
            directory.mkdir()
            cluster = TeleportCluster(directory=directory, **settings)
            for file in resources or ("roles.yaml", "bots.yaml"):
                cluster.apply((RESOURCES / file).read_text())
            running.enter_context(cluster)
            return cluster

        yield start


@pytest.fixture
def cluster(new_cluster: NewCluster) -> TeleportCluster:
    """A cluster with reviews, as recorded."""
    return new_cluster()


Connect = Callable[..., AbstractContextManager[Teleport]]


@pytest.fixture
def as_user(cluster: TeleportCluster) -> Connect:
    """Connects to the cluster as a user, through the proxy."""

    def client(user: str, **settings: Any) -> AbstractContextManager[Teleport]:
        return connect(
            Given(parse_identity(cluster.identity_file(user))),
            Endpoint(cluster.proxy_addr, cluster.web_ca_pem),
            **settings,
        )

    return client
