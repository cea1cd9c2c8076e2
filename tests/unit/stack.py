"""Reads template.yaml as a stack with given parameters would have it: conditions decided, what they leave out gone."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
NO_VALUE = {"Ref": "AWS::NoValue"}
EXAMPLE = {
    "AWS::StackName": "access-bridge",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "TeleportEventsRole": "access-bridge-TeleportEventsRole-1A2B3C4D5E6F7",
    "TeleportEventsFunction": "access-bridge-teleport-events",
    "ServiceNowDecisionsRole": "access-bridge-ServiceNowDecisionsRole-7F6E5D4C3B2A1",
    "ServiceNowDecisionsFunction": "access-bridge-servicenow-decisions",
}
"""What a stack is made of that the files in teleport/ take as their example."""

Json = Any  # what YAML gives: dicts, lists, texts, numbers


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads CloudFormation's short forms (!Ref, !GetAtt, …) as their long ones."""


def _long_form(loader: _Loader, tag: str, node: yaml.Node) -> Json:
    if isinstance(node, yaml.ScalarNode):
        value: Json = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise NotImplementedError(f"!{tag} before a mapping")
    if tag == "GetAtt":
        return {"Fn::GetAtt": value.split(".", 1)}
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _long_form)


@dataclass(frozen=True, slots=True)
class Stack:
    """The template's parts that are left for one set of parameters, whose values are `given`."""

    given: dict[str, str]
    parameters: dict[str, Json]
    resources: dict[str, Json]
    outputs: dict[str, Json]
    broken_rules: list[str]

    def of_type(self, kind: str) -> dict[str, Json]:
        """The properties of all resources of a type, by logical id."""
        return {name: it.get("Properties", {}) for name, it in self.resources.items() if it["Type"] == kind}

    def properties(self, name: str) -> dict[str, Json]:
        """The properties of one resource."""
        properties: dict[str, Json] = self.resources[name]["Properties"]
        return properties

    def shown(self, known: Mapping[str, str] = EXAMPLE) -> dict[str, str]:
        """The outputs as CloudFormation shows them, with what is `known`; another name stands in angle brackets."""
        return {name: _shown(it["Value"], known) for name, it in self.outputs.items()}


def stack(**parameters: str) -> Stack:
    """The stack that these parameters make; those not given have their defaults."""
    return stack_of(template(), **parameters)


def template() -> Json:
    """template.yaml with CloudFormation's short forms as their long ones."""
    return copy.deepcopy(_template())


@cache
def _template() -> Json:
    return yaml.load(TEMPLATE.read_text(), Loader=_Loader)


def stack_of(template: Json, **parameters: str) -> Stack:
    """The stack that a template makes, which it then shares parts with."""
    values = {name: str(it.get("Default", f"<{name}>")) for name, it in template["Parameters"].items()} | parameters
    conditions: dict[str, bool] = {}
    for name, expression in template["Conditions"].items():
        conditions[name] = _holds(expression, values, conditions)
    resources = {}
    for name, resource in template["Resources"].items():
        if conditions.get(resource.get("Condition"), True):
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"] = _with_common(template["Globals"]["Function"], resource["Properties"])
            resources[name] = _decided(resource, conditions)
    outputs = {name: it for name, it in template["Outputs"].items() if conditions.get(it.get("Condition"), True)}
    broken = [name for name, rule in template["Rules"].items() if not _kept(rule, values)]
    return Stack(values, template["Parameters"], resources, _decided(outputs, conditions), broken)


def references(value: Json) -> Iterator[str]:
    """Every name that a value refers to by Ref, GetAtt or Sub."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from (name.split(".")[0] for name in re.findall(r"\$\{([^}]+)\}", text))
        case dict():
            for item in value.values():
                yield from references(item)
        case list():
            for item in value:
                yield from references(item)


def _with_common(common: Json, own: Json) -> Json:
    variables = common["Environment"]["Variables"] | own.get("Environment", {}).get("Variables", {})
    return {**common, **own, "Environment": {"Variables": variables}}


def _kept(rule: Json, values: dict[str, str]) -> bool:
    if not _holds(rule["RuleCondition"], values, {}):
        return True
    return all(_holds(it["Assert"], values, {}) for it in rule["Assertions"])


def _holds(expression: Json, values: dict[str, str], conditions: dict[str, bool]) -> bool:
    match expression:
        case {"Fn::Equals": [left, right]}:
            return _text(left, values) == _text(right, values)
        case {"Fn::Not": [inner]}:
            return not _holds(inner, values, conditions)
        case {"Fn::And": [*inner]}:
            return all(_holds(it, values, conditions) for it in inner)
        case {"Condition": str(name)}:
            return conditions[name]
    raise NotImplementedError(f"the condition {expression}")


def _text(value: Json, values: dict[str, str]) -> str:
    match value:
        case {"Ref": str(name)}:
            return values[name]
        case {"Fn::Join": ["", {"Ref": str(name)}]}:
            return values[name].replace(",", "")
    return str(value)


def _decided(value: Json, conditions: dict[str, bool]) -> Json:
    match value:
        case {"Fn::If": [str(name), yes, no]}:
            return _decided(yes if conditions[name] else no, conditions)
        case dict():
            decided = {key: _decided(item, conditions) for key, item in value.items()}
            return {key: item for key, item in decided.items() if item != NO_VALUE}
        case list():
            return [item for item in (_decided(item, conditions) for item in value) if item != NO_VALUE]
    return value


def _shown(value: Json, known: Mapping[str, str]) -> str:
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            return known.get(name, f"<{name}>")
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: known.get(found[1], f"<{found[1]}>"), text)
    raise NotImplementedError(f"the value {value}")
