"""The body of a call as its sender sent it, through API Gateway's two ways of passing it on."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from access_bridge.aws.http import raw_body


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ({"body": '{"a": "ü"}', "isBase64Encoded": False}, '{"a": "ü"}'.encode()),
        ({"body": '{"a": 1}'}, b'{"a": 1}'),
        ({"body": base64.b64encode(b"\x1f\x8b\x00").decode(), "isBase64Encoded": True}, b"\x1f\x8b\x00"),
        ({"body": "", "isBase64Encoded": True}, b""),
        ({"body": None}, b""),
        ({}, b""),
        ({"body": "no base64!", "isBase64Encoded": True}, b""),
        ({"body": "\ud800", "isBase64Encoded": False}, b"\xed\xa0\x80"),
    ],
)
def test_the_bytes_of_a_body(event: dict[str, Any], body: bytes) -> None:
    assert raw_body(APIGatewayProxyEventV2(event)) == body


def test_a_compressed_body_comes_through_whole() -> None:
    sent = gzip.compress(b'{"event": "access_request.create"}')
    event = {"body": base64.b64encode(sent).decode(), "isBase64Encoded": True}
    assert raw_body(APIGatewayProxyEventV2(event)) == sent
