"""Users come and go: those of a single sign-on are there only while their session lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.errors import RefusedError
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import AUTH, USERS, Answer, call

RESOURCES = Path(__file__).parents[2] / "recordings" / "resources"
ABSENT = Answer("NOT_FOUND", '"user" "erin" does not exist')
SPEAKER = """
kind: role
metadata: {name: sn-decisions}
spec:
  allow:
    rules: [{resources: [access_request], verbs: [list, read]}, {resources: [user], verbs: [list, read]}]
    review_requests: {submit_for_users: [erin]}
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path, on_behalf=True)
    made.apply((RESOURCES / "roles.yaml").read_text(encoding="utf-8"))
    made.apply(SPEAKER)
    with made:
        yield made


def signed_in(cluster: TeleportCluster, session: timedelta) -> None:
    """Erin signs in by single sign-on."""
    until = (datetime.now(UTC) + session).isoformat()
    cluster.apply(f"{{kind: user, metadata: {{name: erin, expires: '{until}'}}, spec: {{roles: [reviewer]}}}}")


def read(cluster: TeleportCluster) -> Answer:
    return call(cluster, "sn-decisions", f"{USERS}/GetUser", pb.GetUserRequest(name="erin"))


def listed(cluster: TeleportCluster) -> list[str]:
    answer = call(cluster, "sn-decisions", f"{USERS}/ListUsers", pb.ListUsersRequest())
    return [one.Metadata.Name for one in answer.messages[0].users]


def approve_for_erin(cluster: TeleportCluster) -> Answer:
    request_id = cluster.as_user("alice").create_request(["dba"])
    given = pb.AccessReview(Author="erin", ProposedState=pb.APPROVED, submitted_on_behalf_of_author=True)
    submission = pb.AccessReviewSubmission(RequestID=request_id, Review=given)
    return call(cluster, "sn-decisions", f"{AUTH}/SubmitAccessReview", submission)


def test_while_signed_in_he_is_a_user_like_any_other(cluster: TeleportCluster) -> None:
    signed_in(cluster, timedelta(hours=1))

    user = read(cluster).messages[0].user
    assert user.Metadata.Name == "erin"
    assert 3500 < user.Metadata.Expires.seconds - time.time() <= 3600
    assert "erin" in listed(cluster)
    assert approve_for_erin(cluster).status == "OK"


def test_after_his_session_there_is_no_such_user_until_he_signs_in_again(cluster: TeleportCluster) -> None:
    signed_in(cluster, timedelta(seconds=-1))

    assert read(cluster) == ABSENT
    assert "erin" not in listed(cluster)
    assert "erin" not in cluster.users
    assert approve_for_erin(cluster) == ABSENT
    with pytest.raises(RefusedError, match='"user" "erin" does not exist'):
        cluster.as_user("erin").create_request(["dba"])

    signed_in(cluster, timedelta(hours=1))
    assert approve_for_erin(cluster).status == "OK"


def test_a_certificate_is_no_use_after_its_user_is_gone(cluster: TeleportCluster) -> None:
    signed_in(cluster, timedelta(hours=1))
    identity = cluster.identity_file("erin")
    signed_in(cluster, timedelta(seconds=-1))

    answer = call(cluster, "erin", f"{AUTH}/ListAccessRequests", pb.ListAccessRequestsRequest(), identity=identity)
    assert answer == Answer("NOT_FOUND", 'access denied\n\tuser "erin" not found')


def test_a_deleted_user_is_no_author(cluster: TeleportCluster) -> None:
    signed_in(cluster, timedelta(hours=1))
    cluster.remove_user("erin")

    assert read(cluster) == ABSENT
    assert approve_for_erin(cluster) == ABSENT


def test_an_expiry_without_a_time_zone_is_a_mistake_of_the_test(cluster: TeleportCluster) -> None:
    with pytest.raises(ValueError, match="time zone"):
        cluster.apply("{kind: user, metadata: {name: erin, expires: '2026-01-01T00:00:00'}, spec: {roles: []}}")
