"""What each answer to a join means: a sentence that names what is wrong and the fix, or that it may pass."""

from __future__ import annotations

import json
from typing import Any

import pytest
from grpclib.const import Status

from access_bridge.errors import BridgeError, BrokenConfiguration
from access_bridge.teleport.errors import IdentityLocked, Unavailable
from access_bridge.teleport.joining.refusals import Attempt, JoinRefused, refusal
from tests.unit.teleport.recorded import text

ARN = "arn:aws:sts::123456789012:assumed-role/teleport-events-role/teleport-events"
ATTEMPT = Attempt(token="sn-tickets-iam", role="sn-tickets", sts_host="sts.mars-north-1.amazonaws.com")
RECORDED: dict[str, dict[str, Any]] = {
    one["name"]: one for one in json.loads(text("iam-join.json")) if one["status"] != "OK"
}
MEANINGS = {
    "proxy with h2 only": ("TELEPORT_ADDR", r"no gRPC server of Teleport's \(Received :status = '404'\)"),
    "unknown token": ("TELEPORT_JOIN_TOKEN", "no join token 'sn-tickets-iam', or it has expired"),
    "token of the other bot (ARN mismatch)": ("TELEPORT_JOIN_TOKEN", f"saw {ARN}, and no allow rule"),
    "wrong secret key": ("TELEPORT_JOIN_TOKEN", r"AWS refused .*\(SignatureDoesNotMatch\)"),
    "wrong challenge": ("TELEPORT_ADDR", "doesn't answer its challenge"),
    "role Node": ("TELEPORT_JOIN_TOKEN", "missing parameter HostID"),
    "unknown region": ("TELEPORT_JOIN_REGION", r"doesn't know the AWS endpoint sts\.mars-north-1\.amazonaws\.com\."),
    "evil host": ("TELEPORT_JOIN_REGION", r"endpoint sts\.us-east-1\.amazonaws\.com\.evil\.example\."),
    "wrong body": ("TELEPORT_JOIN_TOKEN", "sts request body"),
}


def test_every_recorded_refusal_has_its_meaning_here() -> None:
    assert set(MEANINGS) == set(RECORDED)


@pytest.mark.parametrize("name", MEANINGS)
def test_a_recorded_refusal_says_what_was_wrong_and_is_not_repeated(name: str) -> None:
    setting, words = MEANINGS[name]
    error = refusal(Status[RECORDED[name]["status"]], RECORDED[name]["message"], ATTEMPT)
    assert isinstance(error, JoinRefused)
    assert error.setting == setting
    with pytest.raises(JoinRefused, match=words):
        raise error


AWS = 'checking iam request\n\texecuting STS request\n\t\taws sts api returned status: "%s" body: "%s"'
UNSEEN: list[tuple[Status, str | None, type[BridgeError], str]] = [
    # Not recorded: as the sheets have it, or as older servers say it.
    (
        Status.PERMISSION_DENIED,
        "instance ARN did not match any allow rules in token x",
        JoinRefused,
        "this function's ARN",
    ),
    (Status.PERMISSION_DENIED, AWS % ("403 Forbidden", "<Code>InvalidClientTokenId</Code>"), JoinRefused, "InvalidCl"),
    (Status.PERMISSION_DENIED, AWS % ("403 Forbidden", ""), JoinRefused, r"proves its role \(403\)"),
    (Status.PERMISSION_DENIED, AWS % ("400 Bad Request", "<Code>Throttling</Code>"), Unavailable, "400 Throttling"),
    (Status.PERMISSION_DENIED, AWS % ("503 Service Unavailable", ""), Unavailable, "503"),
    (Status.PERMISSION_DENIED, 'lock targeting User:"bot-x" is in force', IdentityLocked, "tctl rm lock"),
    (Status.PERMISSION_DENIED, "node cannot join, the token does not allow role Bot", JoinRefused, "not one for a bot"),
    (Status.INVALID_ARGUMENT, "this token does not support the IAM join method", JoinRefused, "not one for a bot"),
    (
        Status.UNIMPLEMENTED,
        "unknown service proto.JoinService",
        JoinRefused,
        r"only the newer one \(teleport.join.v1\)",
    ),
    (Status.UNIMPLEMENTED, "method RegisterUsingIAMMethod not implemented", JoinRefused, "only the newer one"),
    (
        Status.PERMISSION_DENIED,
        'user "bot-x" has requested role impersonation for ["sn-tickets"]',
        JoinRefused,
        "Teleport bot sn-tickets: it may not use the role",
    ),
    (Status.NOT_FOUND, "role sn-tickets is not found", JoinRefused, "Teleport role sn-tickets: it isn't there"),
    (Status.PERMISSION_DENIED, "", JoinRefused, "without a reason"),
    (Status.RESOURCE_EXHAUSTED, "rate limit exceeded", Unavailable, "RESOURCE_EXHAUSTED rate limit exceeded"),
    (Status.UNAVAILABLE, None, Unavailable, "doesn't let us join now: UNAVAILABLE"),
    (Status.UNKNOWN, "executing STS request\n\tPost dial tcp: no such host", Unavailable, "no such host"),
    (Status.DEADLINE_EXCEEDED, "", Unavailable, "DEADLINE_EXCEEDED"),
]


@pytest.mark.parametrize(("status", "answer", "kind", "words"), UNSEEN, ids=lambda value: str(value)[:40])
def test_other_answers_have_their_meaning_too(
    status: Status, answer: str | None, kind: type[BridgeError], words: str
) -> None:
    error = refusal(status, answer, ATTEMPT)
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error


def test_a_sentence_has_one_line_and_an_end_however_long_the_answer() -> None:
    error = refusal(Status.PERMISSION_DENIED, "why\n\t" * 5000, ATTEMPT)
    assert isinstance(error, BrokenConfiguration)
    assert "\n" not in str(error)
    assert len(str(error)) < 1000
