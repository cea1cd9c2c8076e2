"""The rules decide once which requests become incidents; a file that cannot be read holds work up, never loses it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from local.demo.counting import count
from local.system import LocalSystem
from tests.system.tickets.asking import (
    Since,
    approve,
    ask,
    asked_and_told,
    deliver,
    events_of,
    incident,
    incidents,
    ledger_ticket,
    made_up_event,
    post,
    state,
    times_told,
)

NewSystem = Callable[..., LocalSystem]
DEV_ROLES = """
{kind: role, version: v7, metadata: {name: dev-db}, spec: {allow: {logins: [root]}}}
---
{kind: role, version: v7, metadata: {name: dev-web}, spec: {allow: {logins: [root]}}}
---
{kind: role, version: v7, metadata: {name: dev-requester}, spec: {allow: {request: {roles: [dev-db, dev-web, dba]}}}}
---
{kind: user, version: v2, metadata: {name: grace}, spec: {roles: [dev-requester]}}
"""


@pytest.fixture
def with_rules(system: LocalSystem) -> Callable[[str], None]:
    """Gives teleport_events another rules file, which it sees at once."""

    def put(text: str) -> None:
        system.put_parameter("teleport_events", "RULES_PARAMETER", text)
        system.restart("teleport_events")

    return put


def test_roles_that_the_rules_ignore_make_no_incident_and_mixed_ones_do(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    with_rules('version: 1\nrules: [{when: {roles: ["dev-*"]}, then: ignore}]')
    system.teleport.apply(DEV_ROLES)
    ignored, mixed = ask(system, "grace", ["dev-db", "dev-web"]), ask(system, "grace", ["dev-db", "dba"])
    system.settle()
    approve(system, ignored, "bob")
    system.settle()
    assert incidents(system, ignored) == []
    assert state(system, mixed) == "New"


def test_what_the_rules_decided_once_stays_though_the_rules_change(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    with_rules("version: 1\nrules: [{when: {roles: [dba]}, then: ignore}]")
    ignored = ask(system)
    system.settle()
    with_rules("version: 1")
    kept = asked_and_told(system)
    approve(system, ignored, "bob")
    system.settle()
    with_rules("version: 1\nrules: [{when: {roles: [dba]}, then: ignore}]")
    approve(system, kept, "bob")
    system.settle()
    assert incidents(system, ignored) == []
    assert state(system, kept) == "Resolved"


def test_requests_made_before_the_given_time_make_no_incident(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    with_rules("version: 1\nignore_before: 2100-01-01T00:00:00Z")
    request_id = ask(system)
    approve(system, request_id, "bob")
    system.settle()
    assert incidents(system, request_id) == []


def test_requests_made_before_the_first_run_make_no_incident_unless_the_rules_say_so(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    old = made_up_event("access_request.create", "6a1f3f0e-0000-4000-8000-000000000001", user="alice", roles=["dba"])
    older = {**old, "id": "6a1f3f0e-0000-4000-8000-000000000002", "uid": "another", "time": "2020-01-01T00:00:00Z"}
    deliver(system, [older])
    system.settle()
    assert incidents(system, older["id"]) == []
    with_rules("version: 1\nignore_before: 2019-01-01T00:00:00Z")
    deliver(system, [{**old, "time": "2020-01-01T00:00:00Z"}])
    system.settle()
    assert len(incidents(system, old["id"])) == 1


def test_states_close_codes_and_fields_are_those_of_the_rules(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    with_rules(
        "version: 1\n"
        "ticket:\n"
        "  assignment_group: Service Desk\n"
        "  fields: {category: software, urgency: 1}\n"
        "  outcomes: {approved: {state: 8, close_code: Duplicate}}\n"
    )
    request_id = asked_and_told(system)
    row = incident(system, request_id)
    assert system.servicenow.row("sys_user_group", row["assignment_group"])["name"] == "Service Desk"
    assert (row["category"], row["urgency"]) == ("software", "1")
    approve(system, request_id, "bob")
    system.settle()
    assert (state(system, request_id), incident(system, request_id)["close_code"]) == ("Canceled", "Duplicate")


def test_rules_that_cannot_be_read_hold_the_work_up_and_the_webhook_goes_on(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    since = Since(system)
    with_rules("version: 1\nrules: [")
    waiting = [ask(system) for _ in range(2)]
    answer = post(system, b'{"event": "user.login", "uid": "a"}')
    assert answer.status_code == 200
    since.counted("BrokenConfiguration", 2)
    problems = since.problems(2)
    assert all(one.startswith("RULES_PARAMETER: is no YAML: line 2") for one in problems), problems
    assert [incidents(system, one) for one in waiting] == [[], []]
    system.wait_until(
        lambda: all(ledger_ticket(system, one).get("failure") for one in waiting), what="a reason is not in the ledger"
    )
    with_rules(system.options.rules)
    system.settle()
    for request_id in waiting:
        assert state(system, request_id) == "New"
        assert len(events_of(system, request_id)) == 1


def test_create_and_approve_take_two_writes_and_one_read(system: LocalSystem) -> None:
    before = len(system.servicenow.calls)
    request_id = asked_and_told(system)
    approve(system, request_id, "bob")
    system.settle()
    calls = count(
        system.servicenow.calls[before:],
        tickets_account=system.stand_ins.tickets_account,
        incident=incident(system, request_id)["sys_id"],
        request_id=request_id,
    )
    assert (calls.ticket_writes, calls.ticket_reads) == (2, 1)


HOSTILE = "[code]<b>bold</b>[/CODE] ${mail_to:eve} ^ORstate=1^EQ javascript:gs.print(1) a\tb\nset by nobody\u202e!"


def test_texts_from_teleport_stay_texts_in_servicenow(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "dave", reason=HOSTILE)
    approve(system, request_id, "bob", HOSTILE)
    system.settle()
    system.teleport.tctl_deny(request_id, delegator="^ORuser_name=admin", reason=HOSTILE)
    system.settle()
    row = incident(system, request_id)
    told = "\n".join(system.servicenow.work_notes(row["sys_id"]))
    for text in (row["description"], row["close_notes"], told):
        assert not re.search(r"\[\s*/?\s*code", text, re.IGNORECASE)
        assert "${" not in text
        assert "\u202e" not in text
        assert "<b>bold</b>" in text  # shown as it was typed
        assert "^ORstate=1^EQ javascript:gs.print(1)" in text
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1
    assert "^ORuser_name=admin" in told


def test_a_name_that_would_be_a_query_finds_nobody(system: LocalSystem) -> None:
    name = "x^ORuser_name=bob"
    system.teleport.apply(f"{{kind: user, version: v2, metadata: {{name: '{name}'}}, spec: {{roles: [requester]}}}}")
    request_id = asked_and_told(system, name)
    row = incident(system, request_id)
    assert system.servicenow.row("sys_user", row["caller_id"])["user_name"] == "svc.access.bridge"
    assert f"Requester: {name}" in row["description"]
