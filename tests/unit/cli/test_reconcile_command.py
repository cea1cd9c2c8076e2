"""`access-bridge reconcile`: what the functions answer as a table, and what it says when they can't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.cloudformation import described
from tests.unit.cli.conftest import Run
from tests.unit.servicenow.peer import Peer, Reply

REQUEST = "01a20645-1700-710f-912d-cd7494dd7fa3"
ROW = "0f" * 16
NOTHING: dict[str, Any] = {"number": 0, "first": []}
TICKETS = {"report": True, "tickets": 3, "differing": NOTHING, "unknown": 0, "hidden": 0, "finished": True}
DECISIONS = {
    "report": True,
    "rows": 0,
    "decide": NOTHING,
    "write_outcome": NOTHING,
    "unusable": NOTHING,
    "hidden": 0,
    "finished": True,
}


def listing(*first: Any, number: int = 0) -> dict[str, Any]:
    return {"number": number or len(first), "first": list(first)}


def answer(body: object, **headers: str) -> Reply:
    return Reply(200, body, "application/json", headers)


def decided(**values: str) -> dict[str, str]:
    return {"decision_id": ROW, "table": "incident", "sys_id": "1e" * 16, "request_id": REQUEST, **values}


def stack() -> Reply:
    return described(LedgerTable="ledger", DecisionsQueueUrl="https://x")


def test_where_all_is_in_order_it_says_so(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(stack(), answer(TICKETS), answer(DECISIONS))
    result = run("reconcile", **aws)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Nothing is to be done.\n", "")
    paths = [asked.path for asked in peer.asked[1:]]
    assert paths == [
        "/2015-03-31/functions/access-bridge-teleport-events/invocations",
        "/2015-03-31/functions/access-bridge-servicenow-decisions/invocations",
    ]
    assert [json.loads(asked.body) for asked in peer.asked[1:]] == [{"reconcile": "report"}] * 2


def test_what_was_found_is_a_table(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    differing = listing(
        {"request_id": REQUEST, "ticket": "INC0010001", "found": "ended"},
        {"request_id": REQUEST, "ticket": "INC0010002", "found": "reopened"},
    )
    rows = {
        **DECISIONS,
        "decide": listing(decided(decision="approved")),
        "write_outcome": listing(decided(decision="rejected")),
        "unusable": listing("2d" * 16),
    }
    peer.will(stack(), answer({**TICKETS, "differing": differing}), answer(rows))
    result = run("reconcile", COLUMNS="250", **aws)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [
        [cell.strip() for cell in line.strip("│").split("│")] for line in result.stdout.splitlines() if "│" in line
    ]
    assert lines == [
        [
            REQUEST,
            "INC0010001",
            "ended by a person, its request is pending",
            "tell it on the ticket; a rule may deny the request",
        ],
        [REQUEST, "INC0010002", "open, though its request has ended", "tell it on the ticket"],
        [REQUEST, f"decision {ROW}", "approved, and nothing came of it", "decide it"],
        [REQUEST, f"decision {ROW}", "rejected, its outcome isn't in its row", "write the outcome"],
        ["-", f"decision {'2d' * 16}", "no decision on an access request", "pass over it"],
    ]


def test_another_stack_can_be_named_and_one_without_decisions_is_asked_for_tickets_alone(
    run: Run, peer: Peer, aws: dict[str, str]
) -> None:
    peer.will(described("acme", LedgerTable="ledger"), answer(TICKETS))
    assert run("reconcile", "--stack", "acme", **aws).exit_code == 0
    assert [asked.path for asked in peer.asked[1:]] == ["/2015-03-31/functions/acme-teleport-events/invocations"]


@pytest.mark.parametrize(
    ("tickets", "decisions", "says"),
    [
        (
            {"report": True, "problem": "GET incident: no connection to example.test could be made."},
            DECISIONS,
            "The tickets can't be looked at. GET incident: no connection to example.test could be made.",
        ),
        (
            TICKETS,
            {**DECISIONS, "hidden": 3},
            "ServiceNow hides 3 decision rows from the account: give it the right to read them.",
        ),
        (
            {**TICKETS, "unknown": 2},
            DECISIONS,
            "2 tickets of this cluster are not in the ledger: are they another stack's?",
        ),
        (TICKETS, {**DECISIONS, "finished": False}, "There are more decision rows than one call looks through."),
        (
            TICKETS,
            {**DECISIONS, "decide": listing(decided(decision="approved"), number=900)},
            "899 more decision rows are not shown (decide).",
        ),
    ],
)
def test_what_could_not_be_looked_at_is_said_and_ends_with_1(
    run: Run, peer: Peer, aws: dict[str, str], *, tickets: Any, decisions: Any, says: str
) -> None:
    peer.will(stack(), answer(tickets), answer(decisions))
    result = run("reconcile", **aws)
    assert (result.exit_code, result.stderr) == (1, f"{says}\n")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            answer({"errorMessage": "'Records'", "errorType": "KeyError"}, **{"X-Amz-Function-Error": "Unhandled"}),
            "The function access-bridge-teleport-events ended with an error.",
        ),
        (answer({}), "The function access-bridge-teleport-events is older than this command."),
        (answer(None), "The function access-bridge-teleport-events is older than this command."),
        (
            Reply(
                403, {"Message": "not authorized"}, "application/json", {"x-amzn-ErrorType": "AccessDeniedException"}
            ),
            "AWS doesn't allow Invoke with these credentials.",
        ),
    ],
)
def test_a_function_that_can_not_answer_is_one_line_with_the_next_step(
    run: Run, peer: Peer, aws: dict[str, str], reply: Reply, says: str
) -> None:
    peer.will(stack(), reply)
    result = run("reconcile", **aws)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {says}")
    assert result.stderr.count("\n") == 1
