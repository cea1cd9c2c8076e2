"""What many people do with many access requests at once: pure data, made before anything happens, the same for the same
seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, Literal

from tests.contract.races.life import Vote

What = Literal["ask", "review", "click", "vote", "set_state", "remove", "resolve", "cancel", "delete", "repeat", "pass"]

ASKERS: Final = 6
"""People who ask; every second one needs two approvals."""
DECIDERS: Final = 4
"""People who review in Teleport, click and vote in ServiceNow."""
_WEIGHTS: Final[dict[What, int]] = {
    "review": 30,
    "click": 40,
    "vote": 12,
    "set_state": 8,
    "remove": 5,
    "resolve": 6,
    "cancel": 3,
    "delete": 3,
    "repeat": 15,
    "pass": 2,
}
_LEFT_TO_EXPIRE: Final = 0.08
_MOST_ACTS: Final = 5
_NEXT_ACT: Final = 0.01
"""How far apart two acts on one request are at most, as a part of the whole: so that they meet."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that somebody does. `request` and `who` are numbers; `expires`: a request with little time."""

    request: int
    what: What
    who: int = 0
    vote: Vote = "approved"
    expires: bool = False


def plan(seed: int, requests: int) -> tuple[Act, ...]:
    """Return the acts in the order in which they are begun; those of one request stand close together."""
    chance = random.Random(seed)
    timed: list[tuple[float, Act]] = []
    for number in range(requests):
        at = chance.random()
        expires = chance.random() < _LEFT_TO_EXPIRE
        timed.append((at, Act(number, "ask", chance.randrange(ASKERS), expires=expires)))
        for _ in range(0 if expires else chance.randint(1, _MOST_ACTS)):
            at += chance.random() * _NEXT_ACT
            (what,) = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            vote: Vote = "approved" if chance.random() < 0.7 else "rejected"
            timed.append((at, Act(number, what, chance.randrange(DECIDERS), vote)))
    return tuple(act for _, act in sorted(timed, key=lambda one: one[0]))
