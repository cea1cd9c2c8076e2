"""The comparison of calls and roles finds what it is there for, and says what to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.aws.calls import AwsCall
from tests.privilege.deployed import ACCOUNT, EVERYTHING, Deployed
from tests.privilege.verdict import not_allowed, not_granted_to_aws, not_needed
from tests.unit.stack import Stack, stack

UPDATE = AwsCall("servicenow_decisions", "dynamodb", "UpdateItem", ("LEDGER_TABLE",), "")
LOOK = AwsCall("servicenow_decisions", "sqs", "SendMessageBatch", ("TICKETS_QUEUE_URL",), "")
OPEN = AwsCall("teleport_events", "dynamodb", "Query", ("LEDGER_TABLE",), "open")

Statement = dict[str, Any]


def changed(role: str, change: Callable[[list[Statement]], None]) -> Deployed:
    """The whole stack with other statements in a role."""
    it: Stack = stack(ServiceNowSecretArn=ACCOUNT, **EVERYTHING)
    change(it.properties(role)["Policies"][0]["PolicyDocument"]["Statement"])
    return Deployed(it)


def named(statements: list[Statement], sid: str) -> Statement:
    return next(it for it in statements if it["Sid"] == sid)


def test_calls_that_the_roles_allow_are_in_order() -> None:
    assert not_allowed([UPDATE, LOOK, OPEN]) == []


@pytest.mark.parametrize(
    ("operation", "action"), [("DeleteItem", "DeleteItem"), ("Scan", "Scan"), ("PublishBatch", "PublishBatch")]
)
def test_a_call_of_which_nobody_wrote_down_what_it_takes_is_found(operation: str, action: str) -> None:
    (problem,) = not_allowed([AwsCall("teleport_events", "dynamodb", operation, ("LEDGER_TABLE",), "")])
    assert problem.startswith(f"teleport_events calls {action} of dynamodb, and which action that takes is not written")
    assert "add it to ACTIONS in tests.privilege.aws_permissions" in problem


def test_a_call_without_its_action_is_found_and_the_statement_is_named() -> None:
    def without_update(statements: list[Statement]) -> None:
        named(statements, "UseTheLedger")["Action"].remove("dynamodb:UpdateItem")

    assert not_allowed([UPDATE], changed("ServiceNowDecisionsRole", without_update)) == [
        "servicenow_decisions calls dynamodb:UpdateItem on Ledger, and no statement in template.yaml allows it. Add "
        "dynamodb:UpdateItem to the statement UseTheLedger of ServiceNowDecisionsRole."
    ]


def test_a_call_without_its_resource_is_found_and_the_statement_is_named() -> None:
    def without_tickets(statements: list[Statement]) -> None:
        send = named(statements, "SendDecisionsAndLooks")
        send["Resource"] = [it for it in send["Resource"] if it != {"Fn::GetAtt": ["TicketsQueue", "Arn"]}]

    assert not_allowed([LOOK], changed("ServiceNowDecisionsRole", without_tickets)) == [
        "servicenow_decisions calls sqs:SendMessage on TicketsQueue, and no statement in template.yaml allows it. Add "
        "TicketsQueue to the resources of the statement SendDecisionsAndLooks of ServiceNowDecisionsRole."
    ]


def test_the_right_on_a_table_is_none_on_its_index() -> None:
    def without_index(statements: list[Statement]) -> None:
        statements[:] = [it for it in statements if "index" not in str(it["Resource"])]

    assert not_allowed([OPEN], changed("TeleportEventsRole", without_index)) == [
        "teleport_events calls dynamodb:Query on the index open of Ledger, and no statement in template.yaml allows "
        "it. Add a statement for dynamodb:Query on the index open of Ledger to TeleportEventsRole."
    ]


def test_a_call_on_what_no_setting_names_is_found() -> None:
    (problem,) = not_allowed([AwsCall("teleport_events", "ssm", "GetParameter", ("HOME",), "")])
    assert problem.startswith("teleport_events calls ssm:GetParameter on a resource that none of its settings")


def test_what_a_function_may_not_have_is_found_in_the_other_ones_role() -> None:
    callback = AwsCall("teleport_events", "secretsmanager", "GetSecretValue", ("CALLBACK_SECRET_ARN",), "")
    assert "none of its settings" in not_allowed([callback])[0]


def test_an_action_too_many_is_found_and_the_statement_is_named() -> None:
    def with_scan(statements: list[Statement]) -> None:
        named(statements, "UseTheLedger")["Action"].append("dynamodb:Scan")

    found = not_needed([UPDATE, LOOK, OPEN], changed("ServiceNowDecisionsRole", with_scan))
    assert [
        problem
        for problem in found
        if problem.startswith(
            "template.yaml allows servicenow_decisions dynamodb:Scan on Ledger (statement UseTheLedger of "
            "ServiceNowDecisionsRole), and nothing that tests/privilege/tour.py drives needs it."
        )
    ]
    assert not any("dynamodb:UpdateItem on Ledger (statement UseTheLedger of ServiceNow" in it for it in found)


def test_a_resource_too_many_is_found_although_its_action_is_needed() -> None:
    def with_dead_letters(statements: list[Statement]) -> None:
        dead_letters = {"Fn::GetAtt": ["DecisionsDeadLetterQueue", "Arn"]}
        named(statements, "SendDecisionsAndLooks")["Resource"].append(dead_letters)

    found = not_needed([LOOK], changed("ServiceNowDecisionsRole", with_dead_letters))
    assert any("sqs:SendMessage on DecisionsDeadLetterQueue" in problem for problem in found)
    assert not any("servicenow_decisions sqs:SendMessage on TicketsQueue" in problem for problem in found)


def test_any_resource_where_one_is_called_is_found_to_be_too_many() -> None:
    def anywhere(statements: list[Statement]) -> None:
        named(statements, "SendDecisionsAndLooks")["Resource"] = "*"

    assert not_allowed([LOOK], changed("ServiceNowDecisionsRole", anywhere)) == []
    found = not_needed([LOOK], changed("ServiceNowDecisionsRole", anywhere))
    assert any("sqs:SendMessage on *" in problem for problem in found)


@pytest.mark.parametrize("sid", ["WorkOffTheDecisionsQueue", "WriteItsLog", "Trace", "EnterTheVpc", "UseTheKey"])
def test_what_aws_itself_needs_is_missed_with_its_reason(sid: str) -> None:
    def without(statements: list[Statement]) -> None:
        statements[:] = [it for it in statements if it["Sid"] != sid]

    assert not_granted_to_aws(changed("ServiceNowDecisionsRole", lambda _: None)) == []
    found = not_granted_to_aws(changed("ServiceNowDecisionsRole", without))
    assert found and all("with the function's role" in it or "the customer's key" in it for it in found)


@pytest.mark.parametrize(
    "statement",
    [
        {"Sid": "No", "Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"},
        {"Sid": "No", "Effect": "Allow", "NotAction": "sqs:SendMessage", "Resource": "*"},
        {"Sid": "No", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Condition": {}},
    ],
)
def test_a_statement_that_this_does_not_understand_is_not_passed_over(statement: Statement) -> None:
    with pytest.raises(AssertionError, match="not understood"):
        not_allowed([LOOK], changed("ServiceNowDecisionsRole", lambda all: all.append(statement)))
