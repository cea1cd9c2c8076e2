"""Checks that the SAM translator makes no right of its own out of template.yaml: run by the Python of .venv-sam.

The tests read the roles as template.yaml writes them. That is all only as long as the translator adds no role and no
policy, gives each function the role that it is written with, and lets nobody but our own doors and schedules call one.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.unit.stack import Stack, stack, stack_of, template

_VARIANTS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Decisions": "off"},
    {"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1", "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/k"},
)
_CALLERS: Final = {"apigateway.amazonaws.com", "events.amazonaws.com"}
_RESOURCE_POLICIES: Final = {
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::Serverless::Connector",
}


def expanded() -> dict[str, Any]:
    """Return template.yaml as the translator hands it to CloudFormation, parameters and conditions undecided."""
    written = template()
    for resource in written["Resources"].values():
        for of in ("CodeUri", "ContentUri"):  # `sam package` puts a bucket there
            if of in resource.get("Properties", {}):
                resource["Properties"][of] = "s3://bucket/key"
    defaults = {name: it.pop("Default", None) for name, it in written["Parameters"].items()}
    made: dict[str, Any] = Translator({}, Parser()).translate(written, {})
    for name, default in defaults.items():
        if default is not None:
            made["Parameters"][name]["Default"] = default
    return made


def problems(written: Stack, made: Stack) -> Iterator[str]:
    """What the translator's stack has that ours hasn't, as far as rights go."""
    roles = written.of_type("AWS::IAM::Role")
    for name, resource in made.resources.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind.startswith("AWS::IAM::") and properties != roles.get(name):
            yield f"{name} ({kind}) is not what template.yaml says"
        if kind in _RESOURCE_POLICIES:
            yield f"{name} ({kind}) gives rights, and no test looks at it"
        if kind == "AWS::Lambda::Permission" and not (
            properties["Principal"] in _CALLERS and "SourceArn" in properties
        ):
            yield f"{name} lets {properties['Principal']} call a function"
    for name, properties in written.of_type("AWS::Serverless::Function").items():
        if made.properties(name)["Role"] != properties.get("Role"):
            yield f"{name} has another role than template.yaml gives it"
    yield from (f"{name} is missing" for name in roles.keys() - made.resources.keys())


def main() -> int:
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the translator wants one
    logging.disable(logging.WARNING)  # it warns of metrics of its own
    found = [
        problem for variant in _VARIANTS for problem in problems(stack(**variant), stack_of(expanded(), **variant))
    ]
    for problem in dict.fromkeys(found):
        print(f"template.yaml, as the SAM translator expands it: {problem}.", file=sys.stderr)
    if not found:
        roles = ", ".join(stack().of_type("AWS::IAM::Role"))
        print(f"The SAM translator adds no right to those of {roles}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
