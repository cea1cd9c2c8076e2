"""Calling the API through a load balancer that ends TLS before the proxy, by Teleport's connection upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import boto3
import pytest

from access_bridge.access_request import RequestState
from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.errors import NotPermitted, Unavailable, WriteOutcomeUnknown
from access_bridge.teleport.identity import parse_identity
from access_bridge.teleport.joining.join import Joining, join
from access_bridge.teleport.transport import HostCaUnknown
from access_bridge.times import utc_now
from local.teleport.balancer import Balancer
from local.teleport.cluster import TeleportCluster
from tests.contract.teleport.join_client import TICKETS, know
from tests.contract.teleport_client.conftest import NewCluster
from tests.unit.teleport.given import Given


@pytest.fixture
def balancer(cluster: TeleportCluster) -> Iterator[Balancer]:
    balancer = Balancer(cluster.proxy_addr)
    balancer.start()
    yield balancer
    balancer.stop()


@contextmanager
def reached(cluster: TeleportCluster, balancer: Balancer, user: str = "bot-sn-decisions") -> Iterator[Teleport]:
    identity = parse_identity(cluster.identity_file(user, shape="tbot"))
    with connect(Given(identity), Endpoint(balancer.addr, balancer.ca_pem)) as teleport:
        yield teleport


def test_an_identity_file_serves_there_too(cluster: TeleportCluster, balancer: Balancer) -> None:
    with reached(cluster, balancer) as teleport:
        assert teleport.ping().server_version == "18.0.0"


def test_reads_and_writes_go_over_one_upgraded_connection(cluster: TeleportCluster, balancer: Balancer) -> None:
    made = [cluster.as_user("alice").create_request(["dba"], "why") for _ in range(3)]
    with reached(cluster, balancer) as teleport:
        assert {request.id for request in teleport.access_requests()} == set(made)
        assert teleport.submit_review(made[0], RequestState.APPROVED, "fine").state is RequestState.APPROVED
        cluster.stop()
        with pytest.raises(Unavailable):
            teleport.access_request(made[1])


def test_answers_longer_than_any_frame_come_whole(cluster: TeleportCluster, balancer: Balancer) -> None:
    made = {cluster.as_user("alice").create_request(["dba"], "x" * 4096) for _ in range(120)}
    with reached(cluster, balancer) as teleport:
        assert {request.id for request in teleport.access_requests()} == made


def test_a_review_whose_answer_the_balancer_loses_may_have_been_cast(
    cluster: TeleportCluster, balancer: Balancer
) -> None:
    made = cluster.as_user("alice").create_request(["dba"], "why")
    events = len(cluster.audit_log)

    def go_after_the_review() -> None:
        assert cluster.wait_for_event(events + 1, timeout=10)
        balancer.stop()

    with reached(cluster, balancer) as teleport, ThreadPoolExecutor() as somebody:
        teleport.ping()
        cluster.faults.delay("SubmitAccessReview", 30, after_commit=True)
        somebody.submit(go_after_the_review)
        with pytest.raises(WriteOutcomeUnknown):
            teleport.submit_review(made, RequestState.APPROVED, "fine")
    assert [review.Author for review in cluster.requests[made].Spec.Reviews] == ["bot-sn-decisions"]


def test_the_auth_server_behind_it_is_verified_end_to_end(cluster: TeleportCluster, new_cluster: NewCluster) -> None:
    """Who holds the balancer can't stand in for the auth server: its certificate is checked inside."""
    foreign = new_cluster(name=cluster.name)
    balancer = Balancer(foreign.proxy_addr)
    balancer.start()
    try:
        with reached(cluster, balancer) as teleport, pytest.raises(HostCaUnknown):
            teleport.ping()
    finally:
        balancer.stop()
    assert foreign.calls == []


def test_who_joins_through_it_looks_at_the_name_that_is_shown_inside(
    cluster: TeleportCluster, balancer: Balancer
) -> None:
    know(cluster, TICKETS)
    cluster.show_web_certificate_inside_upgrades()
    session = boto3.Session(TICKETS.access_key_id, TICKETS.secret_access_key, TICKETS.session_token)
    endpoint = Endpoint(balancer.addr, balancer.ca_pem)
    with pytest.raises(BrokenConfiguration, match="behind the load balancer is no Teleport proxy"):
        join(Joining(endpoint, "sn-tickets-iam", "f", session, "us-east-1", utc_now))
    assert cluster.calls == []


def test_an_expired_identity_is_said_to_be_expired(cluster: TeleportCluster, balancer: Balancer) -> None:
    identity = parse_identity(cluster.identity_file("bot-sn-tickets", ttl=timedelta(hours=-1), shape="tbot"))
    endpoint = Endpoint(balancer.addr, balancer.ca_pem)
    with connect(Given(identity), endpoint) as teleport, pytest.raises(NotPermitted, match="expired"):
        teleport.ping()
