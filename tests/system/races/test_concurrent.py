"""Many people, many requests, both functions in many processes: nothing is lost, nothing is told or carried twice."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Final

import pytest

from tests.contract.races import truth
from tests.contract.races.life import Life
from tests.system.conftest import NewSystem
from tests.system.races.crowd import Crowd
from tests.system.races.plan import plan

REQUESTS: Final = int(os.environ.get("RACES", "16"))
"""`make races` has 200."""
SEED: Final = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)
_CROWDED: Final = REQUESTS > 100
_MODES: Final = ["bot", "on_behalf", "set_state"] if _CROWDED else ["bot"]
_RULES: Final = """
version: 1
ticket: {{caller: svc.access.bridge, assignment_group: Access approvers}}
decisions:
  mode: {mode}
  approvers: {{group: Access approvers}}
  integration_users: [svc.access.bridge, svc.access.bridge.tickets, svc.access.bridge.decisions]
"""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", _MODES)
def test_what_many_do_at_once_ends_as_if_each_had_been_alone(new_system: NewSystem, mode: str) -> None:
    print(f"SEED={SEED} RACES={REQUESTS}, mode {mode}")
    system = new_system(
        rules=_RULES.format(mode=mode),
        queue_workers=8 if _CROWDED else 3,
        visibility_timeout=360,
        duplicate=True,
        reverse=True,
    )
    system.teleport.expiry_delay = 0.5
    system.servicenow.callbacks.copies = 2
    crowd = Crowd(system)
    crowd.live(plan(SEED, REQUESTS))
    system.settle(timeout=600)
    for _ in range(2):
        system.tick("teleport_events")
        system.settle(timeout=120)
    lives = crowd.lives()
    assert len(lives) == REQUESTS
    wrong = [f"{life.request_id}: {problem}" for life in lives if (problem := _problem(life))]
    assert not wrong, "\n".join(wrong)
    assert system.dead_letters() == []
    assert [line for line in system.logs() if "errorType" in line or line.get("level") in {"ERROR", "CRITICAL"}] == []
    _show(lives)


def _problem(life: Life) -> str:
    try:
        truth.check_end(life)
    except AssertionError as error:
        return str(error)
    return ""


def _show(lives: list[Life]) -> None:
    """Print what there was, as a table."""
    became = Counter(outcome for life in lives for outcome in truth.outcomes(life))
    numbers = {
        "requests": len(lives),
        "tickets": sum(len(life.tickets) for life in lives),
        "audit events": sum(len(life.events) for life in lives),
        "decision rows": sum(len(life.clicks) for life in lives),
        "notes": sum(len(life.notes) for life in lives),
        **dict(sorted(became.items())),
    }
    for name, number in numbers.items():
        print(f"{number:7} {name}")
