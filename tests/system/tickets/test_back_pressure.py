"""When ServiceNow asks for less, it gets less; and no request waits for another one's trouble."""

from __future__ import annotations

import time

from local.servicenow.faults import Incoming
from local.system import PATIENCE, LocalSystem
from tests.system.conftest import NewSystem
from tests.system.tickets.asking import about, ask, incidents

REQUESTS = 12
WORKERS = 4
WAIT = 4
"""Seconds that the instance asks for; back-off alone would be one second, then two."""
_ALWAYS = 10**6


def test_a_rate_limit_is_answered_with_patience_and_in_the_end_with_every_ticket(new_system: NewSystem) -> None:
    """While the instance refuses, each request asks once and then waits for as long as the instance said."""
    system = new_system(queue_workers=WORKERS, environments=WORKERS)
    refused: list[float] = []

    def note(_: Incoming) -> bool:
        refused.append(time.monotonic())
        return True

    system.servicenow.faults.rate_limited(times=_ALWAYS, retry_after=WAIT, when=note)
    requests = [ask(system) for _ in range(REQUESTS)]
    system.wait_until(lambda: len(refused) >= 2 * REQUESTS, what="not every request asked twice")
    system.servicenow.faults.clear()
    most = REQUESTS * ((refused[-1] - refused[0]) / WAIT + 1)
    assert len(refused) <= most
    system.settle()
    assert [len(incidents(system, request_id)) for request_id in requests] == [1] * REQUESTS
    assert system.dead_letters() == []


def test_one_request_that_always_fails_holds_up_no_other_one(system: LocalSystem) -> None:
    poisoned = ask(system, reason="poisoned")
    fault = system.servicenow.faults.error_before(times=_ALWAYS, when=about(poisoned))
    assert fault.wait_until_hit(PATIENCE)
    others = [ask(system) for _ in range(REQUESTS)]
    system.wait_until(lambda: all(incidents(system, one) for one in others), what="others wait")
    assert incidents(system, poisoned) == []
    assert {one.end for other in others for one in system.deliveries(other)} == {"done"}
    system.servicenow.faults.clear()
    system.settle()
    assert len(incidents(system, poisoned)) == 1
