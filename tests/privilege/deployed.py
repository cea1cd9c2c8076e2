"""The stack as AWS would have it: names and ARNs in place of references, and what the functions' roles then allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Final

from tests.privilege.aws_permissions import Permission
from tests.unit.stack import EXAMPLE, Stack, stack

IDENTITY: Final = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tickets-identity-AbC1d2"
DECISIONS_IDENTITY: Final = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:decisions-identity-AbC1d2"
ACCOUNT: Final = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:servicenow-AbC1d2"
EVERYTHING: Final[Mapping[str, str]] = {
    "TeleportIdentitySecretArn": IDENTITY,
    "TeleportDecisionsIdentitySecretArn": DECISIONS_IDENTITY,
    "ServiceNowDecisionsSecretArn": ACCOUNT.replace("servicenow", "servicenow-decisions"),
    "ExtraCaParameter": "/company/ca",
    "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/0f1e2d3c",
    "SubnetIds": "subnet-1",
    "SecurityGroupIds": "sg-1",
}
"""Every parameter that a role depends on, set."""
_PLACE: Final = ":".join(EXAMPLE[f"AWS::{name}"] for name in ("Partition", "Region", "AccountId"))


@dataclass(frozen=True, slots=True)
class Grant:
    """One action on one resource that a statement of a role allows; `resource` may hold `*`."""

    role: str
    statement: str
    permission: Permission

    def allows(self, wanted: Permission) -> bool:
        """Tell whether this is enough for what is wanted."""
        return self.permission.action == wanted.action and fnmatchcase(wanted.resource, self.permission.resource)


class Deployed:
    """A stack in the example's account.

    Parameters
    ----------
    of
        The stack, as `tests.unit.stack` reads it.
    """

    def __init__(self, of: Stack) -> None:
        self._of = of

    @classmethod
    def with_parameters(cls, **parameters: str) -> Deployed:
        """The stack that these parameters make."""
        return cls(stack(ServiceNowSecretArn=ACCOUNT, **parameters))

    @property
    def place(self) -> str:
        """`{partition}:{region}:{account}`."""
        return _PLACE

    def given(self, parameter: str) -> str:
        """Return the value of a parameter."""
        return self._of.given[parameter]

    @cached_property
    def _functions(self) -> Mapping[str, Mapping[str, Any]]:
        """Each function by the folder that its code is in."""
        found = self._of.of_type("AWS::Serverless::Function")
        return {it["CodeUri"].rstrip("/").rpartition("/")[2]: it for it in found.values()}

    def settings(self, function: str) -> dict[str, str]:
        """Return the function's environment variables; none where the stack doesn't have the function."""
        variables = self._functions.get(function, {}).get("Environment", {}).get("Variables", {})
        return {name: self.text(value) for name, value in variables.items()}

    def role(self, function: str) -> str:
        """Return the logical id of the function's role."""
        name: str = self._functions[function]["Role"]["Fn::GetAtt"][0]
        return name

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that there are."""
        return tuple(self._functions)

    def grants(self, function: str) -> list[Grant]:
        """Return all that the function's role allows. What this doesn't understand it refuses to read."""
        return list(self._grants(self.role(function)))

    def _grants(self, role: str) -> Iterator[Grant]:
        properties = self._of.properties(role)
        assert "ManagedPolicyArns" not in properties, f"{role} has managed policies, whose rights nobody checks"
        for policy in properties["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                unknown = statement.keys() - {"Sid", "Effect", "Action", "Resource"}
                assert not unknown and statement["Effect"] == "Allow", f"a statement of {role} is not understood"
                for action in _several(statement["Action"]):
                    for resource in _several(statement["Resource"]):
                        yield Grant(role, statement["Sid"], Permission(action, self.text(resource)))

    def name_of(self, resource: str) -> str:
        """Return what template.yaml calls a resource, by its ARN."""
        return self._names.get(resource, resource)

    @cached_property
    def _names(self) -> dict[str, str]:
        names = {value: name for name, value in self._of.given.items() if value.startswith("arn:")}
        kinds = ("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup")
        names |= {self._arn(name): name for kind in kinds for name in self._of.of_type(kind)}
        for table in self._of.of_type("AWS::DynamoDB::Table"):
            for index in self._of.properties(table).get("GlobalSecondaryIndexes", ()):
                names[f"{self._arn(table)}/index/{index['IndexName']}"] = f"the index {index['IndexName']} of {table}"
        partition, place = _PLACE.split(":", 1)
        for name in (*self._of.of_type("AWS::SSM::Parameter"), "ExtraCaParameter"):
            names[f"arn:{partition}:ssm:{place}:parameter{self._ref(name)}"] = name
        return names

    def text(self, value: Any) -> str:
        """Return what CloudFormation makes of a value."""
        match value:
            case str():
                return value
            case {"Ref": str(name)}:
                return self._ref(name)
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._arn(name)
            case {"Fn::Sub": str(template)}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self._named(found[1]), template)
        raise NotImplementedError(f"the value {value}")

    def _named(self, name: str) -> str:
        return self._arn(name.removesuffix(".Arn")) if name.endswith(".Arn") else self._ref(name)

    def _ref(self, name: str) -> str:
        for known in (EXAMPLE, self._of.given):
            if name in known:
                return known[name]
        properties = self._of.properties(name)
        match self._of.resources[name]["Type"]:
            case "AWS::SQS::Queue":
                _, region, account = _PLACE.split(":")
                return f"https://sqs.{region}.amazonaws.com/{account}/{self.text(properties['QueueName'])}"
            case "AWS::DynamoDB::Table":
                return f"{EXAMPLE['AWS::StackName']}-{name}-1A2B3C4D5E6F7"
            case "AWS::SecretsManager::Secret":
                return self._arn(name)
            case "AWS::SSM::Parameter":
                return self.text(properties["Name"])
            case "AWS::Logs::LogGroup":
                return self.text(properties["LogGroupName"])
        raise NotImplementedError(f"a reference to {name}")

    def _arn(self, name: str) -> str:
        partition, place = _PLACE.split(":", 1)
        match self._of.resources[name]["Type"]:
            case "AWS::SQS::Queue":
                return f"arn:{partition}:sqs:{place}:{self.text(self._of.properties(name)['QueueName'])}"
            case "AWS::DynamoDB::Table":
                return f"arn:{partition}:dynamodb:{place}:table/{self._ref(name)}"
            case "AWS::SecretsManager::Secret":
                return f"arn:{partition}:secretsmanager:{place}:secret:{name}-AbC1d2"
            case "AWS::Logs::LogGroup":
                return f"arn:{partition}:logs:{place}:log-group:{self._ref(name)}:*"
        raise NotImplementedError(f"the ARN of {name}")


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
