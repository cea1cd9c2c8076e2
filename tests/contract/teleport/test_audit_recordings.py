"""The audit log of the stand-in has the events of a real one: same keys, same formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.forwarder import event_body
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import AUTH, call

RECORDINGS = Path(__file__).parents[2] / "recordings"
KINDS = ["create", "update", "review", "delete", "expire"]
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$")


def recorded_bodies() -> list[str]:
    lines = (RECORDINGS / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["body"] for line in lines]


def recorded_events(kind: str) -> list[dict[str, Any]]:
    events = [json.loads(body) for body in recorded_bodies()]
    return [event for event in events if event["event"] == f"access_request.{kind}"]


def key_sets(events: list[dict[str, Any]]) -> set[frozenset[str]]:
    return {frozenset(event) for event in events}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path)
    for name in ("roles", "bots"):
        made.apply((RECORDINGS / "resources" / f"{name}.yaml").read_text(encoding="utf-8"))
    with made:
        yield made


def create(cluster: TeleportCluster, user: str, roles: list[str], reason: str) -> str:
    request = pb.AccessRequestV3()
    request.Spec.User, request.Spec.RequestReason, request.Spec.State = user, reason, pb.PENDING
    request.Spec.Roles.extend(roles)
    answer = call(cluster, user, f"{AUTH}/CreateAccessRequestV2", request)
    return str(answer.messages[0].Metadata.Name)


def set_state(cluster: TeleportCluster, request_id: str, state: Any, **more: Any) -> None:
    setter = pb.RequestStateSetter(ID=request_id, State=state, **more)
    assert call(cluster, "sn-decisions", f"{AUTH}/SetAccessRequestState", setter).status == "OK"


def the_same_things_happen(cluster: TeleportCluster) -> None:
    """What was done to the real cluster, once each."""
    approved = create(cluster, "alice", ["dba"], "ticket INC0010001")
    annotations = pb.LabelValues(Values={"servicenow": pb.StringValues(Values=["INC0010001"])})
    delegator = "servicenow:bob@example.test"
    set_state(cluster, approved, pb.APPROVED, Delegator=delegator, Reason="by Bob", Annotations=annotations)
    set_state(cluster, approved, pb.APPROVED, Reason="again")
    set_state(cluster, approved, pb.DENIED)
    two = create(cluster, "dave", ["dba"], "two of them")
    cluster.as_user("bob").review(two, "APPROVED", "ok by bob")
    cluster.as_user("bot-sn-decisions").review(two, "APPROVED")
    subset = create(cluster, "alice", ["dba", "prod-access"], "both")
    set_state(cluster, subset, pb.APPROVED, Roles=["dba"], Reason="only dba")

    resource = pb.AccessRequestV3()
    resource.Spec.User, resource.Spec.RequestReason = "alice", "resource request"
    resource.Spec.RequestedResourceIDs.add(ClusterName=cluster.name, Kind="node", Name=cluster.host_id)
    assert call(cluster, "alice", f"{AUTH}/CreateAccessRequestV2", resource).status == "OK"

    cluster.tctl_rm(cluster.tctl_create("dave", ["dba"], "to delete"))
    by_tctl = cluster.tctl_create("dave", ["dba"], "by tctl")
    cluster.tctl_approve(by_tctl, reason="CHG0001", delegator="lee@example.test")
    cluster.tctl_deny(cluster.tctl_create("dave", ["dba"], "by tctl deny"), reason="no")
    set_state(cluster, cluster.tctl_create("dave", ["dba"], "no annotations"), pb.DENIED, Delegator="bob", Reason="no")
    cluster.tctl_create("alice", ["dba"], "INC0010001 restart")

    cluster.expiry_delay = 0.0
    cluster.as_user("alice").create_request(["dba"], "will expire", ttl=timedelta(milliseconds=50))
    assert cluster.wait_for_event(len(cluster.audit_log) + 1, timeout=5)


@pytest.fixture
def audit_log(cluster: TeleportCluster) -> list[dict[str, Any]]:
    the_same_things_happen(cluster)
    return cluster.audit_log


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_keys_as_recorded(kind: str, audit_log: list[dict[str, Any]]) -> None:
    own = [event for event in audit_log if event["event"] == f"access_request.{kind}"]
    if kind == "create":  # made without a network, so by nobody's impersonation: a combination of its own
        own = [event for event in own if event["reason"] != "will expire"]

    assert key_sets(own) == key_sets(recorded_events(kind))


def test_the_same_codes_as_recorded(audit_log: list[dict[str, Any]]) -> None:
    recorded = {(event["event"], event["code"]) for kind in KINDS for event in recorded_events(kind)}

    assert {(event["event"], event["code"]) for event in audit_log} == recorded


def test_times_are_written_as_go_writes_them(audit_log: list[dict[str, Any]]) -> None:
    for events in (audit_log, [event for kind in KINDS for event in recorded_events(kind)]):
        for event in events:
            for key in ("time", "expires", "expiry", "max_duration"):
                assert key not in event or MOMENT.match(event[key]), event[key]
    assert all(len(event["time"]) <= len("2026-11-23T02:38:40.910Z") for event in audit_log)


def test_what_tctl_does_is_recorded_under_the_hosts_name(cluster: TeleportCluster) -> None:
    request_id = cluster.tctl_create("dave", ["dba"], "by tctl")
    cluster.tctl_approve(request_id, reason="CHG0001", delegator="lee@example.test")
    cluster.tctl_rm(request_id)

    created, updated, deleted = cluster.audit_log
    admin = f"{cluster.host_id}.{cluster.name}"
    assert (created["user"], created["user_kind"]) == ("dave", 3)
    assert (updated["updated_by"], updated["delegator"]) == (admin, "lee@example.test")
    assert (deleted["user"], deleted["user_kind"]) == (admin, 3)


def test_approved_access_that_ends_is_told_as_expired_too(cluster: TeleportCluster) -> None:
    cluster.expiry_delay = 0.0
    request_id = cluster.as_user("alice").create_request(["dba"], max_duration=timedelta(milliseconds=300))
    cluster.as_user("bob").review(request_id, "APPROVED")

    assert cluster.wait_for_event(3, timeout=5)
    assert [event["event"] for event in cluster.audit_log] == [
        "access_request.create",
        "access_request.review",
        "access_request.expire",
    ]
    assert request_id not in cluster.requests


def test_a_recorded_event_is_written_byte_for_byte_as_it_was_sent() -> None:
    for body in recorded_bodies():
        assert event_body(json.loads(body)).decode() == body
