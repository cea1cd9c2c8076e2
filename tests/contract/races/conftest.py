"""Both stand-ins on one clock, for worlds that come one after the other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from access_bridge.aws.telemetry import metrics
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import parse_identity
from local.servicenow.instance import ServiceNowInstance
from local.teleport.cluster import TeleportCluster
from tests.contract.races.bridge import Name, Surroundings
from tests.contract.races.clock import Clock, Ids
from tests.contract.races.course import NEVER
from tests.unit.teleport.given import Given

DEMO = Path(__file__).parents[3] / "local" / "demo"
BOTS: dict[Name, str] = {"tickets": "bot-access-bridge-tickets", "decisions": "bot-access-bridge-decisions"}


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """Both stand-ins, started, with the demo's people, and frank, who is on call for what he asks for."""
    clock, ids = Clock(), Ids()
    monkeypatch.setattr("local.teleport.times.time", clock)
    monkeypatch.setattr("uuid.uuid4", ids)
    with ExitStack() as stack:
        instance = ServiceNowInstance()
        instance.start()
        stack.callback(instance.stop)
        accounts = instance.seed_demo()
        instance.callbacks.enabled = False
        instance.set_clock(clock.time)
        instance.add_user("frank", email="frank@example.test", name="Frank On-Call")
        rota = instance.add_rota("Databases")
        instance.put_on_call(rota, "frank")
        cluster = stack.enter_context(TeleportCluster(on_behalf=True))
        cluster.expiry_delay = NEVER
        cluster.apply((DEMO / "cluster.yaml").read_text(encoding="utf-8"))
        cluster.apply(_frank(rota))

        def connections() -> dict[Name, Teleport]:
            return {name: stack.enter_context(_connection(cluster, bot)) for name, bot in BOTS.items()}

        logging.disable()  # what is struck all the time would say so all the time
        stack.callback(logging.disable, logging.NOTSET)
        stack.callback(metrics.clear_metrics)
        yield Surroundings(
            clock,
            ids,
            cluster,
            instance,
            connections(),
            connections(),
            {"tickets": accounts.tickets, "decisions": accounts.decisions},
        )


def _connection(cluster: TeleportCluster, bot: str) -> AbstractContextManager[Teleport]:
    identity = parse_identity(cluster.identity_file(bot, shape="tbot", ttl=timedelta(days=2)))
    return connect(Given(identity), Endpoint(cluster.proxy_addr, cluster.web_ca_pem))


def _frank(rota: str) -> str:
    asks = {"roles": ["dba"], "annotations": {"teleport.dev/schedules": [rota]}}
    role = {"kind": "role", "version": "v7", "metadata": {"name": "on-call"}, "spec": {"allow": {"request": asks}}}
    traits = {"email": ["frank@example.test"]}
    user = {
        "kind": "user",
        "version": "v2",
        "metadata": {"name": "frank"},
        "spec": {"roles": ["on-call"], "traits": traits},
    }
    return yaml.safe_dump_all([role, user])
