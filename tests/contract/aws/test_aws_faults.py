"""AWS's trouble on demand: each kind looks to botocore as AWS's own, and then it is over."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from local.aws.account import Account
from local.aws.faults import Fault, Kind
from local.aws.resources import Resources

OWN_KEY = "ASIAFUNCTION00000000"
OPERATIONS = {
    "dynamodb": "UpdateItem",
    "sqs": "SendMessageBatch",
    "secretsmanager": "GetSecretValue",
    "ssm": "GetParameter",
}
# Codes that every operation of a service may answer besides those of its model: botocore repeats them by these names.
COMMON = {"ThrottlingException", "AccessDeniedException", "ServiceUnavailable", "InternalFailure"}


class Caller:
    """A function's own clients, which repeat nothing."""

    def __init__(self, account: Account, resources: Resources) -> None:
        session = boto3.Session(OWN_KEY, "secret", "token", region_name="us-east-1")
        config = Config(retries={"total_max_attempts": 1}, read_timeout=10)

        def client(service: Any) -> Any:
            return session.client(service, endpoint_url=account.variables["AWS_ENDPOINT_URL"], config=config)

        self.dynamodb, self.sqs = client("dynamodb"), client("sqs")
        self.secretsmanager, self.ssm = client("secretsmanager"), client("ssm")
        self.account, self.resources = account, resources

    def call(self, service: str, mark: str = "x") -> Any:
        """One call of the operation that stands for a service."""
        match service:
            case "dynamodb":
                return self.dynamodb.update_item(
                    TableName="ledger",
                    Key={"pk": {"S": mark}, "sk": {"S": "TICKET"}},
                    UpdateExpression="SET told = :t",
                    ExpressionAttributeValues={":t": {"S": "yes"}},
                )
            case "sqs":
                return self.send(mark)
            case "secretsmanager":
                return self.secretsmanager.get_secret_value(SecretId="secret")
            case _:
                return self.ssm.get_parameter(Name="/parameter")

    def send(self, *bodies: str) -> Any:
        """Send messages in one batch."""
        entries = [
            {"Id": str(number), "MessageBody": body, "MessageGroupId": body, "MessageDeduplicationId": uuid.uuid4().hex}
            for number, body in enumerate(bodies)
        ]
        return self.sqs.send_message_batch(QueueUrl=self.resources.tickets.url, Entries=entries)

    def written(self, mark: str) -> bool:
        """Whether the ledger has it."""
        key = {"pk": {"S": mark}, "sk": {"S": "TICKET"}}
        return "Item" in self.account.dynamodb.get_item(TableName="ledger", Key=key)

    def queued(self) -> list[str]:
        """The bodies in the queue."""
        return [message.body for message in self.account.messages()["tickets.fifo"]]


@pytest.fixture(scope="module")
def started() -> Iterator[Caller]:
    account = Account()
    account.start()
    resources = Resources.create(account, visibility_timeout=30, max_receive_counts=[3, 3])
    resources.put_secret("secret", "text")
    resources.put_parameter("/parameter", "text")
    yield Caller(account, resources)
    account.stop()


@pytest.fixture
def caller(started: Caller) -> Iterator[Caller]:
    yield started
    started.account.faults.clear()
    started.account.empty_queues()


def codes_of(service: str) -> set[str]:
    """The errors that the operation may answer, by botocore's model of the service."""
    shapes = botocore.session.get_session().get_service_model(service).operation_model(OPERATIONS[service]).error_shapes
    return {shape.name for shape in shapes}


def refusal(caller: Caller, service: str) -> tuple[str, int]:
    """The code and status with which the operation is refused."""
    with pytest.raises(ClientError) as raised:
        caller.call(service)
    response = raised.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service", OPERATIONS)
@pytest.mark.parametrize("kind", ["throttled", "error_before", "unavailable", "access_denied"])
def test_each_error_is_one_that_the_service_has(caller: Caller, service: str, kind: Kind) -> None:
    asked = caller.account.faults.add(Fault(kind, OPERATIONS[service]))
    code, status = refusal(caller, service)
    assert code in codes_of(service) | COMMON
    assert (status >= 500) == (kind in {"error_before", "unavailable"})
    assert asked.hits == 1
    caller.call(service)


def test_an_overtaken_conditional_write_is_refused_and_not_made(caller: Caller) -> None:
    caller.account.faults.add(Fault("condition_failed", "UpdateItem"))
    with pytest.raises(caller.dynamodb.exceptions.ConditionalCheckFailedException):
        caller.call("dynamodb", "overtaken")
    assert not caller.written("overtaken")


def test_an_internal_error_may_have_committed_or_not(caller: Caller) -> None:
    for kind, written in (("error_before", False), ("error_after_commit", True)):
        caller.account.faults.add(Fault(kind, "UpdateItem", (kind,)))  # type: ignore[arg-type]
        with pytest.raises(ClientError):
            caller.call("dynamodb", kind)
        assert caller.written(kind) is written


def test_a_lost_connection_may_have_committed_or_not(caller: Caller) -> None:
    for kind, written in (("drop_before", False), ("drop_after_commit", True)):
        caller.account.faults.add(Fault(kind, "UpdateItem", (kind,)))  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosedError):
            caller.call("dynamodb", kind)
        assert caller.written(kind) is written


@pytest.mark.parametrize(("kind", "written"), [("hold_before", False), ("hold_after_commit", True)])
def test_a_call_can_be_held_until_its_caller_is_gone(caller: Caller, kind: Kind, written: bool) -> None:
    asked = caller.account.faults.add(Fault(kind, "UpdateItem", (kind,)))
    problems: list[BaseException] = []

    def call() -> None:
        try:
            caller.call("dynamodb", kind)
        except BotoCoreError as error:
            problems.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert asked.wait_until_hit(5)
    assert caller.written(kind) is written
    assert thread.is_alive()
    asked.release()
    thread.join(5)
    assert [type(problem) for problem in problems] == [ConnectionClosedError]
    assert caller.written(kind) is written


def test_of_a_batch_only_the_first_is_taken_and_the_others_are_named(caller: Caller) -> None:
    caller.account.faults.add(Fault("partly_failed", "SendMessageBatch"))
    answer = caller.send("a", "b", "c")
    assert [entry["Id"] for entry in answer["Successful"]] == ["0"]
    assert [(entry["Id"], entry["SenderFault"]) for entry in answer["Failed"]] == [("1", False), ("2", False)]
    assert caller.queued() == ["a"]


def test_of_a_batch_of_one_nothing_is_taken(caller: Caller) -> None:
    caller.account.faults.add(Fault("partly_failed", "SendMessageBatch"))
    answer = caller.send("alone")
    assert ([entry["Id"] for entry in answer["Failed"]], caller.queued()) == (["0"], [])


def test_trouble_meets_only_the_calls_it_is_for(caller: Caller) -> None:
    asked = caller.account.faults.add(Fault("throttled", "UpdateItem", ("mine", "TICKET"), OWN_KEY, skip=1))
    caller.call("dynamodb", "other")
    caller.call("sqs", "mine")
    caller.account.dynamodb.update_item(
        TableName="ledger",
        Key={"pk": {"S": "mine"}, "sk": {"S": "TICKET"}},
        UpdateExpression="SET told = :t",
        ExpressionAttributeValues={":t": {"S": "yes"}},
    )
    caller.call("dynamodb", "mine")
    assert asked.hits == 0
    with pytest.raises(ClientError):
        caller.call("dynamodb", "mine")
    assert asked.hits == 1
    caller.call("dynamodb", "mine")


def test_what_is_taken_back_meets_nothing(caller: Caller) -> None:
    asked = caller.account.faults.add(Fault("throttled", "UpdateItem"))
    asked.take_back()
    caller.call("dynamodb")
    assert not asked.wait_until_hit(0.1)


def test_a_message_survives_beside_trouble(caller: Caller) -> None:
    caller.account.faults.add(Fault("throttled", "UpdateItem"))
    body = json.dumps({"text": "as it was sent: äöü"})
    caller.send(body)
    assert caller.queued() == [body]
