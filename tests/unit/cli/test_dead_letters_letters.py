"""What a dead letter is about, and what the ledger can say in place of one that is gone."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from access_bridge.decisions.automatic import begun as begun_automatically
from access_bridge.decisions.decide import begun
from access_bridge.decisions.messages import AutomaticMessage, DecisionMessage
from access_bridge.ledger.items import DecisionItem, TicketItem
from cli.dead_letters.letters import NO_MESSAGE, Direction, Letter, Subject, content_of, made_anew, subject_of
from tests.unit.cli.letters import MALFORMED, REQUESTS, decision, justification, look, look_with_event, on_call

ID = REQUESTS[0]


def letter(direction: Direction, body: str, **attributes: str) -> Letter:
    message: dict[str, Any] = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": body,
        "Attributes": {"SentTimestamp": "1795000000123", **attributes},
    }
    return Letter.of(direction, message)


@pytest.mark.parametrize(
    ("direction", "body", "subject"),
    [
        ("tickets", look(ID), Subject("tickets", ID)),
        ("tickets", look_with_event(ID), Subject("tickets", ID)),
        ("tickets", look(ID.upper()), Subject("tickets", ID)),
        ("decisions", decision(ID), Subject("decisions", ID, "d" * 32)),
        ("decisions", on_call(ID), Subject("decisions", ID, f"oncall-{ID}")),
        ("decisions", justification(ID), Subject("decisions", ID, f"justification-{ID}")),
        ("tickets", decision(ID), None),
        ("tickets", MALFORMED, None),
        ("decisions", MALFORMED, None),
        ("tickets", "", None),
        ("tickets", "[]", None),
        ("tickets", json.dumps({"request_id": ID, "added_later": 1}), None),
    ],
)
def test_a_letter_is_about_a_request_or_a_decision_or_nothing_that_can_be_redriven(
    direction: Direction, body: str, subject: Subject | None
) -> None:
    found = letter(direction, body)
    assert (found.subject, found.sent, found.message_id) == (subject, 1795000000.123, "m-1")


def test_an_event_says_who_asked_for_what() -> None:
    assert letter("tickets", look_with_event(ID)).asked == ("alice", ("dba", "prod"))
    deleted = json.dumps(
        {"request_id": ID, "event": {"uid": "u", "event": "access_request.delete", "id": ID, "user": "x"}}
    )
    assert letter("tickets", deleted).asked == letter("tickets", look(ID)).asked == ("", ())


@pytest.mark.parametrize(
    ("body", "malformed"),
    [
        (MALFORMED, ("no event", "no JSON")),
        ("what a person sent", ("what a person sent", NO_MESSAGE)),
        ('{"malformed":', ('{"malformed":', NO_MESSAGE)),
        ('{"malformed":1}', ('{"malformed":1}', NO_MESSAGE)),
    ],
)
def test_what_is_malformed_keeps_its_text_and_problem(body: str, malformed: tuple[str, str]) -> None:
    assert letter("tickets", body).malformed == malformed


def test_a_look_is_made_anew_from_what_the_ledger_has() -> None:
    item = TicketItem(ID)
    message = made_anew(item)
    assert message is not None
    assert (content_of("tickets", message.body), message.group) == (content_of("tickets", look(ID)), ID)
    assert letter("tickets", message.body).subject == subject_of(item)


@pytest.mark.parametrize("said", ["approved", "rejected"])
def test_a_human_s_decision_is_made_anew_from_what_the_ledger_has(said: str) -> None:
    content = content_of("decisions", decision(ID, said=said))
    assert isinstance(content, DecisionMessage)
    item = begun(DecisionItem(ID, content.decision_id), content)
    message = made_anew(item)
    assert message is not None
    assert (content_of("decisions", message.body), message.group) == (content, ID)
    assert letter("decisions", message.body).subject == subject_of(item)


@pytest.mark.parametrize("kind", get_args(AutomaticMessage))
def test_each_decision_of_the_bot_s_own_is_made_anew_from_what_the_ledger_has(kind: type[AutomaticMessage]) -> None:
    content = kind(request_id=ID)
    item = begun_automatically(DecisionItem(ID, content.decision_id), content)
    message = made_anew(item)
    assert message is not None
    assert (content_of("decisions", message.body), message.group) == (content, ID)
    assert letter("decisions", message.body).subject == subject_of(item)


@pytest.mark.parametrize(
    "lacking", [{"table": ""}, {"sys_id": ""}, {"decision": ""}, {"decision": "maybe"}, {"decision_id": "d-1"}]
)
def test_of_a_decision_that_the_ledger_hardly_knows_no_message_is_made(lacking: dict[str, str]) -> None:
    known: dict[str, Any] = {"decision_id": "d" * 32, "table": "incident", "sys_id": "7" * 32, "decision": "approved"}
    assert made_anew(DecisionItem(ID, **{**known, **lacking})) is None


def test_each_message_that_is_made_anew_has_an_id_of_its_own() -> None:
    ids = {message.deduplication_id for _ in range(3) if (message := made_anew(TicketItem(ID)))}
    assert len(ids) == 3
