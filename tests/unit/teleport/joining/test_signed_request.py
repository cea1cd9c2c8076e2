"""The signed request by which a function proves its AWS role: what it holds, for whom, and what it doesn't."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from botocore.credentials import ReadOnlyCredentials

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.joining.signed_request import signed_request, sts_host
from tests.unit.teleport.recorded import text

RECORDED: dict[str, Any] = json.loads(text("iam-join.json"))[0]
CREDENTIALS = ReadOnlyCredentials("AKIATESTTICKETS00000", "a secret", "session-token")


def head(raw: str) -> list[str]:
    """The head's lines, without what differs from one signing to the next."""
    lines = raw.split("\r\n\r\n", maxsplit=1)[0].split("\r\n")
    return [re.sub(r"\d{8}T\d{6}Z|/\d{8}/|Signature=\w+", "…", line) for line in lines]


def test_the_request_is_the_one_that_a_real_teleport_accepted_but_for_time_and_signature() -> None:
    made = signed_request(RECORDED["challenge"], CREDENTIALS, "us-east-1", "sts.us-east-1.amazonaws.com").decode()
    recorded = RECORDED["request"]["sts_identity_request"]
    assert sorted(head(made)) == sorted(head(recorded))
    assert head(made)[0] == head(recorded)[0]
    assert made.split("\r\n\r\n", maxsplit=1)[1] == recorded.split("\r\n\r\n", maxsplit=1)[1]


def test_the_secret_key_is_not_in_it() -> None:
    assert b"a secret" not in signed_request("challenge", CREDENTIALS, "us-east-1", "sts.us-east-1.amazonaws.com")


@pytest.mark.parametrize(
    ("region", "fips", "host"),
    [
        ("eu-central-1", False, "sts.eu-central-1.amazonaws.com"),
        ("us-east-1", False, "sts.us-east-1.amazonaws.com"),
        ("us-east-1", True, "sts-fips.us-east-1.amazonaws.com"),
        ("cn-north-1", False, "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", True, "sts.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", False, "sts.us-iso-east-1.c2s.ic.gov"),
    ],
)
def test_a_regions_own_endpoint_is_signed_for(
    region: str, fips: bool, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert sts_host(boto3.Session("AKIATESTTICKETS00000", "a secret"), region, fips=fips) == host


@pytest.mark.parametrize("region", ["", "mars-north-1", "eu central 1"])
def test_a_region_that_is_none_names_the_setting(region: str) -> None:
    with pytest.raises(BrokenConfiguration, match="TELEPORT_JOIN_REGION"):
        sts_host(boto3.Session("AKIATESTTICKETS00000", "a secret"), region, fips=False)
