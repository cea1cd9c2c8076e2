"""When servicenow_decisions stops trying: a human's decision after the last attempt, the bot's own much earlier, since
people's decisions on the same request wait behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from access_bridge.aws.servicenow_decisions import ServiceNowDecisions
from access_bridge.ledger.items import DecisionItem
from access_bridge.ledger.table import Ledger
from tests.unit.aws.test_consuming import sqs_event
from tests.unit.stack import stack

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
ON_CALL = json.dumps({"request_id": ID, "on_call": True})
JUSTIFICATION = json.dumps({"request_id": ID, "justification": True})
CLOSED = json.dumps({"request_id": ID, "closed": True})
HUMAN = json.dumps(
    {"decision_id": "d" * 32, "table": "incident", "sys_id": "7" * 32, "request_id": ID, "decision": "approved"}
)
REGION = "eu-central-1"


class Function:
    """The function with a ledger and queues, and no ServiceNow: every attempt fails."""

    def __init__(self) -> None:
        sqs = boto3.client("sqs")
        self.tickets, decisions = (
            sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
            for name in ("tickets.fifo", "decisions.fifo")
        )
        (table,) = stack().of_type("AWS::DynamoDB::Table").values()
        taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        dynamodb = boto3.resource("dynamodb")
        dynamodb.create_table(TableName="ledger", **{name: table[name] for name in taken})
        self.ledger = Ledger(dynamodb, "ledger")
        self._sqs = sqs
        self._function = ServiceNowDecisions(
            {"LEDGER_TABLE": "ledger", "TICKETS_QUEUE_URL": self.tickets, "DECISIONS_QUEUE_URL": decisions}
        )

    def tried(self, body: str, attempts: int) -> bool:
        """Try a message for the nth time; tells whether it is kept."""
        event: dict[str, Any] = sqs_event(body, attempts=attempts)
        return bool(self._function.handle(event, LambdaContext())["batchItemFailures"])

    def decision(self, decision_id: str) -> DecisionItem:
        """What the ledger has of a decision."""
        return self.ledger.decision(ID, decision_id)

    def looks(self) -> list[str]:
        """The requests at which a look was asked for."""
        found = self._sqs.receive_message(QueueUrl=self.tickets, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["request_id"] for message in found]


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sample")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield Function()


@pytest.mark.parametrize(
    ("body", "decision_id", "kind", "decision"),
    [
        (ON_CALL, f"oncall-{ID}", "on_call", "approved"),
        (JUSTIFICATION, f"justification-{ID}", "justification", "rejected"),
        (CLOSED, f"closed-{ID}", "closed", "rejected"),
    ],
)
def test_a_check_of_the_bot_s_own_is_given_up_after_twelve_attempts_and_that_is_told(
    function: Function, body: str, decision_id: str, kind: str, decision: str
) -> None:
    assert function.tried(body, 11)
    assert function.decision(decision_id).outcome == ""
    assert function.looks() == []
    assert not function.tried(body, 12)
    item = function.decision(decision_id)
    assert (item.outcome, item.code, item.kind, item.decision) == ("failed", "gave_up", kind, decision)
    assert item.failure
    assert function.looks() == [ID]


def test_a_human_s_decision_is_kept_until_the_dead_letters_and_told_as_failed_at_the_last_attempt(
    function: Function,
) -> None:
    assert function.tried(HUMAN, 99)
    assert function.decision("d" * 32).outcome == ""
    assert function.tried(HUMAN, 100)
    item = function.decision("d" * 32)
    assert (item.outcome, item.code, item.decision, item.sys_id) == ("failed", "gave_up", "approved", "7" * 32)
    assert function.looks() == [ID]
