"""What people do to a ticket in ServiceNow against its request is told on it once, whatever fails meanwhile, and never
undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from access_bridge.access_request import RequestState
from access_bridge.errors import BrokenConfiguration, OutcomeUnknown, Retry
from access_bridge.servicenow.errors import NotPermitted
from tests.contract.tickets.desk import ID, OTHER, REQUEST, Desk, vote

CODE = {"close_code": "User error", "close_notes": "mine"}
ENDED = "in ServiceNow while its access request is pending"
REOPENED = "This ticket is open in ServiceNow. That changes nothing in Teleport"


def person(desk: Desk, state: str, user: str = "carol", **values: str) -> None:
    """Somebody puts the ticket into a state; carol may close."""
    desk.instance.update_as(user, "incident", desk.incident()["sys_id"], {"state": state, **values})


def told(desk: Desk, words: str) -> int:
    return "\n".join(desk.notes()).count(words)


@pytest.fixture
def made(desk: Desk) -> Desk:
    """A request with its ticket."""
    desk.shows()
    desk.look()
    return desk


@pytest.fixture
def denied(made: Desk) -> Desk:
    """A request that was denied in Teleport, and its ticket."""
    made.shows(
        state=RequestState.DENIED, revision="r-2", reviews=(replace(vote("bob"), proposed_state=RequestState.DENIED),)
    )
    made.look()
    assert made.incident()["state"] == "6"
    return made


def test_a_look_that_does_not_ask_for_the_ticket_costs_no_call(made: Desk) -> None:
    made.instance.reset_calls()
    made.look()
    assert made.instance.calls == []
    made.look(ticket=True)
    assert [call.method for call in made.instance.calls] == ["GET"]
    assert made.notes() == []


def test_a_ticket_that_a_person_resolves_is_told_once_that_its_request_stays_open(made: Desk) -> None:
    person(made, "6", **CODE)
    for _ in range(3):
        made.look(ticket=True)
    assert (told(made, ENDED), len(made.notes())) == (1, 1)
    assert made.counted.count("TicketEndedByPerson") == 1
    assert made.incident()["state"] == "6"
    assert made.incident()["close_code"] == "User error"
    assert made.incident()["correlation_display"].endswith("#2")
    assert made.item().is_open


@pytest.mark.parametrize("state", ["7", "8"])
def test_a_ticket_that_takes_nothing_any_more_counts_as_told(made: Desk, state: str) -> None:
    person(made, state, **CODE)
    for _ in range(3):
        made.look(ticket=True)
    assert made.notes() == []
    assert made.counted.count("TicketEndedByPerson") == made.counted.count("TicketCannotTakeFact") == 1
    assert (made.item().ended_by, made.item().attempt) == ("person", None)


def test_how_its_request_ended_is_told_after_that(made: Desk) -> None:
    person(made, "6", **CODE)
    made.look(ticket=True)
    made.shows(state=RequestState.APPROVED, revision="r-2", reviews=(vote("bob"), vote("carol")))
    made.look()
    made.look(ticket=True)
    assert len(made.notes()) == 2
    assert "The request is approved." in made.notes()[1]
    assert (made.incident()["state"], made.incident()["close_code"]) == ("6", "User error")
    assert not made.item().is_open


def test_that_nobody_decided_is_told_after_that_too(made: Desk) -> None:
    person(made, "6", **CODE)
    made.look(ticket=True)
    made.teleport.requests = [replace(REQUEST, id=OTHER)]
    made.look()
    assert told(made, "deleted") == 1
    assert not made.item().is_open


def test_one_that_is_found_only_when_the_request_ends_is_told_both_in_one_note(made: Desk) -> None:
    person(made, "6", **CODE)
    made.shows(state=RequestState.DENIED, revision="r-2")
    made.look()
    made.look(ticket=True)
    assert (len(made.notes()), told(made, "ended in ServiceNow before its request was decided")) == (1, 1)
    assert made.counted.count("TicketEndedByPerson") == 1


def test_a_ticket_that_is_opened_again_in_time_is_ended_with_its_request(made: Desk) -> None:
    person(made, "6", **CODE)
    made.look(ticket=True)
    person(made, "2")
    made.look(ticket=True)
    made.look(ticket=True)
    assert (len(made.notes()), made.counted.count("TicketOpenAgain")) == (1, 1)
    made.shows(state=RequestState.DENIED, revision="r-2")
    made.look()
    assert (made.incident()["state"], made.incident()["close_code"]) == ("6", "No resolution provided")
    assert told(made, "The request is denied.") == 1


def test_each_time_that_it_is_closed_is_told(made: Desk) -> None:
    for number in (1, 2, 3):
        person(made, "6", **CODE)
        made.look(ticket=True)
        assert told(made, ENDED) == number
        person(made, "2")
        made.look(ticket=True)


# ---- after the request has ended


def test_a_ticket_that_is_reopened_stays_open_and_says_that_the_request_does_not(denied: Desk) -> None:
    person(denied, "2", "erin")
    for _ in range(3):
        denied.look(ticket=True)
    assert (told(denied, REOPENED), denied.counted.count("TicketReopened")) == (1, 1)
    assert denied.incident()["state"] == "2"


def test_what_becomes_of_the_request_then_is_told_on_the_open_ticket(made: Desk) -> None:
    made.shows(state=RequestState.APPROVED, revision="r-2", reviews=(vote("bob"), vote("carol")))
    made.look()
    person(made, "2", "erin")
    made.look(ticket=True)
    assert told(made, "To end the access, lock the user") == 1
    made.shows(state=RequestState.DENIED, revision="r-3", reviews=(vote("bob"), vote("carol")))
    made.look()
    assert told(made, "The request is denied.") == 1


def test_a_ticket_that_says_another_outcome_is_told_once(denied: Desk) -> None:
    person(denied, "6", "erin", close_code="Resolved by request")
    for _ in range(3):
        denied.look(ticket=True)
    assert (told(denied, "Teleport has the last word"), denied.counted.count("TicketContradictsRequest")) == (1, 1)
    assert denied.incident()["close_code"] == "Resolved by request"


def test_one_that_was_closed_so_can_not_be_told_and_is_counted(denied: Desk) -> None:
    person(denied, "7", close_code="Resolved by request")
    for _ in range(3):
        denied.look(ticket=True)
    assert told(denied, "Teleport has the last word") == 0
    assert denied.counted.count("TicketContradictsRequest") == denied.counted.count("TicketCannotTakeFact") == 1


def test_the_instance_that_closes_what_is_resolved_is_in_order(denied: Desk) -> None:
    denied.instance.update_raw("incident", denied.incident()["sys_id"], {"state": "7", "active": "false"})
    notes = denied.notes()
    denied.look(ticket=True)
    assert denied.notes() == notes


# ---- gone, or not to be seen


def test_a_ticket_that_was_surely_deleted_is_not_made_again(made: Desk) -> None:
    made.instance.delete("incident", made.incident()["sys_id"])
    for _ in range(2):
        made.look(ticket=True)
    assert (made.item().ended_by, made.counted.count("TicketDeleted")) == ("deleted", 1)
    made.shows(state=RequestState.DENIED, revision="r-2")
    made.look()
    assert [row for row in made.instance.rows("incident") if row["correlation_id"] == ID] == []


def test_a_ticket_that_may_only_be_hidden_is_broken_configuration(made: Desk) -> None:
    # who opened an incident reads it, whatever his roles
    made.instance.update_raw("incident", made.incident()["sys_id"], {"opened_by": ""})
    made.instance.disallow("incident", "read", "sn_incident_read")
    with pytest.raises(BrokenConfiguration, match="neither can any other record"):
        made.look(ticket=True)
    assert made.item().ended_by == ""
    made.instance.allow("incident", "read", "sn_incident_read")
    made.look(ticket=True)
    assert (made.item().ended_by, made.notes()) == ("", [])


# ---- whatever fails, once


Trouble = Callable[[Desk], None]


def _lost(desk: Desk) -> None:
    desk.instance.faults.error_after_commit(method="PATCH", table="incident")


def _dropped(desk: Desk) -> None:
    desk.instance.faults.drop_after_commit(method="PATCH", table="incident")


def _never_sent(desk: Desk) -> None:
    desk.instance.faults.drop_before(method="PATCH", table="incident")


@pytest.mark.parametrize("trouble", [_lost, _dropped, _never_sent])
@pytest.mark.parametrize("again", [True, False])
def test_an_answer_that_got_lost_leads_to_one_note(made: Desk, trouble: Trouble, again: bool) -> None:
    """The same look comes again, or another one that doesn't ask for the ticket comes before it."""
    person(made, "6", **CODE)
    trouble(made)
    with pytest.raises(OutcomeUnknown):
        made.look(ticket=True)
    made.later()
    made.look(ticket=again)
    made.look(ticket=True)
    assert (told(made, ENDED), len(made.notes())) == (1, 1)
    assert made.counted.count("TicketEndedByPerson") == 1
    assert made.item().ended_by == "person"


def test_what_servicenow_did_not_take_is_told_later(made: Desk) -> None:
    person(made, "6", **CODE)
    made.instance.faults.rate_limited(method="PATCH", table="incident")
    with pytest.raises(Retry):
        made.look(ticket=True)
    made.look(ticket=True)
    assert told(made, ENDED) == 1
    assert made.counted.count("TicketEndedByPerson") == 1


def test_a_right_that_is_missing_for_a_while_loses_nothing(made: Desk) -> None:
    person(made, "6", **CODE)
    made.instance.disallow("incident", "write", "sn_incident_write")
    with pytest.raises(NotPermitted):
        made.look(ticket=True)
    made.instance.allow("incident", "write", "sn_incident_write")
    made.look(ticket=True)
    assert told(made, ENDED) == 1


def test_what_the_ledger_could_not_keep_is_not_told_twice(made: Desk) -> None:
    """Another invocation wrote meanwhile: the note isn't sent before the attempt is kept."""
    person(made, "6", **CODE)

    def meanwhile() -> None:
        made.ledger.save_ticket(replace(made.item(), revision="r-0"))

    made.teleport.before_answer = meanwhile
    with pytest.raises(Retry):
        made.look(ticket=True)
    made.teleport.before_answer = lambda: None
    assert made.notes() == []
    made.look(ticket=True)
    assert told(made, ENDED) == 1
