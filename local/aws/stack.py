"""The stack as CloudFormation knows it: the outputs by which `access-bridge` finds queues and ledger."""

from __future__ import annotations

import json
from typing import Final

import boto3

from local.aws.resources import Resources

STACK: Final = "access-bridge"


def create_stack(resources: Resources) -> None:
    """Create a stack of the name that `access-bridge` looks for, with the outputs that name these resources.

    It takes moto some seconds to load its CloudFormation, during which it answers nothing else.
    """
    outputs = {
        "LedgerTable": resources.ledger_table,
        "TicketsQueueUrl": resources.tickets.url,
        "TicketsDeadLetterQueueUrl": resources.tickets.dead_letter_url,
        "DecisionsQueueUrl": resources.decisions.url,
        "DecisionsDeadLetterQueueUrl": resources.decisions.dead_letter_url,
    }
    template = {"Resources": {}, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
    variables = resources.account.variables
    client = boto3.client(
        "cloudformation",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_stack(StackName=STACK, TemplateBody=json.dumps(template))
