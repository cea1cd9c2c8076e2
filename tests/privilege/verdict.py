"""Compares what the functions call with what their roles allow. Each finding is a sentence that says what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from local.aws.calls import AwsCall
from tests.privilege.aws_permissions import Permission, UnknownCall, action_of, resource_of
from tests.privilege.by_aws import BY_AWS
from tests.privilege.deployed import EVERYTHING, Deployed

TOUR = "tests/privilege/tour.py"


def not_allowed(calls: Iterable[AwsCall], deployed: Deployed | None = None) -> list[str]:
    """Return what is wrong with calls: those that a function's role doesn't allow, and those that name nothing.

    Parameters
    ----------
    deployed
        The stack whose roles count; by default the one that has everything.
    """
    return sorted(set(_not_allowed(calls, deployed or whole())))


def not_needed(calls: Iterable[AwsCall], deployed: Deployed) -> list[str]:
    """Return what the roles allow although none of these calls needs it, nor AWS itself. A `*` that calls make use of
    counts too: they need no more than what they name."""
    several = list(calls)
    return [
        f"template.yaml allows {function} {_shown(grant.permission, deployed)} (statement {grant.statement} of "
        f"{grant.role}), and nothing that {TOUR} drives needs it. Take it out; or let the tour drive what needs it; "
        "or, if AWS itself calls that, add it with the reason to tests/privilege/by_aws.py."
        for function in deployed.functions
        for grant in deployed.grants(function)
        if grant.permission not in _needed(function, several, deployed)
    ]


def not_granted_to_aws(deployed: Deployed) -> list[str]:
    """Return what AWS itself needs of the roles and isn't allowed."""
    return [
        f"AWS itself needs {_shown(wanted, deployed)} for {function}, and no statement in template.yaml allows it. "
        f"{entry.reason} {_add(function, wanted, deployed)}"
        for function in deployed.functions
        for entry in BY_AWS
        for wanted in sorted(entry.permissions(function, deployed))
        if not any(grant.allows(wanted) for grant in deployed.grants(function))
    ]


@cache
def whole() -> Deployed:
    """The stack with every parameter that a role depends on."""
    return Deployed.with_parameters(**EVERYTHING)


def _not_allowed(calls: Iterable[AwsCall], deployed: Deployed) -> Iterator[str]:
    for call in calls:
        if call.function not in deployed.functions:
            continue
        try:
            action_of(call)
        except UnknownCall as error:
            yield str(error)
            continue
        if not set(call.settings) & whole().settings(call.function).keys():
            yield (
                f"{call.function} calls {action_of(call)} on a resource that none of its settings in template.yaml "
                "names, so no statement can be for it. Hand it over as a setting."
            )
        for wanted in _takes(call, deployed):
            if not any(grant.allows(wanted) for grant in deployed.grants(call.function)):
                yield (
                    f"{call.function} calls {_shown(wanted, deployed)}, and no statement in template.yaml allows it. "
                    f"{_add(call.function, wanted, deployed)}"
                )


def _needed(function: str, calls: Iterable[AwsCall], deployed: Deployed) -> set[Permission]:
    by_calls = {wanted for call in calls if call.function == function for wanted in _takes(call, deployed)}
    return by_calls.union(*(entry.permissions(function, deployed) for entry in BY_AWS))


def _takes(call: AwsCall, deployed: Deployed) -> list[Permission]:
    """What a call takes in a stack: nothing where the stack has no such setting, for there it isn't made."""
    settings = deployed.settings(call.function)
    named = [settings[name] for name in call.settings if name in settings]
    return [Permission(action_of(call), resource_of(call, value, deployed.place)) for value in named]


def _shown(permission: Permission, deployed: Deployed) -> str:
    return f"{permission.action} on {deployed.name_of(permission.resource)}"


def _add(function: str, wanted: Permission, deployed: Deployed) -> str:
    """What to change, so that this is allowed and nothing else with it."""
    role, name = deployed.role(function), deployed.name_of(wanted.resource)
    statements: dict[str, set[Permission]] = {}
    for grant in deployed.grants(function):
        statements.setdefault(grant.statement, set()).add(grant.permission)
    for statement, permissions in statements.items():
        if {it.resource for it in permissions} == {wanted.resource}:
            return f"Add {wanted.action} to the statement {statement} of {role}."
        if {it.action for it in permissions} == {wanted.action}:
            return f"Add {name} to the resources of the statement {statement} of {role}."
    return f"Add a statement for {wanted.action} on {name} to {role}."
