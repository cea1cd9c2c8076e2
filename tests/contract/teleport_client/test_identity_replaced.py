"""A warm environment whose identity Teleport no longer takes joins anew within the same invocation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import boto3
import pytest

from access_bridge.errors import BridgeError
from access_bridge.teleport.client import connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.errors import ConnectionDropped, IdentityLocked, NotPermitted
from access_bridge.teleport.joining.identities import JoinedIdentities
from access_bridge.teleport.joining.join import Joining, join
from access_bridge.times import utc_now
from local.teleport.cluster import TeleportCluster
from tests.contract.teleport.join_client import TICKETS, know
from tests.contract.teleport_client.conftest import NewCluster

JOIN = "/proto.JoinService/RegisterUsingIAMMethod"
ADMINISTRATOR_S_PATIENCE = timedelta(minutes=5)


class Warm:
    """An environment that has been up for a while: it joins for real, and time passes as a test says."""

    def __init__(self, cluster: TeleportCluster) -> None:
        self.cluster = cluster
        self.endpoint = Endpoint(cluster.proxy_addr, cluster.web_ca_pem)
        self.later = timedelta()
        session = boto3.Session(TICKETS.access_key_id, TICKETS.secret_access_key, TICKETS.session_token)
        joining = Joining(self.endpoint, "sn-tickets-iam", "teleport-events", session, "us-east-1", utc_now)
        self.identities = JoinedIdentities(
            lambda: join(joining), clock=utc_now, failed=print, monotonic=self.later_seconds
        )
        self.list()
        self.later = ADMINISTRATOR_S_PATIENCE

    def later_seconds(self) -> float:
        return self.later.total_seconds()

    def list(self) -> None:
        """One invocation, which looks at the requests."""
        with connect(self.identities, self.endpoint) as teleport:
            teleport.access_requests()

    def joins(self) -> int:
        return sum(call.path == JOIN and call.status == "OK" for call in self.cluster.calls)


@pytest.fixture
def warm(new_cluster: NewCluster) -> Warm:
    cluster = new_cluster()
    know(cluster, TICKETS)
    return Warm(cluster)


def rotate_host(cluster: TeleportCluster) -> None:
    cluster.rotate_host_authority(keep_old=False)


def rotate_user(cluster: TeleportCluster) -> None:
    cluster.rotate_user_authority(keep_old=False)


@pytest.mark.parametrize("rotate", [rotate_host, rotate_user])
def test_after_a_rotated_authority_the_same_invocation_joins_anew_and_goes_on(
    rotate: Callable[[TeleportCluster], None], warm: Warm
) -> None:
    rotate(warm.cluster)
    warm.list()
    warm.list()
    assert warm.joins() == 2


def test_within_a_rotation_nothing_is_joined_anew(warm: Warm) -> None:
    warm.cluster.rotate_user_authority(keep_old=True)
    warm.list()
    assert warm.joins() == 1


def test_an_authority_that_nobody_vouches_for_costs_one_join_and_says_what_is_wrong(warm: Warm) -> None:
    """The join's own way to the cluster still works, so the new identity is tried too, once."""
    cluster = warm.cluster
    rotate_host(cluster)
    cluster.faults.drop("Ping", times=9)
    with pytest.raises(ConnectionDropped, match="The next attempt joins anew"):
        warm.list()
    assert warm.joins() == 2


def test_a_bot_that_is_locked_is_not_joined_for_again_and_again(warm: Warm) -> None:
    warm.cluster.lock("bot-sn-tickets")
    for _ in range(3):
        with pytest.raises(IdentityLocked):
            warm.list()
    assert warm.joins() == 1


def test_a_right_that_is_taken_away_costs_no_join_and_its_return_needs_none(warm: Warm) -> None:
    cluster = warm.cluster
    role = "{{kind: role, version: v7, metadata: {{name: sn-tickets}}, spec: {{allow: {{rules: [{}]}}}}}}"
    cluster.apply(role.format("{resources: [user], verbs: [read]}"))
    seen: list[BridgeError] = []
    for _ in range(3):
        try:
            warm.list()
        except BridgeError as error:
            seen.append(error)
    assert warm.joins() == 1
    assert all(isinstance(error, NotPermitted) for error in seen)
    cluster.apply(role.format("{resources: [access_request], verbs: [list, read]}"))
    warm.list()
    assert warm.joins() == 1
