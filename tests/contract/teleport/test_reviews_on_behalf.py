"""Reviews that a bot hands in for a human: who may, whose rights count, and what the cluster keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import AUTH, Answer, call

RESOURCES = Path(__file__).parents[2] / "recordings" / "resources"
REVIEW = f"{AUTH}/SubmitAccessReview"
SPEAKER = """
kind: role
version: v7
metadata: {name: sn-decisions}
spec:
  allow:
    rules: [{resources: [access_request], verbs: [list, read]}]
    review_requests: {submit_for_users: %s}
  deny:
    review_requests: {submit_for_users: %s}
"""
NewCluster = Callable[..., TeleportCluster]


@pytest.fixture
def new_cluster(tmp_path: Path) -> Iterator[NewCluster]:
    """Starts a cluster whose user sn-decisions may speak for the users that are named."""
    with ExitStack() as running:

        def start(speaks_for: str = "['*']", never_for: str = "[]", *, on_behalf: bool = True) -> TeleportCluster:
            cluster = TeleportCluster(directory=tmp_path, on_behalf=on_behalf)
            for name in ("roles", "more"):
                cluster.apply((RESOURCES / f"{name}.yaml").read_text(encoding="utf-8"))
            cluster.apply(SPEAKER % (speaks_for, never_for))
            return running.enter_context(cluster)

        yield start


def submission(
    request_id: str, author: str, state: pb.RequestState = pb.APPROVED, *, flag: bool = True
) -> pb.AccessReviewSubmission:
    given = pb.AccessReview(Author=author, ProposedState=state, Reason="fine", submitted_on_behalf_of_author=flag)
    return pb.AccessReviewSubmission(RequestID=request_id, Review=given)


def denied(message: str) -> Answer:
    return Answer("PERMISSION_DENIED", message)


def test_the_review_is_the_humans_and_says_who_handed_it_in(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])

    answer = call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob"))

    assert (answer.status, answer.messages[0].Spec.State) == ("OK", pb.APPROVED)
    (given,) = cluster.requests[request_id].Spec.Reviews
    assert (given.Author, given.SubmittedBy, given.Reason) == ("bob", "sn-decisions", "fine")
    event = cluster.audit_log[-1]
    assert (event["event"], event["reviewer"], event["submitted_by"]) == (
        "access_request.review",
        "bob",
        "sn-decisions",
    )


def test_a_review_of_ones_own_names_nobody_who_handed_it_in(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])

    assert call(cluster, "bob", REVIEW, submission(request_id, "bob")).status == "OK"

    (given,) = cluster.requests[request_id].Spec.Reviews
    assert (given.SubmittedBy, given.submitted_on_behalf_of_author) == ("", False)
    assert "submitted_by" not in cluster.audit_log[-1]


def test_it_says_that_it_is_a_server_of_that_kind(new_cluster: NewCluster) -> None:
    versions = [
        call(new_cluster(on_behalf=knows), "alice", f"{AUTH}/Ping", pb.PingRequest()).messages[0].ServerVersion
        for knows in (True, False)
    ]
    assert versions == ["18.11.0", "18.0.0"]


# ---- who may speak for whom


def test_18_0_0_takes_nobodys_review_in_another_name(new_cluster: NewCluster) -> None:
    cluster = new_cluster(on_behalf=False)
    request_id = cluster.as_user("alice").create_request(["dba"])

    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob")) == denied(
        'user "sn-decisions" cannot submit reviews on behalf of "bob"'
    )


@pytest.mark.parametrize(
    ("speaks_for", "never_for", "bob", "carol"),
    [
        ("['*']", "[]", True, True),
        ("[bob]", "[]", True, False),
        ("[Bob, 'bo*']", "[]", False, False),
        ("[]", "[]", False, False),
        ("['*']", "[carol]", True, False),
        ("[bob]", "['*']", False, False),
    ],
)
def test_the_role_says_for_whom(
    speaks_for: str, never_for: str, bob: bool, carol: bool, new_cluster: NewCluster
) -> None:
    cluster = new_cluster(speaks_for, never_for)
    for author, may in (("bob", bob), ("carol", carol)):
        request_id = cluster.as_user("alice").create_request(["dba"])
        answer = call(cluster, "sn-decisions", REVIEW, submission(request_id, author))
        refusal = denied(f'user "sn-decisions" cannot submit reviews on behalf of "{author}"')
        assert answer.status == "OK" if may else answer == refusal


def test_without_the_flag_nobody_speaks_for_another(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])

    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob", flag=False)) == denied(
        'user "sn-decisions" cannot submit reviews on behalf of "bob"'
    )


def test_who_may_speak_for_others_may_review_nothing_himself(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])

    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "sn-decisions")) == denied(
        f'user "sn-decisions" cannot review request "{request_id}"'
    )


# ---- the author's rights count


def test_nobody_approves_his_own_request_through_the_bot(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("rita").create_request(["dba"])

    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "rita")) == denied(
        f'user "rita" cannot review request "{request_id}"'
    )


def test_the_authors_roles_say_what_he_may_review(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    dba, prod = (cluster.as_user("alice").create_request([role]) for role in ("dba", "prod-access"))

    assert call(cluster, "sn-decisions", REVIEW, submission(dba, "nora")) == denied(
        f'user "nora" cannot review request "{dba}"'
    )
    assert call(cluster, "sn-decisions", REVIEW, submission(prod, "nora")).status == "OK"


def test_it_is_the_roles_that_he_has_now(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])
    cluster.apply("{kind: user, metadata: {name: bob}, spec: {roles: [access]}}")

    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob")) == denied(
        'user "bob" cannot submit reviews'
    )


def test_an_author_whom_the_cluster_does_not_have_is_not_found(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])

    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "Bob")) == Answer(
        "NOT_FOUND", '"user" "Bob" does not exist'
    )


def test_a_request_that_is_gone_is_not_found(new_cluster: NewCluster) -> None:
    answer = call(new_cluster(), "sn-decisions", REVIEW, submission("x", "bob"))
    assert answer == Answer("NOT_FOUND", 'cannot apply review to access request "x" (not found)')


# ---- thresholds count authors


def test_two_humans_fill_a_threshold_of_two_and_one_does_not(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("dave").create_request(["dba"])

    first = call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob"))
    again = call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob", pb.DENIED))
    second = call(cluster, "sn-decisions", REVIEW, submission(request_id, "carol"))
    late = call(cluster, "sn-decisions", REVIEW, submission(request_id, "nora"))

    assert first.messages[0].Spec.State == pb.PENDING
    assert again == Answer("ALREADY_EXISTS", 'user "bob" has already reviewed this request')
    assert second.messages[0].Spec.State == pb.APPROVED
    assert late == denied(f'user "nora" cannot review request "{request_id}"')
    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "rita")) == denied(
        "the access request has been already approved"
    )


def test_a_vote_in_teleport_and_one_through_the_bot_count_together(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("dave").create_request(["dba"])

    assert cluster.as_user("bob").review(request_id, "APPROVED") == "PENDING"
    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob")).status == "ALREADY_EXISTS"
    answer = call(cluster, "sn-decisions", REVIEW, submission(request_id, "carol"))
    assert answer.messages[0].Spec.State == pb.APPROVED


def test_one_denial_is_enough(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("dave").create_request(["dba"])

    answer = call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob", pb.DENIED))
    assert (answer.messages[0].Spec.State, answer.messages[0].Spec.ResolveReason) == (pb.DENIED, "fine")


# ---- locks, editions


def test_a_locked_bot_speaks_for_nobody(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    request_id = cluster.as_user("alice").create_request(["dba"])
    cluster.lock("sn-decisions")

    assert call(cluster, "sn-decisions", REVIEW, submission(request_id, "bob")) == denied("access denied")


@pytest.mark.parametrize("right", ["{roles: [dba]}", "{submit_for_users: [bob]}", "{preview_as_roles: [dba]}"])
def test_the_open_source_edition_takes_no_role_with_a_right_to_review(right: str, tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path, edition="oss", on_behalf=True)
    with pytest.raises(ValueError, match=r"allow\.review_requests is only available in enterprise"):
        cluster.apply(f"{{kind: role, metadata: {{name: r}}, spec: {{allow: {{review_requests: {right}}}}}}}")


def test_the_open_source_edition_refuses_reviews_in_anybodys_name(tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path, edition="oss", on_behalf=True)
    cluster.apply((RESOURCES / "oss.yaml").read_text(encoding="utf-8"))
    with cluster:
        request_id = cluster.as_user("alice").create_request(["dba"])
        bot = "bot-sn-decisions"
        own = call(cluster, bot, REVIEW, submission(request_id, ""), shape="tbot")
        for_alice = call(cluster, bot, REVIEW, submission(request_id, "alice"), shape="tbot")

    assert own == denied('user "bot-sn-decisions" cannot submit reviews')
    assert for_alice == denied('user "bot-sn-decisions" cannot submit reviews on behalf of "alice"')
