"""Who may do what: Teleport's role-based access control, as far as access requests and users go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from local.teleport.resources import Role, Threshold


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    if text.startswith("^") and text.endswith("$"):
        return re.compile(text)
    return re.compile("^" + ".*".join(re.escape(part) for part in text.split("*")) + "$")


def matches(patterns: Iterable[str], value: str) -> bool:
    """Does a role name match one of these: literally, with `*`, or as `^expression$`?"""
    return any(_pattern(pattern).search(value) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a set of roles gives together. A deny in any of them outweighs every allow."""

    roles: Sequence[Role]

    def missing_verbs(self, resource: str, verbs: Iterable[str]) -> list[str]:
        """Those of the verbs that no rule allows on this kind of resource."""
        return [verb for verb in verbs if not self.has_rule(resource, verb)]

    def has_rule(self, resource: str, verb: str) -> bool:
        """Does a rule allow this verb on this kind of resource?"""

        def named(rules: Iterable[tuple[frozenset[str], frozenset[str]]]) -> bool:
            return any(
                (resource in resources or "*" in resources) and (verb in verbs or "*" in verbs)
                for resources, verbs in rules
            )

        if any(named(role.deny.rules) for role in self.roles):
            return False
        return any(named(role.allow.rules) for role in self.roles)

    def may_request(self, role: str) -> bool:
        """May the holder ask for this role?"""
        if any(matches(own.deny.request_roles, role) for own in self.roles):
            return False
        return any(matches(own.allow.request_roles, role) for own in self.roles)

    def search_as_roles(self) -> list[str]:
        """The roles that the holder may ask for by naming resources, in order, each once."""
        found = dict.fromkeys(role for own in self.roles for role in own.allow.search_as_roles)
        return [role for role in found if not any(matches(own.deny.search_as_roles, role) for own in self.roles)]

    def preview_as_roles(self) -> list[str]:
        """The roles whose resources the holder may look at as a reviewer."""
        return list(dict.fromkeys(role for own in self.roles for role in own.allow.preview_as_roles))

    def annotations(self, requested: Iterable[str]) -> dict[str, list[str]]:
        """The system annotations of a request for these roles."""
        wanted, found = list(requested), dict[str, list[str]]()
        for own in self.roles:
            if any(matches(own.allow.request_roles + own.allow.search_as_roles, role) for role in wanted):
                for key, values in own.allow.annotations.items():
                    kept = found.setdefault(key, [])
                    kept += [value for value in values if value not in kept]
        return found

    def suggested_reviewers(self) -> list[str]:
        """Whom the holder's roles propose as reviewers."""
        return list(dict.fromkeys(name for own in self.roles for name in own.allow.suggested_reviewers))

    def threshold_sets(self, role: str) -> list[tuple[Threshold, ...]]:
        """For each of the holder's roles that lets him ask for `role`: the thresholds that it puts on the request."""
        return [
            own.allow.thresholds or (Threshold(),)
            for own in self.roles
            if matches(own.allow.request_roles + own.allow.search_as_roles, role)
        ]

    def reviews_anything(self) -> bool:
        """Has one of the roles anything below `allow.review_requests`? Teleport's first, cheap look."""
        return any(
            own.allow.review_roles or own.allow.preview_as_roles or own.allow.submit_for_users for own in self.roles
        )

    def may_review(self, requested: Iterable[str]) -> bool:
        """May the holder review a request for all of these roles?"""
        wanted = list(requested)
        if any(matches(own.deny.review_roles, role) for own in self.roles for role in wanted):
            return False
        return bool(wanted) and all(any(matches(own.allow.review_roles, role) for own in self.roles) for role in wanted)

    def may_submit_for(self, user: str) -> bool:
        """May the holder hand in a review that this user made elsewhere? Names count literally, `*` is everybody."""
        if any({user, "*"} & set(own.deny.submit_for_users) for own in self.roles):
            return False
        return any({user, "*"} & set(own.allow.submit_for_users) for own in self.roles)
