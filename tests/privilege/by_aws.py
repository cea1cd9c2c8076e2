"""What AWS itself calls with a function's role, or on its behalf: the only rights that no call of the functions needs.

Each entry says why. Local tests can't show these: here the poller and all else that stands for AWS has credentials of
its own. An entry that template.yaml allows in no way fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.privilege.aws_permissions import Permission
from tests.privilege.deployed import Deployed

_TICKETS, _DECISIONS = "teleport_events", "servicenow_decisions"
_QUEUE: Final = {
    _TICKETS: {"Fn::GetAtt": ["TicketsQueue", "Arn"]},
    _DECISIONS: {"Fn::GetAtt": ["DecisionsQueue", "Arn"]},
}
_LOG: Final = {
    _TICKETS: {"Fn::GetAtt": ["TeleportEventsLogGroup", "Arn"]},
    _DECISIONS: {"Fn::GetAtt": ["ServiceNowDecisionsLogGroup", "Arn"]},
}
_ANY: Final = dict.fromkeys((_TICKETS, _DECISIONS), "*")
_KEY: Final = {function: {"Ref": "KmsKeyArn"} for function in (_TICKETS, _DECISIONS)}


@dataclass(frozen=True, slots=True)
class ByAws:
    """Actions that AWS needs, on which resource of each function (as in template.yaml), and why. `only_with` names the
    parameter without which it needs none of them."""

    actions: tuple[str, ...]
    resources: Mapping[str, Any]
    reason: str
    only_with: str = field(default="")

    def permissions(self, function: str, deployed: Deployed) -> set[Permission]:
        """Return what it needs of the function's role."""
        if self.only_with and not deployed.given(self.only_with):
            return set()
        resource = deployed.text(self.resources[function])
        return {Permission(action, resource) for action in self.actions}


BY_AWS: Final = (
    ByAws(
        ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        _QUEUE,
        "Lambda's event source takes messages off the queue and deletes what is done, with the function's role.",
    ),
    ByAws(
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        _LOG,
        "Lambda writes what the function prints into its log group, with the function's role.",
    ),
    ByAws(
        ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
        _ANY,
        "Lambda sends the segments of `Tracing: Active`, with the function's role. X-Ray has no resources to name.",
    ),
    ByAws(
        (
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ),
        _ANY,
        "Lambda makes and removes the network interfaces that the function has in the VPC, with the function's role.",
        only_with="SubnetIds",
    ),
    ByAws(
        ("kms:Decrypt", "kms:GenerateDataKey"),
        _KEY,
        "SQS (both, to send), DynamoDB and Secrets Manager (to read) use the customer's key as whoever calls them.",
        only_with="KmsKeyArn",
    ),
)
