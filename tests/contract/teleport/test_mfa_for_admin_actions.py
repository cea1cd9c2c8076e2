"""Where a security key is required, administrative actions are for people who touch theirs, and for bots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from local.teleport.cluster import TeleportCluster
from local.teleport.identity import IdentityShape
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import AUTH, Answer, call

RESOURCES = Path(__file__).parents[2] / "recordings" / "resources"
REFUSED = Answer("PERMISSION_DENIED", "admin-level API request requires MFA verification")
MAY_DELETE = """
kind: role
metadata: {name: sn-decisions}
spec:
  allow:
    rules: [{resources: [access_request], verbs: [list, read, update, create, delete]}]
    review_requests: {roles: ['*']}
"""
NewCluster = Callable[..., TeleportCluster]


@pytest.fixture
def new_cluster(tmp_path: Path) -> Iterator[NewCluster]:
    """Starts a cluster of the recordings, in which sn-decisions may do everything to requests."""
    with ExitStack() as running:

        def start(**settings: Any) -> TeleportCluster:
            cluster = TeleportCluster(directory=tmp_path, **settings)
            for name in ("roles", "bots"):
                cluster.apply((RESOURCES / f"{name}.yaml").read_text(encoding="utf-8"))
            cluster.apply(MAY_DELETE)
            return running.enter_context(cluster)

        yield start


def actions(request_id: str) -> dict[str, Any]:
    """Every administrative action on requests; the last one that changes something is the delete."""
    approval = pb.AccessReview(ProposedState=pb.APPROVED)
    return {
        f"{AUTH}/SubmitAccessReview": pb.AccessReviewSubmission(RequestID=request_id, Review=approval),
        f"{AUTH}/SetAccessRequestState": pb.RequestStateSetter(ID=request_id, State=pb.APPROVED),
        f"{AUTH}/CreateAccessRequestV2": pb.AccessRequestV3(Spec=pb.AccessRequestSpecV3(User="alice", Roles=["dba"])),
        f"{AUTH}/DeleteAccessRequest": pb.RequestID(ID=request_id),
    }


def results(cluster: TeleportCluster, user: str, shape: IdentityShape) -> set[str]:
    request_id = cluster.as_user("alice").create_request(["dba"])
    asked = actions(request_id).items()
    return {call(cluster, user, path, action, shape=shape).status for path, action in asked}


def test_a_persons_identity_file_is_refused(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])

    for path, action in actions(request_id).items():
        assert call(cluster, "sn-decisions", path, action, shape="tsh") == REFUSED

    assert cluster.requests[request_id].Spec.State == pb.PENDING
    assert len(cluster.audit_log) == 1


def test_it_still_reads_and_asks_for_itself(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    own = pb.AccessRequestV3(Spec=pb.AccessRequestSpecV3(User="alice", Roles=["dba"]))

    assert call(cluster, "alice", f"{AUTH}/CreateAccessRequestV2", own, shape="tsh").status == "OK"
    listed = call(cluster, "alice", f"{AUTH}/ListAccessRequests", pb.ListAccessRequestsRequest(), shape="tsh")
    assert len(listed.messages[0].AccessRequests) == 1


def test_a_bots_identity_and_one_made_on_the_auth_host_are_exempt(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    assert results(cluster, "bot-sn-decisions", "tbot") == {"OK"}
    assert results(cluster, "sn-decisions", "tctl") == {"OK"}


def test_where_one_time_codes_do_nobody_is_asked(new_cluster: NewCluster, tmp_path: Path) -> None:
    cluster = new_cluster(second_factor="otp")
    assert results(cluster, "sn-decisions", "tsh") == {"OK"}

    authority = tmp_path / "web-ca.pem"
    authority.write_text(cluster.web_ca_pem)
    page = requests.get(f"https://{cluster.proxy_addr}/webapi/ping", verify=str(authority), timeout=5).json()
    assert page["auth"]["second_factor"] == "otp"


def test_a_person_at_work_touches_the_key(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])
    assert cluster.as_user("bob").review(request_id, "APPROVED") == "APPROVED"


def test_a_missing_right_is_told_first(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])
    told = {
        path.rpartition("/")[2]: call(cluster, "alice", path, action, shape="tsh").message
        for path, action in actions(request_id).items()
    }
    assert told["SetAccessRequestState"] == 'access denied to perform action "update" on "access_request"'
    assert told["SubmitAccessReview"] == 'user "alice" cannot submit reviews'
    assert told["DeleteAccessRequest"] == 'access denied to perform action "delete" on "access_request"'
