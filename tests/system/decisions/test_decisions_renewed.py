"""Certificates that live for seconds: decisions go on, and none notices that a certificate is renewed."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from local.system import PATIENCE
from local.system.settings import FUNCTIONS
from local.system.stand_ins import BOTS
from tests.system.conftest import NewSystem
from tests.system.decisions.office import Office, Ticket
from tools.benchmarks.renewal import short_lived_bots

LIFETIME = 5  # seconds
RENEWALS = 2  # of each function, beyond one join in each of its environments
PEOPLE = 3
NOTICED = (
    "the message is kept and comes again",
    "Teleport's certificate can't be renewed; the old one still serves",
)


def test_while_certificates_are_renewed_every_decision_is_applied_at_its_first_attempt(new_system: NewSystem) -> None:
    # As deployed: no message comes again because a cold start took long.
    system = new_system(visibility_timeout=1800)
    office = Office(system)
    events_before, lines_before, starts_before = len(system.teleport.audit_log), len(system.logs()), _starts(office)
    system.teleport.apply(short_lived_bots(LIFETIME))
    for function in FUNCTIONS:
        system.restart(function)
    deadline = time.monotonic() + PATIENCE

    def renewed() -> bool:
        joins = Counter(event["user_name"] for event in _joins(office, events_before) if event["success"])
        starts = _starts(office) - starts_before
        return all(joins[BOTS[function]] - starts[function] >= RENEWALS for function in FUNCTIONS)

    def decide_until_renewed(boss: str) -> list[tuple[Ticket, str]]:
        decided = []
        while not renewed() and time.monotonic() < deadline:
            ticket = office.ask()
            # No human clicks in the moment between the incident and the ledger's note of it; that decision would wait.
            system.wait_until(partial(_noted, office, ticket), what="the ledger has no incident")
            row = office.decide(boss, ticket)
            system.wait_until(partial(_outcome, office, row), what="there is no outcome")
            decided.append((ticket, row))
        return decided

    bosses = [office.approver() for _ in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as people:
        decided = [one for found in people.map(decide_until_renewed, bosses) for one in found]

    system.settle()
    assert [line["problem"] for line in system.logs()[lines_before:] if line.get("message") in NOTICED] == []
    assert {_outcome(office, row) for _, row in decided} == {"applied"}
    assert [office.state(ticket) for ticket, _ in decided] == ["APPROVED"] * len(decided)
    assert [(len(office.writes(ticket)), office.times_told(ticket)) for ticket, _ in decided] == [(1, 1)] * len(decided)
    assert [event["error"] for event in _joins(office, events_before) if not event["success"]] == []
    assert renewed()


def _outcome(office: Office, row: str) -> str:
    return office.told_now(row).outcome


def _noted(office: Office, ticket: Ticket) -> bool:
    return any(item.get("sys_id") == ticket.sys_id for item in office.system.ledger(ticket.request_id))


def _starts(office: Office) -> Counter[str]:
    """New environments of each function; not each of them has to join."""
    return Counter(metric.function for metric in office.system.metrics("ColdStart"))


def _joins(office: Office, events_before: int) -> list[dict[str, object]]:
    return [event for event in office.system.teleport.audit_log[events_before:] if event["event"] == "bot.join"]
