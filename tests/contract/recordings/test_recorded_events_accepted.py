"""The webhook takes every event as the event handler of a real Teleport sent it."""

from __future__ import annotations

import json
from functools import cache

import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from access_bridge.aws.queues import Queue
from access_bridge.aws.secrets import Secrets
from access_bridge.aws.webhook import webhook
from access_bridge.events.audit_event import TYPES
from access_bridge.events.credentials import presented_token
from access_bridge.settings import WebhookSettings
from tests.contract.recordings.aws_doubles import SecretsManagerDouble, SqsDouble
from tests.contract.recordings.recorded_requests import TOKEN, Posted, posted

SETTINGS = WebhookSettings("webhook-secret", "tickets.fifo", "tickets-dead-letters.fifo")
CALLS = [pytest.param(call, id=f"{number}-{call.event['event']}") for number, call in enumerate(posted())]


def sent_to_the_webhook(call: Posted, sqs: SqsDouble, token: str = TOKEN) -> Response[str]:
    """Put a call through the door, in API Gateway's shape: names of headers in lower case, the body as it was."""
    event = APIGatewayProxyEventV2(
        {
            "version": "2.0",
            "rawPath": call.path,
            "headers": {name.lower(): value for name, value in call.headers},
            "requestContext": {"http": {"method": call.method, "path": call.path}},
            "body": call.body,
            "isBase64Encoded": False,
        }
    )
    secrets = Secrets(SecretsManagerDouble(token))
    return webhook(event, settings=lambda: SETTINGS, secrets=lambda: secrets, queue=cache(lambda url: Queue(sqs, url)))


@pytest.mark.parametrize("call", CALLS)
def test_each_recorded_call_is_answered_200_and_queued_if_it_is_about_a_request(call: Posted) -> None:
    sqs = SqsDouble()
    answer = sent_to_the_webhook(call, sqs)
    event = call.event
    assert (call.method, call.path) == ("POST", "/teleport/events")
    if event["event"] not in TYPES:
        assert (answer.status_code, answer.body, sqs.sent) == (200, '{"queued": 0}', {})
        return
    assert (answer.status_code, answer.body) == (200, '{"queued": 1}')
    assert list(sqs.sent) == ["tickets.fifo"], "nothing is malformed"
    (entry,) = sqs.sent["tickets.fifo"]
    message = json.loads(entry["MessageBody"])
    assert entry["MessageGroupId"] == message["request_id"] == message["event"]["id"] == event["id"]
    assert entry["MessageDeduplicationId"] == message["event"]["uid"] == event["uid"]
    assert message["event"].items() <= event.items(), "every field is as it was sent"


def test_the_recording_has_each_of_the_five_types_and_others() -> None:
    seen = {call.event["event"] for call in posted()}
    assert seen > TYPES


def test_the_recorded_authorization_carries_the_token_that_was_percent_encoded_in_the_url() -> None:
    headers = {name.lower(): value for call in posted() for name, value in call.headers}
    assert presented_token(headers["authorization"]) == TOKEN


def test_with_another_token_a_recorded_call_is_refused_and_nothing_is_queued() -> None:
    sqs = SqsDouble()
    answer = sent_to_the_webhook(posted()[0], sqs, token="another")
    assert (answer.status_code, sqs.sent) == (401, {})
