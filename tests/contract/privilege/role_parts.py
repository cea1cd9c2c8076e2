"""A Teleport role taken apart: every part of what it allows, and the role without it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Role = dict[str, Any]
Place = tuple[str | int, ...]


def parts(role: Role) -> dict[str, Role]:
    """Return the role without each of its parts in turn, by what is left out.

    Whole rules, single verbs, all of `review_requests`, each of its keys and each name there. What only repeats another
    (the one verb of a rule) is there once. A part that this doesn't know is refused: it would go untested.
    """
    spec, allow = role["spec"], role["spec"]["allow"]
    assert spec.keys() == {"allow"}, f"unknown parts: {sorted(spec.keys() - {'allow'})}"
    assert allow.keys() <= {"rules", "review_requests"}, f"unknown parts: {sorted(allow)}"
    found: dict[str, Role] = {}
    for place, name in (*_of_rules(allow), *_of_reviews(allow)):
        without = _without(role, place)
        if without not in found.values():
            found[name] = without
    return found


def _of_rules(allow: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    for index, rule in enumerate(allow["rules"]):
        assert rule.keys() == {"resources", "verbs"} and len(rule["resources"]) == 1, f"not understood: {rule}"
        resource = rule["resources"][0]
        yield ("rules", index), resource
        yield from ((("rules", index, "verbs", n), f"{verb} {resource}") for n, verb in enumerate(rule["verbs"]))


def _of_reviews(allow: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    if "review_requests" in allow:
        yield ("review_requests",), "review_requests"
    for key, names in allow.get("review_requests", {}).items():
        yield ("review_requests", key), f"review_requests.{key}"
        yield from ((("review_requests", key, n), f"{name} of {key}") for n, name in enumerate(names))


def _without(role: Role, place: Place) -> Role:
    """Leave out one part, and what means nothing without it."""
    left = copy.deepcopy(role)
    holder: Any = left["spec"]["allow"]
    for step in place[:-1]:
        holder = holder[step]
    del holder[place[-1]]
    if len(place) > 1 and not holder:
        return _without(role, place[:-2] if place[-2] == "verbs" else place[:-1])
    return left
