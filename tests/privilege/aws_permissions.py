"""What a call of AWS's API takes: actions on resources, by AWS's Service Authorization Reference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from local.aws.calls import AwsCall

ACTIONS: Final = {
    ("dynamodb", "BatchGetItem"): "dynamodb:BatchGetItem",
    ("dynamodb", "GetItem"): "dynamodb:GetItem",
    ("dynamodb", "PutItem"): "dynamodb:PutItem",
    ("dynamodb", "Query"): "dynamodb:Query",
    ("dynamodb", "UpdateItem"): "dynamodb:UpdateItem",
    ("secretsmanager", "GetSecretValue"): "secretsmanager:GetSecretValue",
    ("sqs", "ChangeMessageVisibility"): "sqs:ChangeMessageVisibility",
    # A batch takes the action of its entries: there is none of its own.
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
    ("ssm", "GetParameter"): "ssm:GetParameter",
}
_QUEUE_URL: Final = re.compile(r"https://sqs\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<account>\d{12})/(?P<name>[\w.-]+)")


class UnknownCall(Exception):
    """It isn't known what a call takes; the text says what to do."""


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """An action on a resource, by its ARN."""

    action: str
    resource: str


def action_of(call: AwsCall) -> str:
    """Return the action that a call takes. Raises UnknownCall."""
    action = ACTIONS.get((call.service, call.operation))
    if action is None:
        raise UnknownCall(
            f"{call.function} calls {call.operation} of {call.service}, and which action that takes is not written "
            f"down. Look it up in AWS's Service Authorization Reference and add it to ACTIONS in {__name__}."
        )
    return action


def resource_of(call: AwsCall, named: str, place: str) -> str:
    """Return the ARN of what a call names as its resource.

    Parameters
    ----------
    named
        As a deployed function would name it: a queue's URL, a table's or a parameter's name, a secret's ARN.
    place
        `{partition}:{region}:{account}` of the stack.
    """
    partition, _, place = place.partition(":")
    match call.service:
        case "sqs":
            found = _QUEUE_URL.fullmatch(named)
            assert found, f"{named} is no queue's URL"
            return f"arn:{partition}:sqs:{found['region']}:{found['account']}:{found['name']}"
        case "dynamodb":
            table = f"arn:{partition}:dynamodb:{place}:table/{named}"
            return f"{table}/index/{call.index}" if call.index else table
        case "ssm":
            assert named.startswith("/"), f"{named} is no parameter's name with a path"
            return f"arn:{partition}:ssm:{place}:parameter{named}"
    assert named.startswith("arn:"), f"{named} is no ARN"
    return named
