"""What CloudFormation answers, as it writes it."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from tests.unit.servicenow.peer import Reply
from tests.unit.stack import EXAMPLE, stack

XMLNS = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


def described(
    name: str = "access-bridge",
    outputs: Mapping[str, str] | None = None,
    *,
    partition: str = "aws",
    account: str = "123456789012",
    **more: str,
) -> Reply:
    """The answer of DescribeStacks for a stack with these outputs."""
    arn = f"arn:{partition}:cloudformation:eu-central-1:{account}:stack/{name}/5f1c0e9a-7b3d-4c2e-8a6f-0b1d2c3e4f50"
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for key, value in {**(outputs or {}), **more}.items()
    )
    body = (
        f'<DescribeStacksResponse xmlns="{XMLNS}"><DescribeStacksResult><Stacks><member>'
        f"<StackId>{arn}</StackId><StackName>{name}</StackName>"
        "<CreationTime>2026-11-23T03:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>"
        f"<Outputs>{members}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
    return Reply(200, body.encode(), "text/xml")


def deployed(
    known: Mapping[str, str] = EXAMPLE, *, changed: Mapping[str, str] | None = None, **parameters: str
) -> Reply:
    """The answer for a stack that the template made with these parameters; `changed`: outputs that somebody changed."""
    outputs = {**stack(**parameters).shown(known), **(changed or {})}
    return described(
        known["AWS::StackName"], outputs, partition=known["AWS::Partition"], account=known["AWS::AccountId"]
    )


def refused(status: int, code: str, message: str) -> Reply:
    """An error."""
    body = (
        f'<ErrorResponse xmlns="{XMLNS}"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>'
        "</Error><RequestId>r</RequestId></ErrorResponse>"
    )
    return Reply(status, body.encode(), "text/xml")
