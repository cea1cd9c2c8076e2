"""The callback's door: only who holds the key is heard, only for five minutes, and what it says is only a hint."""

from __future__ import annotations

import base64
import secrets
import socket
import string

import pytest
import requests

from local.system import PATIENCE
from tests.system.decisions.callbacks import Signed, new_key, sign
from tests.system.decisions.office import FUNCTION, Office, Ticket

ALPHABET = f"{string.ascii_letters}{string.digits}+/"


@pytest.fixture
def waiting(office: Office) -> tuple[Ticket, str]:
    """An incident and the decision row of an approver, whose callback is still to come."""
    ticket = office.ask()
    return ticket, office.decide_silently(office.approver(), ticket)


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"]


def assert_nothing_came_of_it(office: Office, ticket: Ticket) -> None:
    office.system.settle()
    assert (office.state(ticket), office.writes(ticket)) == ("PENDING", [])
    assert "Decision" not in office.notes(ticket)
    assert not [item for item in office.system.ledger(ticket.request_id) if item["sk"].startswith("DECISION")]


def flipped(text: str, position: int) -> str:
    return f"{text[:position]}{'0' if text[position] != '0' else '1'}{text[position + 1 :]}"


def test_a_genuine_callback_is_queued_and_applied(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    answer = office.signed(ticket, row).post(office.system.callback_url, {"X-Bridge-Key-Id": "2026-11"})
    assert (answer.status_code, answer.json()) == (202, {"outcome": "queued"})
    assert office.told(row).outcome == "applied"


def test_an_unsigned_callback_is_refused(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    for missing in ("timestamp", "event_id", "signature"):
        answer = office.signed(ticket, row).changed(**{missing: ""}).post(office.system.callback_url)
        assert_problem(answer, 401, "signature")
    assert_nothing_came_of_it(office, ticket)


def test_a_callback_with_one_altered_byte_is_refused(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    genuine = office.signed(ticket, row)
    for altered in (
        genuine.changed(body=genuine.body.replace(b"approved", b"approveD")),
        genuine.changed(timestamp=flipped(genuine.timestamp, len(genuine.timestamp) - 1)),
        genuine.changed(event_id=flipped(genuine.event_id, 0)),
        genuine.changed(signature=flipped(genuine.signature, 10)),
    ):
        assert_problem(altered.post(office.system.callback_url), 401, "signature")
    assert_nothing_came_of_it(office, ticket)


def test_a_signature_has_one_spelling(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    genuine = office.signed(ticket, row)
    mac = base64.b64decode(genuine.signature.removeprefix("v1="))
    spellings = [f"{genuine.signature[3:-2]}{letter}=" for letter in ALPHABET]
    others = [text for text in spellings if base64.b64decode(text) == mac and text != genuine.signature[3:]]
    assert len(others) == 3
    answer = genuine.changed(signature=f"v1={others[0]}").post(office.system.callback_url)
    assert_problem(answer, 401, "signature")
    assert_nothing_came_of_it(office, ticket)


@pytest.mark.parametrize("age", [301, -320], ids=["five minutes old", "from the future"])
def test_a_callback_that_is_not_fresh_is_refused(office: Office, waiting: tuple[Ticket, str], age: float) -> None:
    ticket, row = waiting
    assert_problem(office.signed(ticket, row, age=age).post(office.system.callback_url), 401, "signature")
    assert_nothing_came_of_it(office, ticket)


def test_a_callback_of_almost_five_minutes_ago_is_taken(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    assert office.signed(ticket, row, age=280).post(office.system.callback_url).status_code == 202
    assert office.told(row).outcome == "applied"


def test_a_replayed_callback_is_taken_again_and_applied_once(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    callback = office.signed(ticket, row)
    answers = [callback.post(office.system.callback_url) for _ in range(2)]
    office.system.settle()
    answers += [callback.post(office.system.callback_url)]
    assert [(answer.status_code, answer.json()["outcome"]) for answer in answers] == [(202, "queued")] * 3
    assert office.told(row).outcome == "applied"
    assert len(office.writes(ticket)) == 1
    assert office.times_told(ticket) == 1


def test_the_wrong_key_is_refused(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    assert_problem(office.signed(ticket, row, key=new_key()).post(office.system.callback_url), 401, "signature")
    assert_nothing_came_of_it(office, ticket)


def test_a_key_that_was_changed_is_good_beside_the_new_one_until_the_next_change(office: Office) -> None:
    keys = [office.system.callback_key, new_key(), new_key()]
    tickets = [office.ask(), office.ask(), office.ask()]
    rows = [office.decide_silently(office.approver(), ticket) for ticket in tickets]
    change_key(office, keys[1])
    for ticket, row, key in zip(tickets[:2], rows, keys, strict=False):
        assert office.signed(ticket, row, key=key).post(office.system.callback_url).status_code == 202
        assert office.told(row).outcome == "applied"
    change_key(office, keys[2])
    oldest = office.signed(tickets[2], rows[2], key=keys[0])
    assert_problem(oldest.post(office.system.callback_url), 401, "signature")
    assert_nothing_came_of_it(office, tickets[2])


def change_key(office: Office, key: str) -> None:
    office.system.put_secret(FUNCTION, "CALLBACK_SECRET_ARN", key)
    office.system.restart(FUNCTION)


def test_a_key_that_is_none_is_named_in_the_log_and_a_good_one_after_it_works(
    office: Office, waiting: tuple[Ticket, str]
) -> None:
    ticket, row = waiting
    key = new_key()
    change_key(office, "not Base64 at all!")
    assert office.signed(ticket, row).post(office.system.callback_url).status_code == 503
    problem = "CALLBACK_SECRET_ARN: names a secret that is no Base64 text of at least 32 bytes"
    office.system.wait_until(lambda: office.logged(problem), what="the log does not say it")
    change_key(office, key)
    assert office.signed(ticket, row, key=key).post(office.system.callback_url).status_code == 202
    assert office.told(row).outcome == "applied"


@pytest.mark.parametrize("signed", [True, False])
def test_a_body_over_16_kib_is_too_large_whoever_sends_it(office: Office, signed: bool) -> None:
    callback = sign(office.system.callback_key, b" " * (16 * 1024 + 1), event_id="0" * 32)
    answer = (callback if signed else callback.changed(signature="")).post(office.system.callback_url)
    assert_problem(answer, 413, "too_large")


MALFORMED = {
    "nothing": b"",
    "no JSON": b"decision=approved",
    "no object": b'["approved"]',
    "bytes": b'{"table":"incident\xff"}',
    "another member": b'{"table":"incident","sys_id":"%s","request_id":"%s","decision":"approved","by":"bob"}',
    "another decision": b'{"table":"incident","sys_id":"%s","request_id":"%s","decision":"promoted"}',
    "another table": b'{"table":"sys_user","sys_id":"%s","request_id":"%s","decision":"approved"}',
    "ids in capital letters": b'{"table":"incident","sys_id":"%s","request_id":"%S","decision":"approved"}',
    "a test and more": b'{"test":true,"decision":"approved"}',
    "a test that is none": b'{"test":false}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_judged_only_once_the_signature_is_good(office: Office, body: bytes) -> None:
    request_id = b"0190a8e4-9c1d-7def-8123-456789abcdef"
    filled = body.replace(b"%s", b"0" * 32, 1).replace(b"%s", request_id).replace(b"%S", request_id.upper())
    callback = sign(office.system.callback_key, filled, event_id="0" * 32)
    assert_problem(callback.post(office.system.callback_url), 400, "malformed")
    assert_problem(callback.changed(timestamp="1").post(office.system.callback_url), 401, "signature")


def test_the_event_id_has_to_be_a_decision_row_s_id(office: Office, waiting: tuple[Ticket, str]) -> None:
    ticket, row = waiting
    callback = office.signed(ticket, f"{row[:-1]}A")
    assert_problem(callback.post(office.system.callback_url), 400, "malformed")
    assert_nothing_came_of_it(office, ticket)


def test_a_signed_test_is_answered_and_does_nothing(office: Office) -> None:
    servicenow, teleport = len(office.system.servicenow.calls), len(office.system.teleport.calls)
    for body in (b'{"test":true}', b' { "test" : true } \n'):
        answer = sign(office.system.callback_key, body, event_id=secrets.token_hex(16)).post(office.system.callback_url)
        assert answer.status_code == 200
    assert sign(new_key(), b'{"test":true}', event_id="0" * 32).post(office.system.callback_url).status_code == 401
    office.system.settle()
    assert (len(office.system.servicenow.calls), len(office.system.teleport.calls)) == (servicenow, teleport)


def test_while_the_queue_is_away_servicenow_is_told_to_send_it_again(
    office: Office, waiting: tuple[Ticket, str]
) -> None:
    ticket, row = waiting
    with socket.socket() as nobody_answers:
        nobody_answers.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody_answers.getsockname()[1]}"
        office.system.set_environment(FUNCTION, AWS_ENDPOINT_URL_SQS=address, AWS_MAX_ATTEMPTS="1")
        answer = office.signed(ticket, row).post(office.system.callback_url)
    assert_problem(answer, 503, "unavailable")
    assert_nothing_came_of_it(office, ticket)
    office.system.set_environment(FUNCTION, AWS_ENDPOINT_URL_SQS=None, AWS_MAX_ATTEMPTS=None)
    office.system.servicenow.redeliver(row)
    assert office.told(row).outcome == "applied"


def test_servicenow_s_own_callback_says_on_the_row_how_it_went(office: Office) -> None:
    row = office.decide(office.approver(), office.ask())
    office.told(row)
    assert office.system.servicenow.row("x_acbr_bridge_decision", row)["delivery"] == "202"


def test_the_door_takes_nothing_but_post(office: Office) -> None:
    assert requests.get(office.system.callback_url, timeout=PATIENCE).status_code == 404
    assert Signed("", "", "", b"").post(f"{office.system.callback_url}/more").status_code == 404
