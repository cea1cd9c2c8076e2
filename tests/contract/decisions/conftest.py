"""Courts on loopback: one instance and one cluster of each kind for each test process, and a ledger in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from access_bridge.ledger.table import Ledger
from local.teleport.cluster import TeleportCluster
from tests.contract.decisions.court import Court, Instance
from tests.contract.ledger_tables import Tables

DEMO = Path(__file__).parents[3] / "local" / "demo"

pytest.register_assert_rewrite("tests.contract.decisions.cases")

NewCourt = Callable[..., Court]


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    """The ServiceNow instance of this test process."""
    with Instance.running() as running:
        yield running


@pytest.fixture(scope="session")
def clusters() -> Iterator[Callable[..., TeleportCluster]]:
    """Gives the cluster of a kind (`edition`, `on_behalf`), one of each for this test process."""
    started: dict[tuple[tuple[str, object], ...], TeleportCluster] = {}
    with ExitStack() as running:

        def cluster(**kind: Any) -> TeleportCluster:
            key = tuple(sorted(kind.items()))
            if key not in started:
                made = TeleportCluster(**kind)
                file = "cluster-oss.yaml" if kind.get("edition") == "oss" else "cluster.yaml"
                made.apply((DEMO / file).read_text(encoding="utf-8"))
                started[key] = running.enter_context(made)
            return started[key]

        yield cluster


@pytest.fixture
def ledger() -> Ledger:
    """An empty ledger."""
    return Ledger(Tables(), "ledger")


@pytest.fixture
def new_court(instance: Instance, clusters: Callable[..., TeleportCluster], ledger: Ledger) -> Iterator[NewCourt]:
    """Make a court on a cluster of a kind: `new_court(edition="oss")`. Faults and locks are taken back afterwards."""
    used: list[TeleportCluster] = []

    def make(**kind: Any) -> Court:
        used.append(clusters(**kind))
        return Court(used[-1], instance, ledger)

    yield make
    instance.servicenow.faults.clear()
    for cluster in used:
        cluster.faults.clear()
        cluster.unlock_all()


@pytest.fixture
def court(new_court: NewCourt) -> Court:
    """A court on a cluster that knows reviews on behalf of others."""
    return new_court(on_behalf=True)
