"""The functions' IAM roles allow what the functions call, and nothing else but what AWS itself calls with them.

(That no other system test calls what isn't allowed, `tests/system/conftest.py` sees to.)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

import pytest

from tests.privilege.deployed import DECISIONS_IDENTITY, EVERYTHING, IDENTITY, Deployed
from tests.privilege.tour import OPTIONS, tour
from tests.privilege.verdict import not_allowed, not_granted_to_aws, not_needed
from tests.system.conftest import NewSystem

Parameters = dict[str, str]

IDENTITIES: Final[tuple[Parameters, ...]] = (
    {},
    {"TeleportIdentitySecretArn": IDENTITY},
    {"TeleportDecisionsIdentitySecretArn": DECISIONS_IDENTITY},
    {"TeleportIdentitySecretArn": IDENTITY, "TeleportDecisionsIdentitySecretArn": DECISIONS_IDENTITY},
)
"""The functions join, use one identity, one of them has an identity, each has its own."""
DECISIONS: Final[tuple[Parameters, ...]] = ({"Decisions": "on"}, {"Decisions": "off"})
OPTIONAL: Final = ("ServiceNowDecisionsSecretArn", "ExtraCaParameter", "KmsKeyArn", "SubnetIds")


def stacks() -> Iterator[Deployed]:
    """The stacks of all sets of parameters that a role depends on."""
    optional: list[tuple[Parameters, ...]] = [({}, {name: EVERYTHING[name]}) for name in OPTIONAL]
    for parts in product(DECISIONS, IDENTITIES, *optional):
        yield Deployed.with_parameters(**{name: value for part in parts for name, value in part.items()})


@pytest.mark.timeout(400)
def test_every_right_of_the_functions_is_needed_and_what_they_need_is_allowed(new_system: NewSystem) -> None:
    system = new_system(**OPTIONS)
    tour(system)
    calls = system.aws_calls()
    deployed = list(stacks())
    assert len(deployed) == 128
    found = {
        problem
        for one in deployed
        for problem in (*not_allowed(calls, one), *not_needed(calls, one), *not_granted_to_aws(one))
    }
    assert not found, "\n".join(sorted(found))
