"""A function in this process, with a ledger and queues of AWS as moto has it, and neither Teleport nor ServiceNow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from access_bridge.ledger.items import DecisionItem, TicketItem
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


class Killed(BaseException):
    """What ends a function from outside: nothing of ours catches it."""


class DeadlySettings(dict[str, str]):
    """Settings of a function that is killed as soon as it asks who it is to Teleport or where ServiceNow is."""

    def get(self, name: str, default: Any = None) -> Any:
        if name in {"SERVICENOW_URL", "TELEPORT_ADDR", "RULES_PARAMETER"}:
            raise Killed
        return super().get(name, default)


class Handler(Protocol):
    """What a function is, made for an environment."""

    def __init__(self, environment: Mapping[str, str]) -> None: ...

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Handle one invocation."""


class Function:
    """The function: where its settings don't kill it, every attempt fails, for they say nothing of the outside.

    Parameters
    ----------
    handler
        Which function.
    settings
        What its settings are kept in.
    """

    def __init__(self, handler: type[Handler], settings: type[dict[str, str]] = dict) -> None:
        self._sqs = boto3.client("sqs")
        self.tickets, self._decisions = (
            self._sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
            for name in ("tickets.fifo", "decisions.fifo")
        )
        (table,) = stack().of_type("AWS::DynamoDB::Table").values()
        taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        dynamodb = boto3.resource("dynamodb")
        dynamodb.create_table(TableName="ledger", **{name: table[name] for name in taken})
        self.ledger = Ledger(dynamodb, "ledger")
        named = {
            "LEDGER_TABLE": "ledger",
            "TICKETS_QUEUE_URL": self.tickets,
            "DECISIONS_QUEUE_URL": self._decisions,
            "TICKETS_DEAD_LETTER_QUEUE_URL": f"{self.tickets}-that-is-gone",
        }
        self._function = handler(settings(named))

    def tried(self, body: str, attempts: int) -> bool:
        """Try a message for the nth time; tells whether it is kept."""
        event: dict[str, Any] = sqs_event(body, attempts=attempts)
        return bool(self._function.handle(event, LambdaContext())["batchItemFailures"])

    def decision(self, decision_id: str) -> DecisionItem:
        """What the ledger has of a decision."""
        return self.ledger.decision(ID, decision_id)

    def ticket(self) -> TicketItem:
        """What the ledger has of the ticket."""
        return self.ledger.records(ID).ticket

    def looks(self) -> list[str]:
        """The requests at which a look was asked for."""
        found = self._sqs.receive_message(QueueUrl=self.tickets, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["request_id"] for message in found]
