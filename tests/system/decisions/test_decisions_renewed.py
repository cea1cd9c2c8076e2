"""Certificates that live for seconds: decisions go on, and none notices that a certificate is renewed."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from local.system.settings import FUNCTIONS
from local.system.stand_ins import BOTS
from tests.system.decisions.office import Office, Ticket
from tools.benchmarks.renewal import short_lived_bots

LIFETIME = 5  # seconds
RENEWALS = 2  # of each function, beyond one join in each of its environments
KEPT = "the message is kept and comes again"


def test_while_certificates_are_renewed_every_decision_is_applied_at_its_first_attempt(office: Office) -> None:
    system = office.system
    events_before, lines_before, starts_before = len(system.teleport.audit_log), len(system.logs()), _starts(office)
    system.teleport.apply(short_lived_bots(LIFETIME))
    for function in FUNCTIONS:
        system.restart(function)
    enough = threading.Event()

    def decide_until_enough(boss: str) -> list[tuple[Ticket, str]]:
        decided = []
        while not enough.is_set():
            ticket = office.ask(timeout=60)
            row = office.decide(boss, ticket)
            system.wait_until(partial(_outcome, office, row), timeout=60, what="there is no outcome")
            decided.append((ticket, row))
        return decided

    def renewed() -> bool:
        joins = Counter(event["user_name"] for event in _joins(office, events_before) if event["success"])
        starts = _starts(office) - starts_before
        return all(joins[BOTS[function]] - starts[function] >= RENEWALS for function in FUNCTIONS)

    with ThreadPoolExecutor(4) as people:
        work = [people.submit(decide_until_enough, office.approver()) for _ in range(4)]
        try:
            system.wait_until(renewed, timeout=90, what="the certificates were not renewed")
        finally:
            enough.set()
        decided = [one for person in work for one in person.result()]

    system.settle()
    assert {_outcome(office, row) for _, row in decided} == {"applied"}
    assert [office.state(ticket) for ticket, _ in decided] == ["APPROVED"] * len(decided)
    assert [(len(office.writes(ticket)), office.times_told(ticket)) for ticket, _ in decided] == [(1, 1)] * len(decided)
    assert [line["problem"] for line in system.logs()[lines_before:] if line.get("message") == KEPT] == []
    assert [event["error"] for event in _joins(office, events_before) if not event["success"]] == []
    assert system.metrics("TeleportRenewalFailed") == []


def _outcome(office: Office, row: str) -> str:
    return office.told_now(row).outcome


def _starts(office: Office) -> Counter[str]:
    """New environments of each function; not each of them has to join."""
    return Counter(metric.function for metric in office.system.metrics("ColdStart"))


def _joins(office: Office, events_before: int) -> list[dict[str, object]]:
    return [event for event in office.system.teleport.audit_log[events_before:] if event["event"] == "bot.join"]
