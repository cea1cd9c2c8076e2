"""Teleport's messages, as recorded over the wire, against what the recording says is in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review, Threshold
from access_bridge.teleport import convert
from access_bridge.teleport.proto import teleport_pb2 as pb
from tests.unit.teleport.recorded import CREATE, GET_USER, LIST, PING, REVIEW, answered, label, wire


def _time(text: str | None) -> datetime | None:
    """RFC 3339 with up to nine digits of a second, cut to six."""
    if text is None or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text))


def _labels(labels: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(value["Values"]) for key, value in labels.get("Values", {}).items()}


def _expected(request: dict[str, Any]) -> AccessRequest:
    spec = request["Spec"]
    return AccessRequest(
        id=request["Metadata"]["Name"],
        user=spec["User"],
        roles=tuple(spec["Roles"]),
        state=RequestState(spec["State"]),
        created=_time(spec["Created"]),
        access_until=_time(spec["Expires"]),
        expires_resource=_time(spec.get("ResourceExpiry")),
        max_duration=_time(spec["MaxDuration"]),
        assume_start=_time(spec.get("AssumeStartTime")),
        reason=spec.get("RequestReason", ""),
        resolve_reason=spec.get("ResolveReason", ""),
        resolve_annotations=_labels(spec["ResolveAnnotations"]),
        system_annotations=_labels(spec["SystemAnnotations"]),
        thresholds=tuple(Threshold(t["Name"], t["Approve"], t["Deny"]) for t in spec["Thresholds"]),
        role_thresholds={
            role: tuple(tuple(indexes["Indexes"]) for indexes in sets["Sets"])
            for role, sets in spec["RoleThresholdMapping"].items()
        },
        reviews=tuple(
            Review(
                review["Author"],
                RequestState(review["ProposedState"]),
                review.get("Reason", ""),
                _time(review["Created"]),
                tuple(review.get("ThresholdIndexes", ())),
            )
            for review in spec.get("Reviews", ())
        ),
        suggested_reviewers=tuple(spec.get("SuggestedReviewers", ())),
        resources=tuple(
            Resource(r["ClusterName"], r["Kind"], r["Name"], r.get("SubResourceName", ""))
            for r in spec.get("RequestedResourceIDs", ())
        ),
        revision=request["Metadata"].get("Revision", ""),
    )


@pytest.mark.parametrize("call", answered(REVIEW) + answered(CREATE), ids=label)
def test_a_recorded_request_reads_as_recorded(call: dict[str, Any]) -> None:
    message = pb.AccessRequest.FromString(wire(call["response_wire"]))
    assert convert.access_request(message) == _expected(call["response"])


@pytest.mark.parametrize("call", answered(LIST), ids=label)
def test_a_recorded_list_reads_as_recorded(call: dict[str, Any]) -> None:
    message = pb.ListAccessRequestsResponse.FromString(wire(call["response_wire"]))
    expected = [_expected(request) for request in call["response"].get("AccessRequests", ())]
    assert [convert.access_request(request) for request in message.access_requests] == expected
    assert message.next_key == call["response"].get("NextKey", "")


@pytest.mark.parametrize("call", answered(PING), ids=label)
def test_a_recorded_ping_reads_as_recorded(call: dict[str, Any]) -> None:
    cluster = convert.cluster(pb.PingResponse.FromString(wire(call["response_wire"])))
    assert cluster == convert.Cluster(
        "tele.example.test",
        "18.0.0",
        call["response"]["ProxyPublicAddr"],
        call["response"]["ServerFeatures"].get("AdvancedAccessWorkflows", False),
    )


@pytest.mark.parametrize("call", answered(GET_USER), ids=label)
def test_a_recorded_user_reads_as_recorded(call: dict[str, Any]) -> None:
    recorded = call["response"]["user"]
    user = convert.user(pb.GetUserResponse.FromString(wire(call["response_wire"])).user)
    assert user.name == recorded["Metadata"]["Name"]
    assert user.roles == tuple(recorded["Spec"]["Roles"])
    assert user.traits == _labels(recorded["Spec"].get("Traits", {}))


def _request(**spec: Any) -> AccessRequest:
    return convert.access_request(
        pb.AccessRequest(metadata=pb.Metadata(name="id"), spec=pb.AccessRequestSpec(user="alice", **spec))
    )


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (None, None),
        (Timestamp(seconds=-62135596800), None),
        (Timestamp(seconds=1, nanos=123456789), datetime(1970, 1, 1, 0, 0, 1, 123456, tzinfo=UTC)),
        (Timestamp(seconds=2**55), None),
        (Timestamp(seconds=-(2**55)), None),
    ],
    ids=["missing", "Go's zero time", "nanoseconds", "far future", "far past"],
)
def test_times_that_are_not_set_or_impossible_are_none(timestamp: Timestamp | None, expected: datetime | None) -> None:
    assert _request(expires=timestamp).access_until == expected


def test_a_state_of_a_later_version_counts_as_pending() -> None:
    request = _request(state=77, reviews=[pb.AccessReview(author="bob", proposed_state=77)])  # type: ignore[arg-type]
    assert request.state is RequestState.PENDING
    assert request.reviews[0].proposed_state is RequestState.PENDING


def test_fields_of_a_later_version_are_skipped() -> None:
    known = pb.AccessRequest(metadata=pb.Metadata(name="id")).SerializeToString()
    later = b"\xfa\x3e\x03abc"  # field 1007, three bytes
    assert convert.access_request(pb.AccessRequest.FromString(known + later)).id == "id"


def test_a_reason_in_bad_utf8_does_not_make_the_list_unreadable() -> None:
    assert _request(request_reason=b"caf\xe9").reason == "caf\ufffd"


def test_a_long_term_request_is_marked() -> None:
    assert _request(request_kind=pb.RequestKind.LONG_TERM).long_term
    assert not _request(request_kind=pb.RequestKind.SHORT_TERM).long_term
    assert not _request().long_term


def test_newer_resource_ids_count_where_they_are_present() -> None:
    old = pb.ResourceID(cluster_name="c", kind="node", name="old")
    new = pb.ResourceID(cluster_name="c", kind="node", name="new", sub_resource_name="sub")
    assert _request(requested_resource_ids=[old]).resources == (Resource("c", "node", "old"),)
    request = _request(requested_resource_ids=[old], requested_resource_access_ids=[pb.ResourceAccessID(id=new)])
    assert request.resources == (Resource("c", "node", "new", "sub"),)


def test_a_promoted_request_names_its_access_list() -> None:
    assert _request(access_list=pb.PromotedAccessList(name="id", title="Databases")).promoted_access_list == "Databases"
    assert _request(access_list=pb.PromotedAccessList(name="id")).promoted_access_list == "id"


def test_a_review_in_a_humans_name_says_who_submitted_it() -> None:
    request = _request(reviews=[pb.AccessReview(author="bob", submitted_by="bot-sn-decisions")])
    assert (request.reviews[0].author, request.reviews[0].submitted_by) == ("bob", "bot-sn-decisions")
