"""A tour of a running system: every trigger of both functions, and every path on which one of them calls AWS.

A new path that needs a right of its own needs a stop here: until then the right counts as unneeded.
"""

from __future__ import annotations

from typing import Any, Final

import requests
from grpclib.const import Status

from local.servicenow.faults import Fault
from local.servicenow.store import Row
from local.system import PATIENCE, LocalSystem, Options
from local.system.stand_ins import BOTS
from tests.system.decisions.office import Office, Ticket
from tests.system.decisions.test_decisions_found import five_minutes_pass, lost
from tests.system.decisions.test_decisions_ways import requester_of
from tests.system.tickets.test_tickets_changed import PENDING, RESOLVED, pass_over_tickets

_TICKETS: Final = "teleport_events"
_DECISIONS: Final = "servicenow_decisions"
_ON_CALL, _UNJUSTIFIED = "tour-on-call", "tour-unjustified"

OPTIONS: Final[dict[str, Any]] = {
    # Nobody is given up by chance, and whoever fails twice is.
    "visibility_timeout": 120,
    "max_receive_count": 2,
    "rules": f"""{Options().rules}
justification: {{}}
rules:
- {{when: {{roles: [{_ON_CALL}]}}, then: ticket, on_call: approve}}
- {{when: {{roles: [{_UNJUSTIFIED}]}}, then: ticket, unjustified: deny}}
""",
}
"""How the system that is visited differs from others."""


def tour(system: LocalSystem) -> None:
    """Visit all stops. The system has had its first minute, in which a new ledger notes its beginning."""
    office = Office(system)
    _a_decision(office)
    _a_request_that_no_event_announced(office)
    _a_decision_whose_callback_never_came(office)
    _a_ticket_that_somebody_ended(office)
    _a_malformed_record_and_its_redrive(system)
    _a_ticket_that_fails_at_first_and_at_last(office)
    _a_decision_that_fails_at_first_and_at_last(office)
    _a_requester_who_is_on_call(office)
    _a_request_that_nothing_justifies(office)
    _a_new_token_and_identity_files(office)


def _a_decision(office: Office) -> None:
    """Webhook, tickets queue, callback, decisions queue, and the look that tells the outcome."""
    ticket = _ask(office, office.requester())
    _ends_as(office, "applied", office.decide(office.approver(), ticket))


def _a_request_that_no_event_announced(office: Office) -> None:
    system = office.system
    system.stop_forwarding()
    request_id = system.teleport.as_user(office.requester()).create_request(["dba"], "no event tells of this")
    system.tick(_TICKETS)
    _incident(system, request_id)
    system.start_forwarding()
    system.settle()


def _a_decision_whose_callback_never_came(office: Office) -> None:
    row = lost(office, office.approver(), _ask(office, office.requester()))
    five_minutes_pass(office)
    _ends_as(office, "applied", row)


def _a_ticket_that_somebody_ended(office: Office) -> None:
    ticket = _ask(office, office.requester())
    office.system.servicenow.update_as("carol", "incident", ticket.sys_id, RESOLVED)
    pass_over_tickets(office.system)
    office.system.settle()
    assert PENDING in office.notes(ticket)


def _a_malformed_record_and_its_redrive(system: LocalSystem) -> None:
    assert _post(system, "no event", system.webhook_token) == 200
    (letter,) = system.wait_until(system.dead_letters, what="no dead letter")
    system.aws.sqs.send_message(
        QueueUrl=system.resources.tickets.url,
        MessageBody=letter.body,
        MessageGroupId=letter.group,
        MessageDeduplicationId="redriven",
    )
    _wait_for_dead_letters(system, 2)


def _a_ticket_that_fails_at_first_and_at_last(office: Office) -> None:
    system = office.system
    system.servicenow.faults.add(Fault("unavailable", remaining=2, method="POST", table="incident"))
    system.teleport.as_user(office.requester()).create_request(["dba"], "its ticket fails")
    _wait_for_dead_letters(system, 3)


def _a_decision_that_fails_at_first_and_at_last(office: Office) -> None:
    system, ticket = office.system, _ask(office, office.requester())
    system.teleport.faults.fail("SubmitAccessReview", Status.UNAVAILABLE, "closed for maintenance", times=2)
    _ends_as(office, "failed", office.decide(office.approver(), ticket))
    _wait_for_dead_letters(system, 4)


def _a_requester_who_is_on_call(office: Office) -> None:
    servicenow = office.system.servicenow
    rota = servicenow.add_rota("Tour on-call")
    asker = requester_of(office, _ON_CALL, {"teleport.dev/schedules": [rota]})
    servicenow.put_on_call(rota, asker)
    _becomes(office, _ask(office, asker, _ON_CALL), "APPROVED")


def _a_request_that_nothing_justifies(office: Office) -> None:
    _becomes(office, _ask(office, requester_of(office, _UNJUSTIFIED, {}), _UNJUSTIFIED), "DENIED")


def _a_new_token_and_identity_files(office: Office) -> None:
    """The token of before is still good. An identity file takes the place of a join, which takes no right."""
    system, old = office.system, office.system.webhook_token
    system.put_secret(_TICKETS, "WEBHOOK_SECRET_ARN", "n" * 44)
    for function in (_TICKETS, _DECISIONS):
        system.use_identity_file(function, system.teleport.identity_file(BOTS[function], shape="tbot"))
    assert _post(system, "[]", old) == 200
    _a_decision(office)


def _ask(office: Office, user: str, role: str = "dba") -> Ticket:
    """A request that has its ticket, and nothing under way."""
    request_id = office.system.teleport.as_user(user).create_request([role], "on tour")
    row = _incident(office.system, request_id)
    office.system.settle()
    return Ticket(request_id, row["sys_id"], row["number"])


def _ends_as(office: Office, outcome: str, row: str) -> None:
    office.wait_for_outcome(row, outcome)
    office.system.settle()


def _becomes(office: Office, ticket: Ticket, state: str) -> None:
    assert office.state(ticket) == state
    assert office.incident_state(ticket) == "6"


def _incident(system: LocalSystem, request_id: str) -> Row:
    def found() -> list[Row]:
        return [row for row in system.servicenow.rows("incident") if row["correlation_id"] == request_id]

    return system.wait_until(found, what="the incident did not appear")[0]


def _wait_for_dead_letters(system: LocalSystem, number: int) -> None:
    system.wait_until(lambda: len(system.dead_letters()) == number, what=f"there are no {number} dead letters")
    system.settle()


def _post(system: LocalSystem, body: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(system.webhook_url, data=body, headers=headers, timeout=PATIENCE).status_code
