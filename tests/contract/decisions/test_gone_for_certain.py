"""A request that Teleport doesn't show any more, in a cluster where no other one proves that the bot sees any."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access_bridge.errors import BrokenConfiguration
from access_bridge.ledger.table import Ledger
from tests.contract.decisions.court import Case, Court
from tests.contract.ledger_tables import Tables


@pytest.fixture
def court(court: Court) -> Court:
    """A court whose ledger takes more than one write of an item."""
    court.ledger = Ledger(Tables(), "ledger")
    return court


def asked_and_forgotten(court: Court) -> Case:
    """A request that Teleport has forgotten, and every other one with it."""
    case = court.ask()
    for request_id in list(court.cluster.requests):
        court.cluster.remove_request(request_id)
    return case


@pytest.mark.parametrize("outcome", ["approved", "denied", "promoted", "expired", "deleted"])
def test_a_click_on_a_ticket_that_says_how_its_request_ended_is_answered(court: Court, outcome: str) -> None:
    case = asked_and_forgotten(court)
    ticket = court.ledger.records(case.request_id).ticket
    court.ledger.save_ticket(replace(ticket, outcome=outcome))
    item = court.decide(court.click(court.approver(), case), case)
    assert (item.outcome, item.code) == ("refused", "request_gone")


def test_a_click_on_a_ticket_that_is_open_waits_for_proof(court: Court) -> None:
    case = asked_and_forgotten(court)
    item = court.decide_in_vain(court.click(court.approver(), case), case, BrokenConfiguration)
    assert item.outcome == ""
