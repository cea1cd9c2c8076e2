"""Every refusal that a real Teleport was recorded with, and those that its source has, each as its typed error."""

from __future__ import annotations

import re
from typing import Any

import pytest
from grpclib.const import Status

from access_bridge.access_request import RequestState
from access_bridge.errors import BridgeError, BrokenConfiguration, OutcomeUnknown, Refused, Retry
from access_bridge.teleport.errors import (
    AlreadyResolved,
    AlreadyReviewed,
    Call,
    IdentityLocked,
    InvalidRequest,
    MfaRequired,
    NotPermitted,
    OnBehalfUnsupported,
    RequestGone,
    ReviewRefused,
    ReviewsUnsupported,
    Unavailable,
    UserMissing,
    WriteOutcomeUnknown,
    from_status,
    lost,
)
from tests.unit.teleport.recorded import calls, label

READ = Call("bot-x")
WRITE = Call("bot-x", write=True)

RECORDED: dict[str, type[BridgeError]] = {
    'access denied to perform action "update" on "access_request"': NotPermitted,
    'cannot set state of access request "<id>" (not found)': RequestGone,
    "missing request id": InvalidRequest,
    "missing request state": InvalidRequest,
    "state promoted can be only set when promoting to access list": InvalidRequest,
    "pending requests cannot include resolve reason": InvalidRequest,
    'role "prod-access" not in original request, overrides must be a subset of original role list': InvalidRequest,
    "access request resolve reason is too long, max 4096 bytes": InvalidRequest,
    "the access request has been already approved": AlreadyResolved,
    "the access request has been already denied": AlreadyResolved,
    'cannot set request-state "APPROVED" (already denied)': AlreadyResolved,
    'user "alice" cannot submit reviews': ReviewsUnsupported,
    'user "sn-tickets" cannot submit reviews': ReviewsUnsupported,
    'user "bot-sn-decisions" cannot submit reviews': ReviewsUnsupported,
    'user "sn-decisions" cannot submit reviews on behalf of "bob"': OnBehalfUnsupported,
    'user "bot-sn-decisions" cannot submit reviews on behalf of "bob"': OnBehalfUnsupported,
    "invalid state proposal: PENDING (expected approval/denial)": InvalidRequest,
    "invalid state proposal: NONE (expected approval/denial)": InvalidRequest,
    'user "bob" has already reviewed this request': AlreadyReviewed,
    'user "bot-sn-decisions" has already reviewed this request': AlreadyReviewed,
    'cannot apply review to access request "<id>" (not found)': RequestGone,
    'access denied to perform action "delete" on "access_request"': NotPermitted,
    "method GetUser not implemented": NotPermitted,
    "role subselection is not yet supported in reviews, try omitting role list": InvalidRequest,
    "annotations are not yet supported in reviews, try omitting annotations field": InvalidRequest,
    "access denied": IdentityLocked,
    'user "rita" cannot review request "<id>"': ReviewRefused,
    'user "nora" cannot review request "<id>"': ReviewRefused,
    "page size of 20000 is too large": InvalidRequest,
    '"user" "nobody" does not exist': UserMissing,
    '"user" "Tina" does not exist': UserMissing,
    'access denied to perform action "read" on "user"': NotPermitted,
    'access denied to perform action "list" on "user"': NotPermitted,
    'access denied to perform action "read" on "user", access denied to perform action "list" on "user"': NotPermitted,
}


@pytest.mark.parametrize("call", [call for call in calls() if call["status"] not in ("OK", "TRANSPORT")], ids=label)
def test_every_recorded_refusal_has_its_type(call: dict[str, Any]) -> None:
    says = re.match(r'user "([^"]+)"', call["message"])
    by = Call(says[1], write=True) if says else WRITE  # recorded callers reviewed in their own names
    error = from_status(Status[call["status"]], call["message"], by)
    assert type(error) is RECORDED[re.sub(r"[0-9a-f-]{36}", "<id>", call["message"])]
    if not isinstance(error, UserMissing):
        assert call["message"] in str(error)


def test_the_recorded_loss_of_a_connection_is_repeated_later() -> None:
    (call,) = [call for call in calls() if call["status"] == "TRANSPORT"]
    assert type(lost(call["message"], READ)) is Unavailable


OTHERS = [
    (Status.PERMISSION_DENIED, "the access request has been already promoted", AlreadyResolved),
    (Status.INVALID_ARGUMENT, 'cannot set request-state "DENIED" (already approved)', AlreadyResolved),
    (Status.PERMISSION_DENIED, 'user "bob" has already reviewed this request', AlreadyReviewed),
    (
        Status.PERMISSION_DENIED,
        "directly updating the state of your own access requests is not permitted",
        ReviewRefused,
    ),
    (
        Status.PERMISSION_DENIED,
        "cannot directly update the state of an access request while using an access request",
        NotPermitted,
    ),
    (Status.PERMISSION_DENIED, "admin-level API request requires MFA verification", MfaRequired),
    (Status.PERMISSION_DENIED, 'user "bot-x" cannot submit reviews', ReviewsUnsupported),
    (Status.PERMISSION_DENIED, 'user "bob" cannot submit reviews', ReviewRefused),  # in whose name the bot reviewed
    (Status.PERMISSION_DENIED, "access denied: intermediaries are not supported", NotPermitted),
    (Status.PERMISSION_DENIED, "access denied: invalid client certificate", NotPermitted),
    (Status.PERMISSION_DENIED, "client version is unsupported", NotPermitted),
    (Status.PERMISSION_DENIED, 'lock targeting User:"bot-x" is in force', IdentityLocked),
    (Status.PERMISSION_DENIED, "access to resource requires a trusted device", NotPermitted),
    (Status.PERMISSION_DENIED, "pinned IP doesn't match observed client IP", NotPermitted),
    (Status.PERMISSION_DENIED, "a text of a later version", NotPermitted),
    (Status.UNAUTHENTICATED, "", NotPermitted),
    (Status.NOT_FOUND, '"user" "Nop" does not exist', UserMissing),
    (Status.NOT_FOUND, 'access denied\n\tuser "bot-x" not found', UserMissing),
    (Status.NOT_FOUND, "role sn-tickets is not found", NotPermitted),
    (Status.UNIMPLEMENTED, "unknown method ListAccessRequests for service proto.AuthService", NotPermitted),
    (Status.UNIMPLEMENTED, "Received :status = '404'", NotPermitted),
    (Status.FAILED_PRECONDITION, "too many concurrent writes to access request x, try again later", Unavailable),
    (Status.RESOURCE_EXHAUSTED, "rate limit exceeded", Unavailable),
    (Status.RESOURCE_EXHAUSTED, "connection limit exceeded", Unavailable),
]


@pytest.mark.parametrize(("status", "text", "kind"), OTHERS, ids=lambda value: str(value)[:40])
def test_refusals_of_the_source_have_their_types(status: Status, text: str, kind: type[BridgeError]) -> None:
    assert type(from_status(status, text, WRITE)) is kind


@pytest.mark.parametrize(
    "status",
    [Status.UNKNOWN, Status.UNAVAILABLE, Status.INTERNAL, Status.DEADLINE_EXCEEDED, Status.CANCELLED, Status.ABORTED],
    ids=lambda status: status.name,
)
def test_what_says_nothing_about_the_outcome_leaves_a_write_unknown_and_a_read_to_be_repeated(status: Status) -> None:
    assert type(from_status(status, "oops", READ)) is Unavailable
    assert type(from_status(status, None, WRITE)) is WriteOutcomeUnknown


@pytest.mark.parametrize(
    ("status", "text", "state"),
    [
        (Status.PERMISSION_DENIED, "the access request has been already approved", RequestState.APPROVED),
        (Status.PERMISSION_DENIED, "the access request has been already denied", RequestState.DENIED),
        (Status.PERMISSION_DENIED, "the access request has been already promoted", RequestState.PROMOTED),
        (Status.INVALID_ARGUMENT, 'cannot set request-state "APPROVED" (already denied)', RequestState.DENIED),
    ],
)
def test_a_resolved_request_says_how_it_ended(status: Status, text: str, state: RequestState) -> None:
    error = from_status(status, text, WRITE)
    assert isinstance(error, AlreadyResolved)
    assert error.state is state


def test_missing_rights_name_the_user_and_what_to_give_him() -> None:
    error = from_status(Status.PERMISSION_DENIED, 'user "bot-x" cannot submit reviews', WRITE)
    assert isinstance(error, NotPermitted)
    assert error.setting == "Teleport user bot-x"
    assert "set_state" in error.fix


def test_an_answer_of_many_lines_becomes_one_line_of_bounded_length() -> None:
    error = from_status(Status.UNKNOWN, "one\n\ttwo\n" + "x" * 5000, READ)
    assert "one two xxx" in str(error)
    assert len(str(error)) < 600


def test_each_error_is_one_of_the_three_kinds() -> None:
    assert issubclass(Unavailable, Retry)
    assert issubclass(WriteOutcomeUnknown, OutcomeUnknown)
    assert all(
        issubclass(kind, Refused)
        for kind in (RequestGone, AlreadyReviewed, AlreadyResolved, ReviewRefused, InvalidRequest)
    )
    assert issubclass(NotPermitted, BrokenConfiguration)
