"""`access-bridge dead-letters …` against an AWS account that answers over HTTP: what a person types and sees."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

import boto3
import pytest
from typer.testing import CliRunner, Result

from access_bridge.access_request import AccessRequest
from access_bridge.events.audit_event import AuditEvent
from access_bridge.ledger.items import DecisionItem, Failure, FailureKind, TicketItem
from access_bridge.ledger.table import Ledger
from cli.account import Account as OperatorsAccount
from cli.dead_letters.places import places
from local.aws.account import Account
from local.aws.resources import Resources
from local.aws.stack import create_stack
from tests.unit.cli.cloudformation import described, refused
from tests.unit.cli.conftest import Run
from tests.unit.cli.letters import CREATED, MALFORMED, decision, look, look_with_event
from tests.unit.servicenow.peer import Peer, Reply

DOWN = Failure(100, "GET incident: no connection to acme.example.test", FailureKind.RETRY, last=True)
NOON = 1795435200.0
AT_NOON = "2026-11-23 12:00"


@dataclass
class Office:
    """The account, and the command line for it."""

    account: Account
    resources: Resources
    ledger: Ledger
    run: Run

    def typed(self, *arguments: str, answer: str = "") -> Result:
        """What `access-bridge dead-letters` says."""
        if answer:
            return self._typed_with(arguments, answer)
        return self.run("dead-letters", *arguments, **self.account.variables)

    def _typed_with(self, arguments: tuple[str, ...], answer: str) -> Result:
        from cli.app import app  # noqa: PLC0415 - only where somebody answers

        return CliRunner().invoke(app, ["dead-letters", *arguments], input=answer, env=dict(self.account.variables))

    def die(self, body: str, group: str = "some group", *, decisions: bool = False) -> None:
        """Put a message among the dead letters."""
        queue = self.resources.decisions if decisions else self.resources.tickets
        self.account.sqs.send_message(
            QueueUrl=queue.dead_letter_url,
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=str(uuid.uuid4()),
        )

    def lying(self) -> dict[str, list[str]]:
        """What lies in each queue, and is there for everybody."""
        queues = self.account.messages()
        assert all(one.visible for messages in queues.values() for one in messages)
        return {name: [one.body for one in messages] for name, messages in queues.items() if messages}

    def failed_ticket(self, **ticket: object) -> str:
        """A request whose ticket failed for good; returns its id."""
        request_id = str(uuid.uuid4())
        known = TicketItem(
            request_id,
            selected=True,
            sys_id="7" * 32,
            number="INC0010004",
            snapshot=AccessRequest(request_id, "alice", roles=("dba", "prod"), reason="restart"),
        )
        self.ledger.save_ticket(replace(known, **ticket))  # type: ignore[arg-type]
        self.ledger.note_ticket_failure(request_id, DOWN, NOON)
        return request_id

    def failed_decision(self, request_id: str) -> None:
        """A decision on a request that failed for good."""
        item = DecisionItem(
            request_id,
            "d" * 32,
            table="incident",
            sys_id="7" * 32,
            decision="approved",
            decided_by="Bob Reviewer (bob)",
            outcome="failed",
            code="gave_up",
        )
        self.ledger.save_decision(item)
        failure = Failure(100, "TELEPORT_ADDR: is wrong. Mend it.", FailureKind.CONFIGURATION, last=True)
        self.ledger.note_decision_failure(request_id, item.decision_id, failure, NOON)


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[Account, Resources]]:
    """An account with the stack `access-bridge`."""
    made = Account()
    made.start()
    try:
        resources = Resources.create(made, visibility_timeout=60, max_receive_counts=(3, 3))
        create_stack(resources)
        yield made, resources
    finally:
        made.stop()


@pytest.fixture
def office(account: tuple[Account, Resources], run: Run) -> Iterator[Office]:
    """The account, with nothing in its queues, and nothing failed."""
    made, resources = account
    found = made.variables
    resource = boto3.resource(
        "dynamodb",
        region_name=found["AWS_REGION"],
        endpoint_url=found["AWS_ENDPOINT_URL"],
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
    )
    ledger = Ledger(resource, resources.ledger_table)
    yield Office(made, resources, ledger, run)
    made.empty_queues()
    for item in list(ledger.failed()):
        if isinstance(item, TicketItem):
            ledger.clear_ticket_failure(item.request_id)
        else:
            ledger.clear_decision_failure(item.request_id, item.decision_id)


# ---- list


def test_where_nothing_failed_that_is_said(office: Office) -> None:
    result = office.typed("list")
    assert (result.exit_code, result.output) == (0, "There are no dead letters.\n")


def test_the_list_says_of_each_request_who_asked_for_what_its_ticket_since_when_how_often_and_why(
    office: Office,
) -> None:
    first, second = sorted((office.failed_ticket(), office.failed_ticket(number="INC0010005")))
    for request_id in (first, second):
        office.die(look(request_id), request_id)
    before = office.lying()
    result = office.typed("list")
    assert result.exit_code == 0
    rows = [" ".join(line.strip("│").replace("│", " ").split()) for line in result.output.splitlines() if "│" in line]
    numbers = {
        office.ledger.records(one).ticket.request_id: office.ledger.records(one).ticket.number
        for one in (first, second)
    }
    assert rows == [
        f"{request_id} alice dba, prod {numbers[request_id]} {AT_NOON} 100 1 1" for request_id in (first, second)
    ]
    assert "Tickets: what could not be brought to ServiceNow" in result.output
    assert result.output.count("Why 1: GET incident: no connection to acme.example.test\n  Do: ") == 1
    assert "Why 2" not in result.output
    assert "access-bridge dead-letters redrive REQUEST" in result.output
    assert office.lying() == before, "listing takes nothing away and hides nothing"


def test_the_list_says_of_each_decision_what_it_was_and_who_made_it(office: Office) -> None:
    request_id = office.failed_ticket()
    office.ledger.clear_ticket_failure(request_id)
    office.failed_decision(request_id)
    office.die(decision(request_id), request_id, decisions=True)
    result = office.typed("list")
    assert "Decisions: what could not be carried to Teleport" in result.output
    assert "Tickets: what" not in result.output
    (row,) = [line for line in result.output.splitlines() if request_id in line]
    for text in ("approved by Bob Reviewer (bob)", "alice", "dba, prod", "INC0010004", AT_NOON, "100"):
        assert text in row
    assert "Why 1: TELEPORT_ADDR: is wrong. Mend it.\n  Do: The reason names what is wrong" in result.output


def test_what_the_ledger_marks_as_failed_is_listed_though_its_message_is_gone(office: Office) -> None:
    request_id = office.failed_ticket()
    (row,) = [line for line in office.typed("list").output.splitlines() if request_id in line]
    assert "not seen" in row


def test_a_dead_letter_of_which_the_ledger_knows_nothing_is_listed_by_what_it_says_itself(office: Office) -> None:
    request_id = str(uuid.uuid4())
    office.die(look_with_event(request_id), request_id)
    result = office.typed("list")
    (row,) = [line for line in result.output.splitlines() if request_id in line]
    assert "alice" in row
    assert "dba, prod" in row
    assert "Why 1: none in the ledger, which knows nothing of it" in result.output


def test_who_asked_is_known_from_the_ledger_s_event_where_teleport_never_showed_the_request(office: Office) -> None:
    request_id = str(uuid.uuid4())
    office.ledger.put_event(AuditEvent.from_record({**CREATED, "id": request_id}))
    office.ledger.note_ticket_failure(request_id, DOWN, NOON)
    (row,) = [line for line in office.typed("list").output.splitlines() if request_id in line]
    assert "alice" in row
    assert "dba, prod" in row


def test_malformed_records_are_counted_and_where_to_see_them_is_said(office: Office) -> None:
    for _ in range(3):
        office.die(MALFORMED, "malformed")
    result = office.typed("list")
    says = "3 malformed records, of which nothing can be made. See them: access-bridge dead-letters show malformed\n"
    assert result.output == says


def test_no_terminal_acts_on_what_people_wrote(office: Office) -> None:
    hostile = "eve\x1b[2J\x9b\u202e\nReason: fine [bold]x[/bold] :smile:"
    request_id = office.failed_ticket(snapshot=AccessRequest("x", hostile, roles=(hostile,), reason=hostile))
    failure = replace(DOWN, reason=hostile)
    office.ledger.note_ticket_failure(request_id, failure, NOON)
    office.die(look_with_event(request_id).replace("alice", "al\\u001bice"), request_id)
    office.die(f"rubbish {hostile}", "malformed")
    for arguments in (("list",), ("show", request_id), ("show", "malformed")):
        output = office.typed(*arguments).output
        assert all(char.isprintable() or char == "\n" for char in output), arguments
        assert "eve\\x1b[2J" in output.replace("\n", "") or arguments == ("list",)
        assert "[bold]x[/bold]" in output.replace("\n", "") or arguments == ("list",)


# ---- show


def test_all_about_one_request_is_shown_word_for_word(office: Office) -> None:
    request_id, other = office.failed_ticket(), office.failed_ticket()
    office.failed_decision(request_id)
    office.die(look(request_id), request_id)
    office.die(look(other), other)
    office.die(decision(request_id), request_id, decisions=True)
    before = office.lying()
    result = office.typed("show", request_id.upper())
    assert result.exit_code == 0
    for text in (
        request_id,
        "alice",
        "dba, prod",
        "restart",
        "pending, when last seen",
        f"INC0010004 ({'7' * 32})",
        f"tried 100 times, since {AT_NOON} UTC, 1 dead letter\n",
        "why: GET incident: no connection to acme.example.test\n",
        "decisions: approved by Bob Reviewer (bob)",
        "why: TELEPORT_ADDR: is wrong. Mend it.\n",
        look(request_id),
        decision(request_id),
    ):
        assert text in result.output, text
    assert other not in result.output
    assert office.lying() == before


def test_a_request_that_does_not_fail_is_shown_too(office: Office) -> None:
    request_id = office.failed_ticket()
    office.ledger.clear_ticket_failure(request_id)
    result = office.typed("show", request_id)
    assert (result.exit_code, "Nothing of it fails." in result.output) == (0, True)


def test_a_request_that_nobody_knows_is_said_to_be_unknown(office: Office) -> None:
    request_id = str(uuid.uuid4())
    result = office.typed("show", request_id)
    says = f"Error: Neither the dead letters nor the ledger know a request {request_id}.\n"
    assert (result.exit_code, result.output) == (1, says)


def test_malformed_records_are_shown_word_for_word_with_their_problem(office: Office) -> None:
    office.die(MALFORMED, "malformed")
    office.die("by hand", "x", decisions=True)
    result = office.typed("show", "malformed")
    for text in ("no JSON\n  no event\n", "no message of Access Bridge\n  by hand\n", "delete-malformed"):
        assert text in result.output
    office.account.empty_queues()
    assert office.typed("show", "malformed").output == "There are no malformed records.\n"


# ---- redrive


def test_one_request_is_redriven_and_the_others_stay(office: Office) -> None:
    wanted, other = office.failed_ticket(), office.failed_ticket()
    for request_id in (other, wanted):
        office.die(look(request_id), request_id)
    office.die(MALFORMED, "malformed")
    result = office.typed("redrive", wanted)
    assert result.exit_code == 0
    assert "│ tickets   │ 1         │ 0 " in result.output
    assert "malformed" not in result.output
    assert office.lying() == {
        "tickets.fifo": [look(wanted)],
        "tickets-dead-letters.fifo": [look(other), MALFORMED],
    }


def test_all_is_redriven_but_what_is_malformed(office: Office) -> None:
    gone, request_id = office.failed_ticket(), office.failed_ticket()
    office.failed_decision(request_id)
    office.die(look(request_id), request_id)
    office.die(decision(request_id), request_id, decisions=True)
    office.die(MALFORMED, "malformed")
    result = office.typed("redrive", "--all")
    assert result.exit_code == 0
    assert "│ tickets   │ 1         │ 1 " in result.output
    assert "│ decisions │ 1         │ 0 " in result.output
    assert "Left: 1 malformed record, of which nothing can be made.\n" in result.output
    lying = office.lying()
    assert lying.pop("tickets.fifo")[0] == look(request_id)
    assert lying == {"decisions.fifo": [decision(request_id)], "tickets-dead-letters.fifo": [MALFORMED]}
    assert gone


def test_where_there_is_nothing_to_redrive_that_is_said(office: Office) -> None:
    result = office.typed("redrive", "--all")
    assert (result.exit_code, result.output) == (0, "There is nothing to redrive.\n")


def test_a_request_of_which_nothing_failed_is_an_error_and_the_others_are_redriven(office: Office) -> None:
    wanted, unknown = office.failed_ticket(), str(uuid.uuid4())
    office.die(look(wanted), wanted)
    result = office.typed("redrive", unknown, wanted)
    assert result.exit_code == 1
    assert result.stderr == f"Error: Nothing has failed of {unknown}. See what has: access-bridge dead-letters list.\n"
    assert office.lying() == {"tickets.fifo": [look(wanted)]}


@pytest.mark.parametrize("arguments", [(), (str(uuid.uuid4()), "--all"), ("INC0010004",), ("malformed",)])
def test_what_is_to_be_redriven_has_to_be_named_and_malformed_records_cannot_be(
    office: Office, arguments: tuple[str, ...]
) -> None:
    office.die(MALFORMED, "malformed")
    result = office.typed("redrive", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert office.lying() == {"tickets-dead-letters.fifo": [MALFORMED]}


# ---- delete-malformed


def test_malformed_records_are_deleted_after_the_first_were_shown_and_asked_about(office: Office) -> None:
    request_id = office.failed_ticket()
    office.die(look(request_id), request_id)
    for _ in range(25):
        office.die(MALFORMED, "malformed")
    office.die("by hand", "x", decisions=True)
    kept = office.lying()
    result = office.typed("delete-malformed", answer="n\n")
    assert (result.exit_code, "Error: Nothing was deleted." in result.output) == (1, True)
    assert "no event" in result.output
    assert office.lying() == kept
    result = office.typed("delete-malformed", answer="y\n")
    assert (result.exit_code, "Deleted: 26 malformed records." in result.output) == (0, True)
    assert office.lying() == {"tickets-dead-letters.fifo": [look(request_id)]}
    result = office.typed("delete-malformed", "--yes")
    assert (result.exit_code, result.output) == (0, "Deleted: 0 malformed records.\n")


# ---- where they are, and what AWS refuses

OUTPUTS = {
    "LedgerTable": "ledger",
    "TicketsQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/tickets.fifo",
    "TicketsDeadLetterQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/tickets-dead-letters.fifo",
}


def test_a_stack_with_decisions_off_has_one_queue_of_dead_letters(
    peer: Peer, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    decisions = {name.replace("Tickets", "Decisions"): url for name, url in OUTPUTS.items() if "Queue" in name}
    peer.will(described(outputs=OUTPUTS), described(outputs={**OUTPUTS, **decisions}))
    account = OperatorsAccount("eu-central-1", None)
    off, on = places(account, "access-bridge"), places(account, "access-bridge")
    assert (list(off.dead_letters), list(off.sources)) == (["tickets"], ["tickets"])
    assert (list(on.dead_letters), list(on.sources)) == (["tickets", "decisions"], ["tickets", "decisions"])


def sqs_error(code: str) -> Reply:
    return Reply(400, {"__type": f"com.amazonaws.sqs#{code}", "message": "no"}, "application/x-amz-json-1.0")


@pytest.mark.parametrize(
    ("replies", "says"),
    [
        ([refused(400, "ValidationError", "no")], "There is no stack 'access-bridge' in eu-central-1. Name yours "),
        ([described(WebhookUrl="https://x")], "The stack 'access-bridge' has no output LedgerTable: "),
        (
            [described(outputs=OUTPUTS), sqs_error("AccessDeniedException")],
            "AWS doesn't allow GetQueueAttributes with these credentials. docs/operations.md lists ",
        ),
        (
            [described(outputs=OUTPUTS), sqs_error("QueueDoesNotExist")],
            "AWS answered GetQueueAttributes with QueueDoesNotExist: no.\n",
        ),
    ],
)
@pytest.mark.parametrize("arguments", [("list",), ("redrive", "--all")])
def test_what_aws_refuses_is_one_line_with_the_next_step(
    run: Run, peer: Peer, aws: dict[str, str], *, arguments: tuple[str, ...], replies: list[Reply], says: str
) -> None:
    peer.will(*replies)
    result = run("dead-letters", *arguments, **aws)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {says}")
    assert result.stderr.count("\n") == 1
