"""Joining a cluster with this function's own AWS role, by whichever way, and what is said where that doesn't work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from grpclib.const import Status

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.client import connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.errors import NotPermitted, Unavailable
from access_bridge.teleport.identity import Identity
from access_bridge.teleport.joining.join import Joining, join
from access_bridge.teleport.joining.refusals import JoinRefused
from access_bridge.times import utc_now
from local.teleport.balancer import Balancer, UnknownAlpn
from local.teleport.cluster import TeleportCluster
from tests.contract.teleport.join_client import DECISIONS, TICKETS, Credentials, know
from tests.contract.teleport_client.conftest import NewCluster
from tests.unit.teleport.given import Given

NAME = "tele.example.test"


@pytest.fixture
def joinable(new_cluster: NewCluster) -> NewCluster:
    """A cluster whose AWS knows the roles of both functions."""

    def start(*resources: str, **settings: Any) -> TeleportCluster:
        cluster = new_cluster(*resources, **settings)
        know(cluster, TICKETS, DECISIONS)
        return cluster

    return start


@pytest.fixture
def cluster(joinable: NewCluster) -> TeleportCluster:
    return joinable()


class NewBalancer(Protocol):
    """Puts a load balancer that ends TLS before a cluster's proxy; it is stopped after the test."""

    def __call__(self, cluster: TeleportCluster, unknown_alpn: UnknownAlpn = ...) -> Balancer: ...


@pytest.fixture
def balanced() -> Iterator[NewBalancer]:
    with ExitStack() as running:

        def start(cluster: TeleportCluster, unknown_alpn: UnknownAlpn = "none negotiated") -> Balancer:
            balancer = Balancer(cluster.proxy_addr, unknown_alpn=unknown_alpn)
            balancer.start()
            running.callback(balancer.stop)
            return balancer

        yield start


def session_of(credentials: Credentials) -> boto3.Session:
    return boto3.Session(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)


def arn(partition: str) -> str:
    return TICKETS.arn.replace("arn:aws:", f"arn:{partition}:")


def joining(
    endpoint: Endpoint,
    token: str = "sn-tickets-iam",
    *,
    credentials: Credentials = TICKETS,
    region: str = "us-east-1",
    clock: Callable[[], datetime] = utc_now,
) -> Joining:
    return Joining(endpoint, token, "teleport-events", session_of(credentials), region, clock)


def through_proxy(cluster: TeleportCluster) -> Endpoint:
    return Endpoint(cluster.proxy_addr, cluster.web_ca_pem)


def sees_requests(identity: Identity, endpoint: Endpoint) -> bool:
    with connect(Given(identity), endpoint) as teleport:
        teleport.access_requests()
        return teleport.ping().name == NAME


# ---- the ways in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "credentials", "role"),
    [("sn-tickets-iam", TICKETS, "sn-tickets"), ("sn-decisions-iam", DECISIONS, "sn-decisions")],
)
def test_each_bot_joins_by_its_own_token_and_gets_a_certificate_with_its_own_role_for_an_hour(
    token: str, credentials: Credentials, role: str, cluster: TeleportCluster
) -> None:
    endpoint = through_proxy(cluster)
    identity = join(joining(endpoint, token, credentials=credentials))
    assert (identity.username, identity.cluster_name, identity.roles) == (f"bot-{role}", NAME, (role,))
    assert abs(identity.not_after - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    assert sees_requests(identity, endpoint)


def test_the_auth_server_is_joined_directly_where_the_private_cas_hold_its_host_ca(cluster: TeleportCluster) -> None:
    endpoint = Endpoint(cluster.auth_addr, cluster.host_ca_pem)
    assert sees_requests(join(joining(endpoint)), endpoint)


@pytest.mark.parametrize("unknown_alpn", ["none negotiated", "alert"])
def test_behind_a_load_balancer_that_ends_tls_joining_and_calling_go_through_an_upgraded_connection(
    unknown_alpn: UnknownAlpn, cluster: TeleportCluster, balanced: NewBalancer
) -> None:
    balancer = balanced(cluster, unknown_alpn)
    endpoint = Endpoint(balancer.addr, balancer.ca_pem)
    made = cluster.as_user("alice").create_request(["dba"], "x" * 4000)
    identity = join(joining(endpoint))
    assert endpoint.look().needs_upgrade
    with connect(Given(identity), endpoint) as teleport:
        assert [request.id for request in teleport.access_requests()] == [made]


def test_a_key_is_made_anew_for_each_join(cluster: TeleportCluster) -> None:
    keys = {join(joining(through_proxy(cluster))).key_pem for _ in range(2)}
    assert len(keys) == 2


def test_within_a_rotation_of_the_host_ca_a_joined_identity_trusts_both(cluster: TeleportCluster) -> None:
    cluster.rotate_host_authority(keep_old=True)
    endpoint = through_proxy(cluster)
    identity = join(joining(endpoint))
    assert len(identity.host_ca_pems) == 2
    assert sees_requests(identity, endpoint)


def test_after_a_rotation_of_the_user_ca_the_old_one_is_not_taken_for_the_issuer(cluster: TeleportCluster) -> None:
    cluster.rotate_user_authority(keep_old=True)
    endpoint = through_proxy(cluster)
    identity = join(joining(endpoint))
    issuer = x509.load_pem_x509_certificate(identity.certificate_pem.encode()).issuer
    assert issuer not in [x509.load_pem_x509_certificate(pem.encode()).subject for pem in identity.host_ca_pems]
    assert sees_requests(identity, endpoint)


def test_a_cluster_in_fips_mode_is_shown_a_fips_endpoint(joinable: NewCluster) -> None:
    cluster = joinable(fips=True)
    assert join(joining(through_proxy(cluster), region="us-east-2")).username == "bot-sn-tickets"


def test_a_region_without_a_fips_endpoint_that_the_cluster_knows_is_told(joinable: NewCluster) -> None:
    error = refused(joining(through_proxy(joinable(fips=True)), region="eu-central-1"))
    assert (error.setting, "sts-fips.eu-central-1" in str(error)) == ("TELEPORT_JOIN_REGION", True)


def test_the_regions_partition_has_its_own_endpoints(cluster: TeleportCluster) -> None:
    beijing = Credentials("AKIACHINA00000000000", "secret", "token", arn("aws-cn"))
    know(cluster, beijing)
    with pytest.raises(JoinRefused, match=rf"saw {beijing.arn}, and no allow rule"):
        join(joining(through_proxy(cluster), credentials=beijing, region="cn-north-1"))


# ---- what a person has to mend --------------------------------------------------------------------------------------


def refused(asked: Joining, kind: type[BrokenConfiguration] = JoinRefused) -> BrokenConfiguration:
    with pytest.raises(kind) as caught:
        join(asked)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_token_that_is_not_there_is_named(cluster: TeleportCluster) -> None:
    error = refused(joining(through_proxy(cluster), "nope"))
    assert str(error).startswith("TELEPORT_JOIN_TOKEN: Teleport has no join token 'nope', or it has expired. Create it")


def test_an_expired_token_is_one_that_is_not_there(cluster: TeleportCluster) -> None:
    cluster.apply(
        "{kind: token, version: v2, metadata: {name: old, expires: '2026-01-01T00:00:00Z'}, spec: {roles: [Bot],"
        " bot_name: sn-tickets, join_method: iam, allow: [{aws_account: '123456789012'}]}}"
    )
    assert "no join token 'old', or it has expired" in str(refused(joining(through_proxy(cluster), "old")))


def test_a_foreign_arn_is_told_as_teleport_saw_it(cluster: TeleportCluster) -> None:
    error = refused(joining(through_proxy(cluster), "sn-decisions-iam"))
    assert f"Teleport saw {TICKETS.arn}, and no allow rule of the join token 'sn-decisions-iam'" in str(error)
    assert "aws_arn" in error.fix


def test_a_wrong_challenge_points_at_what_stands_between(cluster: TeleportCluster) -> None:
    cluster.mix_up_challenges()
    error = refused(joining(through_proxy(cluster)))
    assert error.setting == "TELEPORT_ADDR"
    assert "doesn't answer its challenge" in str(error)


def test_a_region_that_this_teleport_does_not_know_says_what_to_set(cluster: TeleportCluster) -> None:
    error = refused(joining(through_proxy(cluster), region="mx-central-1"))
    assert error.setting == "TELEPORT_JOIN_REGION"
    assert "sts.mx-central-1.amazonaws.com" in str(error)
    assert "TeleportJoinRegion" in error.fix


def test_a_region_that_aws_does_not_have_asks_nobody(cluster: TeleportCluster) -> None:
    error = refused(joining(through_proxy(cluster), region="mars-north-1"), BrokenConfiguration)
    assert (error.setting, cluster.calls) == ("TELEPORT_JOIN_REGION", [])


def test_a_process_without_aws_credentials_says_so(cluster: TeleportCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    asked = Joining(through_proxy(cluster), "sn-tickets-iam", "f", boto3.Session(), "us-east-1", utc_now)
    assert "no AWS credentials" in str(refused(asked, BrokenConfiguration))


def test_credentials_that_aws_does_not_take_are_told_with_aws_s_code(cluster: TeleportCluster) -> None:
    stolen = Credentials(TICKETS.access_key_id, "another secret", TICKETS.session_token, TICKETS.arn)
    error = refused(joining(through_proxy(cluster), credentials=stolen))
    assert "AWS refused the request with which this function proves its role (SignatureDoesNotMatch)" in str(error)


def test_a_role_that_the_bot_may_not_use_or_that_is_not_there_is_named(cluster: TeleportCluster) -> None:
    cluster.apply("{kind: bot, version: v1, metadata: {name: sn-tickets}, spec: {roles: [dba]}}")
    assert "Teleport bot sn-tickets: it may not use the role 'sn-tickets'" in str(
        refused(joining(through_proxy(cluster)))
    )
    cluster.apply(
        "{kind: bot, version: v1, metadata: {name: nobody}, spec: {roles: [nobody]}}\n---\n"
        "{kind: token, version: v2, metadata: {name: nobody-iam}, spec: {roles: [Bot], bot_name: nobody,"
        " join_method: iam, allow: [{aws_account: '123456789012'}]}}"
    )
    assert "Teleport role nobody: it isn't there. Create it." in str(
        refused(joining(through_proxy(cluster), "nobody-iam"))
    )


@pytest.mark.parametrize(
    "spec",
    [
        "{roles: [Node], join_method: iam, allow: [{aws_account: '123456789012'}]}",
        "{roles: [Bot], bot_name: sn-tickets, join_method: token}",
    ],
)
def test_a_token_of_another_kind_says_so(spec: str, cluster: TeleportCluster) -> None:
    cluster.apply(f"{{kind: token, version: v2, metadata: {{name: other}}, spec: {spec}}}")
    assert "the join token 'other' is not one for a bot that joins by IAM" in str(
        refused(joining(through_proxy(cluster), "other"))
    )


def test_a_token_for_a_bot_that_is_not_there_names_the_bot(cluster: TeleportCluster) -> None:
    cluster.apply(
        "{kind: token, version: v2, metadata: {name: early}, spec: {roles: [Bot], bot_name: not-yet,"
        " join_method: iam, allow: [{aws_account: '123456789012'}]}}"
    )
    assert "Teleport bot not-yet: it isn't there" in str(refused(joining(through_proxy(cluster), "early")))


@pytest.mark.parametrize("method", ["RegisterUsingIAMMethod", "GenerateUserCerts"])
def test_access_denied_and_no_more_is_told_as_a_lock(method: str, cluster: TeleportCluster) -> None:
    cluster.faults.fail(method, Status.PERMISSION_DENIED, "access denied")
    assert "tctl get locks" in refused(joining(through_proxy(cluster)), NotPermitted).fix


def test_a_locked_bot_is_told_to_be_locked(cluster: TeleportCluster) -> None:
    cluster.lock("bot-sn-tickets")
    assert "lock" in refused(joining(through_proxy(cluster)), NotPermitted).fix


def test_a_proxy_whose_certificate_is_not_trusted_is_joined_by_nobody(cluster: TeleportCluster) -> None:
    error = refused(joining(Endpoint(cluster.proxy_addr)), BrokenConfiguration)
    assert error.setting == "TELEPORT_ADDR"
    assert "isn't trusted" in str(error)
    assert cluster.calls == []


def test_a_proxy_with_a_certificate_for_another_name_is_joined_by_nobody(cluster: TeleportCluster) -> None:
    port = cluster.proxy_addr.rpartition(":")[2]
    elsewhere = "127.1"  # the same host, by another name
    error = refused(joining(Endpoint(f"{elsewhere}:{port}", cluster.web_ca_pem)), BrokenConfiguration)
    assert "isn't trusted" in str(error)
    assert cluster.calls == []


def test_a_load_balancer_whose_certificate_is_not_trusted_is_joined_through_by_nobody(
    cluster: TeleportCluster, balanced: NewBalancer
) -> None:
    balancer = balanced(cluster)
    refused(joining(Endpoint(balancer.addr, cluster.web_ca_pem)), BrokenConfiguration)
    assert cluster.calls == []


def test_an_auth_server_whose_host_ca_nobody_gave_is_joined_by_nobody(cluster: TeleportCluster) -> None:
    error = refused(joining(Endpoint(cluster.auth_addr, cluster.web_ca_pem)), BrokenConfiguration)
    assert "tctl auth export --type=tls-host" in error.fix
    assert cluster.calls == []


def test_a_load_balancer_that_lets_no_websocket_through_is_told_with_its_answer(
    cluster: TeleportCluster, balanced: NewBalancer
) -> None:
    cluster.upgrades_connections = False
    balancer = balanced(cluster)
    error = refused(joining(Endpoint(balancer.addr, balancer.ca_pem)), BrokenConfiguration)
    assert "ends TLS" in str(error)
    assert "status 404" in str(error)


def test_a_server_with_the_newer_join_service_alone_is_refused_with_a_sentence(joinable: NewCluster) -> None:
    error = refused(joining(through_proxy(joinable(joining="new only"))))
    assert "only the newer one (teleport.join.v1)" in str(error)
    assert "TeleportIdentitySecretArn" in error.fix


def test_a_server_of_version_16_is_not_joined(joinable: NewCluster) -> None:
    cluster = joinable(version="16.4.2")
    error = refused(joining(through_proxy(cluster)), NotPermitted)
    assert "runs Teleport 16.4.2, and Access Bridge needs 17 or newer" in str(error)
    assert cluster.calls == []


# ---- what may pass --------------------------------------------------------------------------------------------------


def test_an_auth_server_that_cannot_reach_aws_is_asked_again_later(cluster: TeleportCluster) -> None:
    cluster.sts.reachable = False
    with pytest.raises(Unavailable, match="executing STS request"):
        join(joining(through_proxy(cluster)))


@pytest.mark.parametrize("method", ["RegisterUsingIAMMethod", "GenerateUserCerts"])
@pytest.mark.parametrize("status", [Status.RESOURCE_EXHAUSTED, Status.UNAVAILABLE, Status.UNKNOWN, Status.INTERNAL])
def test_overload_and_trouble_of_the_server_may_pass(method: str, status: Status, cluster: TeleportCluster) -> None:
    cluster.faults.fail(method, status, "rate limit exceeded")
    with pytest.raises(Unavailable, match="rate limit exceeded"):
        join(joining(through_proxy(cluster)))
    assert join(joining(through_proxy(cluster))).username == "bot-sn-tickets"


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("method", ["RegisterUsingIAMMethod", "GenerateUserCerts"])
def test_a_lost_connection_may_pass(method: str, after_commit: bool, cluster: TeleportCluster) -> None:
    cluster.faults.drop(method, after_commit=after_commit)
    with pytest.raises(Unavailable):
        join(joining(through_proxy(cluster)))
    assert join(joining(through_proxy(cluster))).username == "bot-sn-tickets"


def test_a_stopped_cluster_may_come_back(cluster: TeleportCluster, balanced: NewBalancer) -> None:
    balancer = balanced(cluster)
    endpoints = (through_proxy(cluster), Endpoint(balancer.addr, balancer.ca_pem))
    cluster.stop()
    for endpoint in endpoints:
        with pytest.raises(Unavailable):
            join(joining(endpoint))
    cluster.start()
    for endpoint in endpoints:
        assert join(joining(endpoint)).username == "bot-sn-tickets"


# ---- secrets --------------------------------------------------------------------------------------------------------


def test_neither_the_identity_nor_an_error_shows_a_key_or_aws_s_credentials(cluster: TeleportCluster) -> None:
    identity = join(joining(through_proxy(cluster)))
    stolen = Credentials(TICKETS.access_key_id, "another secret", TICKETS.session_token, TICKETS.arn)
    error = refused(joining(through_proxy(cluster), credentials=stolen))
    shown = f"{identity!r} {error!r} {error}"
    assert identity.key_pem.splitlines()[1] not in shown
    for secret in ("another secret", TICKETS.secret_access_key, TICKETS.session_token):
        assert secret not in shown


def test_the_key_that_is_certified_is_of_the_curve_that_was_tried(cluster: TeleportCluster) -> None:
    certificate = x509.load_pem_x509_certificate(
        join(joining(through_proxy(cluster))).certificate_pem.encode()
    ).public_key()
    assert isinstance(certificate, ec.EllipticCurvePublicKey)
    assert certificate.curve.name == "secp256r1"
