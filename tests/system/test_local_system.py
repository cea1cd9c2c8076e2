"""The local system calls functions as AWS does: same events, same answers, same consequences of an error or a kill."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from local.aws.account import Account
from local.aws.environment import Code
from local.aws.function import Function
from local.aws.gateway import Gateway, Route
from local.aws.output import Output
from local.aws.poller import QueuePoller
from local.aws.resources import Resources
from local.system import PATIENCE, LocalSystem
from tests.unit.stack import stack

HANDLER = """
    import json, os, time

    seen = []

    def lambda_handler(event, context):
        seen.append(event)
        print(json.dumps({"message": "called", "setting": os.environ.get("SETTING", "")}))
        if "Records" in event:
            record = event["Records"][0]
            order = json.loads(record["body"])
            tries = record["attributes"]["ApproximateReceiveCount"]
            print(json.dumps({"message": "took", "body": order, "tries": tries}))
            if order.get("do") == "raise":
                raise ValueError("broken")
            if order.get("do") == "hang at first" and tries == "1":
                time.sleep(30)
            time.sleep(order.get("seconds", 0))
            print(json.dumps({"message": "done", "body": order}))
            keep = order.get("do") == "keep"
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}] if keep else []}
        if event["rawPath"].endswith("/raise"):
            raise ValueError("broken")
        if event["rawPath"].endswith("/slow"):
            time.sleep(30)
        return {"statusCode": 202, "headers": {"x-answer": "yes"}, "body": json.dumps(event)}
"""


class Aws:
    """An account with a dummy function behind a gateway and both queues."""

    def __init__(self, directory: Path) -> None:
        code = directory / "function"
        code.mkdir()
        (code / "app.py").write_text(textwrap.dedent(HANDLER))
        self.account = Account()
        self.account.start()
        # Longer than the function may take, as SQS asks for: a message isn't to come again while it is under way.
        self.resources = Resources.create(self.account, visibility_timeout=4, max_receive_counts=[3, 3])
        self.output = Output()
        dummy = Code("dummy", code, directory, timeout=3, tmp=directory, calls=directory / "calls")
        self.function = Function(dummy, self.account.variables, self.output, after_invoke=self.nudge)
        self.poller = QueuePoller(self.account, self.resources.tickets, self.function, workers=2)
        routes = [Route("POST", "/doors/exact", self.function), Route("POST", "/doors/{proxy+}", self.function)]
        self.gateway = Gateway(0)
        self.function.start()
        self.gateway.start(routes)
        self.poller.start()

    def nudge(self) -> None:
        self.poller.nudge()

    def warm(self) -> None:
        """Have two environments, so that none of two calls waits for a start."""
        self.function.start(2)
        self.function.wait_until_ready()

    def stop(self) -> None:
        self.poller.stop()
        self.gateway.stop()
        self.function.stop()
        self.account.stop()

    def send(self, group: str, **order: object) -> None:
        self.account.sqs.send_message(
            QueueUrl=self.resources.tickets.url,
            MessageBody=json.dumps({"group": group, **order}),
            MessageGroupId=group,
            MessageDeduplicationId=f"{group}-{time.monotonic_ns()}",
        )
        self.poller.nudge()

    def lines(self, message: str, group: str) -> list[dict[str, object]]:
        return [
            line for line in self.output.logs() if line.get("message") == message and line["body"]["group"] == group
        ]

    def ends(self, group: str) -> list[str]:
        """What came of the deliveries of the group's messages, by their number."""
        deliveries = [one for one in self.poller.deliveries if one.group == group]
        return [one.end for one in sorted(deliveries, key=lambda one: one.receives)]

    def count(self, name: str) -> int:
        return len(self.account.messages()[name])


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    aws = Aws(tmp_path_factory.mktemp("aws"))
    yield aws
    aws.stop()


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_request_reaches_the_function_as_api_gateway_would_send_it(aws: Aws) -> None:
    answer = requests.post(
        f"{aws.gateway.url}/doors/a%20b?x=1&x=2&y=%C3%A9",
        data='{"é": 1}'.encode(),
        headers={"Content-Type": "application/json", "X-Mixed-Case": "Kept", "Cookie": "a=1; b=2"},
        timeout=PATIENCE,
    )
    event = answer.json()
    assert answer.status_code == 202
    assert answer.headers["x-answer"] == "yes"
    assert event["version"] == "2.0"
    assert event["routeKey"] == "POST /doors/{proxy+}"
    assert event["rawPath"] == "/doors/a%20b"
    assert event["rawQueryString"] == "x=1&x=2&y=%C3%A9"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "é"}
    assert event["headers"]["x-mixed-case"] == "Kept"
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["requestContext"]["http"]["method"] == "POST"
    assert (event["body"], event["isBase64Encoded"]) == ('{"é": 1}', False)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xff\x00", {"Content-Type": "application/json"}),
        (b"plain", {}),
        (b"plain", {"Content-Type": "application/octet-stream"}),
        (b"plain", {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
    ],
)
def test_a_body_that_is_no_text_comes_as_base64(aws: Aws, body: bytes, headers: dict[str, str]) -> None:
    event = requests.post(f"{aws.gateway.url}/doors/exact", data=body, headers=headers, timeout=PATIENCE).json()
    assert event["isBase64Encoded"] is True
    assert event["routeKey"] == "POST /doors/exact"


def test_what_no_route_takes_is_answered_as_api_gateway_answers_it(aws: Aws) -> None:
    for method, path in (("GET", "/doors/exact"), ("POST", "/doors/"), ("POST", "/other"), ("POST", "/")):
        answer = requests.request(method, aws.gateway.url + path, timeout=PATIENCE)
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_body_over_ten_megabytes_is_refused(aws: Aws) -> None:
    answer = requests.post(f"{aws.gateway.url}/doors/exact", data=b"x" * (10 * 1024 * 1024 + 1), timeout=PATIENCE)
    assert answer.status_code == 413


def test_a_defect_in_the_function_is_a_500_and_a_timeout_a_503(aws: Aws) -> None:
    defects = len(aws.function.defects)
    broken = requests.post(f"{aws.gateway.url}/doors/raise", timeout=PATIENCE)
    assert aws.function.defects[defects:] == ["ValueError: broken"]
    assert (broken.status_code, broken.json()) == (500, {"message": "Internal Server Error"})
    slow = requests.post(f"{aws.gateway.url}/doors/slow", timeout=PATIENCE)
    assert (slow.status_code, slow.json()) == (503, {"message": "Service Unavailable"})


def test_messages_of_one_group_come_one_after_the_other_and_those_of_two_side_by_side(aws: Aws) -> None:
    aws.warm()
    aws.send("order-a", number=1, seconds=0.5)
    aws.send("order-a", number=2)
    aws.send("order-b", number=3)
    wait_until(lambda: len(aws.lines("done", "order-a")) == 2 and aws.lines("done", "order-b"))
    done = [line["body"] for line in aws.output.logs() if line.get("message") == "done"]
    bodies = [body["number"] for body in done if "number" in body]
    assert bodies.index(3) < bodies.index(1) < bodies.index(2)
    wait_until(lambda: aws.count(aws.resources.tickets.name) == 0)


def test_the_ledger_has_the_keys_and_indexes_of_the_stack_s(aws: Aws) -> None:
    (wanted,) = stack().of_type("AWS::DynamoDB::Table").values()
    made = aws.account.dynamodb.describe_table(TableName=aws.resources.ledger_table)["Table"]
    assert made["KeySchema"] == wanted["KeySchema"]
    assert {one["AttributeName"]: one["AttributeType"] for one in made["AttributeDefinitions"]} == {
        one["AttributeName"]: one["AttributeType"] for one in wanted["AttributeDefinitions"]
    }
    names = ("IndexName", "KeySchema", "Projection")
    assert [{name: index[name] for name in names} for index in made["GlobalSecondaryIndexes"]] == [  # type: ignore[literal-required]
        {name: index[name] for name in names} for index in wanted["GlobalSecondaryIndexes"]
    ]


@pytest.mark.parametrize("do", ["raise", "keep"])
def test_a_message_that_the_function_keeps_comes_again_and_ends_among_the_dead_letters(aws: Aws, do: str) -> None:
    aws.warm()
    before = aws.count(aws.resources.tickets.dead_letter_name)
    aws.send(f"kept-{do}", do=do)
    wait_until(lambda: aws.count(aws.resources.tickets.dead_letter_name) == before + 1)
    assert [line["tries"] for line in aws.lines("took", f"kept-{do}")] == ["1", "2", "3"]
    assert aws.ends(f"kept-{do}") == [{"raise": "raised", "keep": "kept"}[do]] * 3


def test_a_killed_function_leaves_its_message_and_a_new_one_takes_it(aws: Aws) -> None:
    aws.warm()
    aws.send("killed", do="hang at first")
    wait_until(lambda: aws.lines("took", "killed"))
    assert aws.function.kill() >= 1
    wait_until(lambda: aws.lines("done", "killed"))
    wait_until(lambda: aws.count(aws.resources.tickets.name) == 0)
    assert aws.ends("killed")[0] == "lost"


def test_only_the_process_that_is_at_a_message_can_be_killed(aws: Aws) -> None:
    aws.warm()
    aws.send("victim", do="hang at first", mark="the one")
    aws.send("neighbour", seconds=1)
    wait_until(lambda: aws.lines("took", "victim") and aws.lines("took", "neighbour"))
    assert aws.function.handles("the one")
    assert aws.function.kill(handling="the one") == 1
    wait_until(lambda: aws.lines("done", "neighbour") and aws.lines("done", "victim"))
    wait_until(lambda: aws.count(aws.resources.tickets.name) == 0)
    assert aws.ends("neighbour") == ["done"]
    assert aws.ends("victim")[0] == "lost"


def test_a_message_that_was_done_can_come_once_more(aws: Aws) -> None:
    aws.poller.deliver_again("once more")
    aws.send("again", note="once more")
    wait_until(lambda: [one for one in aws.poller.deliveries if one.group == "again" and one.receives == 2])
    wait_until(lambda: aws.count(aws.resources.tickets.name) == 0)
    assert set(aws.ends("again")) == {"done"}


def test_a_message_can_come_twice_at_the_same_time(aws: Aws) -> None:
    aws.warm()
    aws.poller.deliver_twice("both at once")
    aws.send("twins", note="both at once", seconds=0.7)
    wait_until(lambda: len(aws.lines("took", "twins")) == 2)
    assert aws.lines("done", "twins") == []
    wait_until(lambda: len(aws.lines("done", "twins")) == 2)
    wait_until(lambda: aws.count(aws.resources.tickets.name) == 0)


def test_a_changed_setting_reaches_the_next_call(aws: Aws) -> None:
    aws.function.set_environment(SETTING="new")
    requests.post(f"{aws.gateway.url}/doors/exact", timeout=PATIENCE)
    wait_until(lambda: any(line.get("setting") == "new" for line in aws.output.logs()))


def test_reset_takes_back_what_a_test_changed(system: LocalSystem) -> None:
    name = system.environment("teleport_events")["WEBHOOK_SECRET_ARN"]
    system.set_environment("teleport_events", RETRY_BASE_SECONDS="9", ADDED="yes")
    system.put_secret("teleport_events", "WEBHOOK_SECRET_ARN", "another token")
    system.servicenow.faults.unavailable(times=5)
    system.stop_forwarding()
    system.aws.sqs.send_message(
        QueueUrl=system.resources.decisions.dead_letter_url,
        MessageBody="{}",
        MessageGroupId="a",
        MessageDeduplicationId="a",
    )
    assert len(system.dead_letters()) == 1

    system.reset()

    assert system.environment("teleport_events")["RETRY_BASE_SECONDS"] == "1"
    assert "ADDED" not in system.environment("teleport_events")
    secret = system.aws.secretsmanager.get_secret_value(SecretId=name)
    assert secret["SecretString"] == system.webhook_token
    assert system.dead_letters() == []
    request_id = system.teleport.as_user("alice").create_request(["dba"], "after the reset")
    system.settle()
    assert [row for row in system.servicenow.rows("incident") if row["correlation_id"] == request_id]
    assert system.ledger(request_id)


def test_a_system_that_does_not_come_to_rest_says_what_is_left(system: LocalSystem) -> None:
    system.stop_forwarding()
    system.servicenow.faults.unavailable(times=99)
    system.teleport.as_user("alice").create_request(["dba"], "nobody answers")
    system.tick("teleport_events")
    with pytest.raises(AssertionError, match="did not come to rest") as raised:
        system.settle(timeout=1)
    assert "tickets.fifo" in str(raised.value)


def test_killed_functions_start_again_with_the_next_call(system: LocalSystem) -> None:
    assert system.kill("teleport_events") >= 1
    answer = requests.post(
        system.webhook_url, data="{}", headers={"Authorization": f"Bearer {system.webhook_token}"}, timeout=PATIENCE
    )
    assert answer.status_code == 200
