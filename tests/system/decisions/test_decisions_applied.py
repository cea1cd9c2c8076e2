"""A decision made on an incident reaches Teleport, and both sides say so."""

from __future__ import annotations

import re

from tests.system.decisions.office import BOT, Office


def test_an_approval_in_servicenow_approves_the_request_and_resolves_the_incident(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    row = office.decide(boss, ticket, "approved", "The nightly job matters.")
    told = office.told(row)
    assert (told.outcome, told.code) == ("applied", "applied")
    assert office.state(ticket) == "APPROVED"
    (review,) = office.request(ticket).Spec.Reviews
    assert review.Author == BOT
    assert re.fullmatch(
        rf"\[access-bridge decision {row}\] Approved in ServiceNow by {boss.title()} Manager "
        rf"\({boss}, {boss}@example\.test\) on {ticket.number}: The nightly job matters\.",
        review.Reason,
    )
    assert office.incident_state(ticket) == "6"
    assert office.notes(ticket).count("Decision in ServiceNow by") == 1
    assert len(office.writes()) == 1


def test_a_rejection_in_servicenow_denies_the_request_and_resolves_the_incident(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    told = office.told(office.decide(boss, ticket, "rejected", "Not during the freeze."))
    assert (told.outcome, told.code) == ("applied", "applied")
    assert office.state(ticket) == "DENIED"
    assert office.request(ticket).Spec.ResolveReason.endswith("Not during the freeze.")
    assert office.incident_state(ticket) == "6"
