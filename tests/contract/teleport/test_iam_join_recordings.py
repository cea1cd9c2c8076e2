"""Each recorded attempt to join by `iam` ends with the stand-in as it ended with a real Teleport 18.0.0."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.sts import Sts
from local.teleport.sts_request import parse, validate
from tests.contract.teleport.join_client import (
    DECISIONS,
    TICKETS,
    Joined,
    Joining,
    PrivateKey,
    Signing,
    identity_of,
    in_future,
    join_directly,
    join_through_proxy,
    know,
)
from tests.contract.teleport.wire import AUTH, call

RECORDINGS = Path(__file__).parents[2] / "recordings"
ATTEMPTS: list[dict[str, Any]] = json.loads((RECORDINGS / "iam-join.json").read_text(encoding="utf-8"))
SIGNED = [attempt for attempt in ATTEMPTS if "request" in attempt]
CREDENTIALS = {one.access_key_id: one for one in (TICKETS, DECISIONS)}
AWS_ANSWERED_JSON_ANYWAY = "no accept header"
AWS_REFUSED = "wrong secret key"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path_factory.mktemp("teleport"))
    for name in ("roles", "bots"):
        made.apply((RECORDINGS / "resources" / f"{name}.yaml").read_text(encoding="utf-8"))
    know(made, TICKETS, DECISIONS)
    with made:
        yield made


def headers_of(raw: str) -> dict[str, str]:
    lines = raw.split("\r\n\r\n", maxsplit=1)[0].split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def signing_of(attempt: dict[str, Any]) -> Signing:
    """How the recorded request was signed, to do the same for another challenge."""
    raw = attempt["request"]["sts_identity_request"]
    headers = headers_of(raw)
    key, _, region, *_ = headers["authorization"].split("Credential=")[1].split(",")[0].split("/")
    credentials = CREDENTIALS[key]
    if attempt["name"] == AWS_REFUSED:
        credentials = replace(credentials, secret_access_key="another")
    accepted = {"accept": headers["accept"]} if "accept" in headers else {}
    return Signing(credentials, headers["host"], region, body=raw.split("\r\n\r\n", 1)[1], headers=accepted)


def again(attempt: dict[str, Any], cluster: TeleportCluster) -> Joined:
    """The same attempt: token, role, kind of key, way in, and what was done to the signed request."""
    if "request" not in attempt:
        return join_through_proxy(cluster, Joining(token=attempt["token"]), alpn=("h2",))
    asked, signing = attempt["request"]["register_using_token_request"], signing_of(attempt)
    suffix = headers_of(attempt["request"]["sts_identity_request"])["x-teleport-challenge"].removeprefix(
        attempt["challenge"]
    )
    key: PrivateKey = ec.generate_private_key(ec.SECP256R1())
    if attempt["name"] == "rsa":
        key = rsa.generate_private_key(65537, 2048)
    joining = Joining(asked["Token"], asked["Role"], key, sign=lambda challenge: signing.request(challenge + suffix))
    join = join_directly if attempt["name"] == "direct to auth" else join_through_proxy
    return join(cluster, joining)


@pytest.mark.parametrize(
    "attempt", [one for one in ATTEMPTS if one["name"] != AWS_ANSWERED_JSON_ANYWAY], ids=lambda one: str(one["name"])
)
def test_each_recorded_attempt_ends_the_same_way(attempt: dict[str, Any], cluster: TeleportCluster) -> None:
    joined = again(attempt, cluster)

    assert joined.status == attempt["status"]
    expected = attempt.get("message", "")
    if attempt["name"] == AWS_REFUSED:  # the recorded body is not AWS's own: only the code in it is the same
        expected = expected.partition("body: ")[0]
        assert "SignatureDoesNotMatch" in joined.message
        assert joined.message.startswith(expected)
    else:
        assert joined.message == expected
    assert (joined.certs is not None) == (attempt["status"] == "OK")


def test_aws_answers_xml_to_who_does_not_accept_json_and_teleport_refuses_it(cluster: TeleportCluster) -> None:
    """Recorded was a success, but not with AWS: what stood in for it there always answered JSON."""
    attempt = next(one for one in ATTEMPTS if one["name"] == AWS_ANSWERED_JSON_ANYWAY)

    joined = again(attempt, cluster)

    assert (joined.status, joined.certs) == ("UNKNOWN", None)
    assert joined.message.startswith("checking iam request\n\texecuting STS request\n\t\tinvalid character '<'")


@pytest.mark.parametrize("attempt", SIGNED, ids=lambda one: str(one["name"]))
def test_each_recorded_request_can_be_read_and_its_parts_are_found(attempt: dict[str, Any]) -> None:
    raw = attempt["request"]["sts_identity_request"]

    request = parse(raw.encode())

    assert dict(request.headers) == headers_of(raw)
    assert (request.method, request.target, request.body.decode()) == ("POST", "/", raw.split("\r\n\r\n", 1)[1])
    if attempt["status"] == "OK":
        validate(request, attempt["challenge"])


@pytest.mark.parametrize(("seconds_later", "code"), [(60, "SignatureDoesNotMatch"), (16 * 60, "Signature expired")])
def test_a_recorded_request_is_refused_by_whoever_has_another_key_and_by_its_age(seconds_later: int, code: str) -> None:
    raw = SIGNED[0]["request"]["sts_identity_request"]
    sts = Sts()
    sts.add(TICKETS.access_key_id, TICKETS.secret_access_key, TICKETS.session_token, TICKETS.arn)
    signed_at = datetime.strptime(headers_of(raw)["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    answer = sts.answer(parse(raw.encode()), signed_at + timedelta(seconds=seconds_later))

    assert answer.status == "403 Forbidden"
    assert code in answer.body


def recorded_events(kinds: set[str]) -> list[dict[str, Any]]:
    lines = (RECORDINGS / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(json.loads(line)["body"]) for line in lines]
    return [event for event in events if event["event"] in kinds]


def shape(value: Any) -> Any:
    """The keys and the types."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


def test_the_audit_log_tells_of_joins_and_refusals_as_recorded(cluster: TeleportCluster) -> None:
    before = len(cluster.audit_log)
    joined = join_through_proxy(cluster, joining := Joining())
    assert joined.certs is not None
    asked = pb.UserCertsRequest(Username="bot-sn-tickets", RoleRequests=["sn-decisions"], UseRoleRequests=True)
    asked.Expires.CopyFrom(in_future(timedelta(hours=1)))
    identity = identity_of(joining.key, joined.certs)
    assert call(cluster, "", f"{AUTH}/GenerateUserCerts", asked, identity=identity).status == "PERMISSION_DENIED"
    join_through_proxy(cluster, Joining(token="nope"))
    join_through_proxy(cluster, Joining(role="Node"))

    told = cluster.audit_log[before:]

    recorded = recorded_events({"bot.join", "cert.create", "instance.join", "user.login"})
    assert [shape(event) for event in told] == [shape(event) for event in recorded]
    for own, other in zip(told, recorded, strict=True):
        changing = {"bot_instance_id", "identity", "time", "uid"}
        assert {key: own[key] for key in own if key not in changing} == {
            key: other[key] for key in other if key not in changing
        }
