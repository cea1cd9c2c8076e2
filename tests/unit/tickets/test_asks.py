"""When the decisions side is asked whether the bot decides a request itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import Rules
from access_bridge.tickets.asks import ASKED_CLOSED, ASKED_JUSTIFICATION, ASKED_ON_CALL, SCHEDULES, asks
from tests.unit.tickets.ticket_values import ID, PENDING

SCHEDULED = replace(PENDING, system_annotations={SCHEDULES: ("0a" * 16,)})
UNJUSTIFIED = "NOT justified: the reason names no ticket."
TICKET = TicketItem(ID, selected=True, sys_id="f" * 32)
BAD = replace(TICKET, justification=UNJUSTIFIED)
RULES = """
justification: {}
rules:
- when: {roles: [dba, prod]}
  then: ticket
"""
ON_CALL = load_rules(f"{RULES}  on_call: approve")
DENY = load_rules(f"{RULES}  unjustified: deny")
BOTH = load_rules(f"{RULES}  on_call: approve\n  unjustified: deny")
NEITHER = load_rules(RULES)
CLOSED = load_rules(f"{RULES}  closed: deny")
ALL = load_rules(f"{RULES}  on_call: approve\n  unjustified: deny\n  closed: deny")
BY_PERSON = replace(BAD, ended_by="person")


def asked(request: AccessRequest, ticket: TicketItem, rules: Rules, *decisions: DecisionItem) -> list[str]:
    found = asks(request, ticket, rules, decisions)
    assert all(message.request_id == ID for message in found.values())
    return [mark.removeprefix("asked:") for mark in found]


@pytest.mark.parametrize(
    ("request_now", "ticket", "rules", "expected"),
    [
        (SCHEDULED, TICKET, ON_CALL, ["on_call"]),
        (SCHEDULED, TICKET, BOTH, ["on_call"]),
        (SCHEDULED, TICKET, DENY, []),
        (SCHEDULED, TICKET, NEITHER, []),
        # no schedule, nobody to be on call
        (PENDING, TICKET, BOTH, []),
        (replace(PENDING, system_annotations={SCHEDULES: ("", " ")}), TICKET, BOTH, []),
        # only a rule that names the roles
        (replace(SCHEDULED, roles=("dba", "prod", "other")), TICKET, BOTH, []),
        # only a certain verdict denies
        (PENDING, BAD, DENY, ["justification"]),
        (PENDING, replace(BAD, justification=f"{UNJUSTIFIED}\n{UNJUSTIFIED}"), DENY, ["justification"]),
        (PENDING, replace(BAD, justification="Justification: INC1 is active."), DENY, []),
        (PENDING, replace(BAD, justification="Justification not known: INC1 can't be judged."), DENY, []),
        (PENDING, replace(BAD, justification=f"Justification not known: INC1.\n{UNJUSTIFIED}"), DENY, []),
        (PENDING, BAD, ON_CALL, []),
        # what is to be denied isn't asked for on-call
        (SCHEDULED, BAD, BOTH, ["justification"]),
        (SCHEDULED, BAD, ON_CALL, ["on_call"]),
        # once each
        (SCHEDULED, replace(BAD, told=frozenset({ASKED_JUSTIFICATION})), BOTH, []),
        (SCHEDULED, replace(TICKET, told=frozenset({ASKED_ON_CALL})), BOTH, []),
        # nothing is left to decide, or nowhere to tell it
        (replace(SCHEDULED, state=RequestState.APPROVED), BAD, BOTH, []),
        (replace(SCHEDULED, state=RequestState.DENIED), BAD, BOTH, []),
        (SCHEDULED, replace(BAD, sys_id=""), BOTH, []),
        (SCHEDULED, BY_PERSON, BOTH, []),
        # what a person ended is asked for nothing else
        (SCHEDULED, BY_PERSON, CLOSED, ["closed"]),
        (SCHEDULED, BY_PERSON, ALL, ["closed"]),
        (SCHEDULED, BY_PERSON, NEITHER, []),
        (SCHEDULED, BAD, CLOSED, []),
        (SCHEDULED, replace(BY_PERSON, ended_by="deleted"), CLOSED, []),
        (SCHEDULED, replace(BY_PERSON, told=frozenset({ASKED_CLOSED})), CLOSED, []),
        (replace(SCHEDULED, state=RequestState.APPROVED), BY_PERSON, CLOSED, []),
        (replace(SCHEDULED, roles=("dba", "prod", "other")), BY_PERSON, CLOSED, []),
    ],
)
def test_who_is_asked_for_what(
    request_now: AccessRequest, ticket: TicketItem, rules: Rules, expected: list[str]
) -> None:
    assert asked(request_now, ticket, rules) == expected


def test_a_request_that_turned_out_to_be_justified_is_asked_for_on_call_after_all() -> None:
    ticket = replace(BAD, told=frozenset({ASKED_JUSTIFICATION}))
    decided = DecisionItem(ID, f"justification-{ID}", kind="justification", outcome="refused", code="justified")
    assert asked(SCHEDULED, ticket, BOTH, decided) == ["on_call"]
    assert asked(SCHEDULED, ticket, BOTH, replace(decided, code="justification_unknown")) == ["on_call"]
    assert asked(SCHEDULED, ticket, BOTH, replace(decided, code="may_not_review")) == []
    assert asked(SCHEDULED, ticket, BOTH, replace(decided, outcome="applied", code="applied")) == []
