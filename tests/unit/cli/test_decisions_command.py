"""`access-bridge decisions export`: where it looks, and what it says when it can't do its work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from access_bridge.ledger.codec import decision_attributes
from access_bridge.ledger.items import DecisionItem
from tests.unit.cli.cloudformation import described, refused
from tests.unit.cli.conftest import SAMPLE_CREDENTIALS, Run
from tests.unit.cli.decision_items import APPROVED, FAILING, OTHER, REFUSED, REQUEST
from tests.unit.servicenow.peer import Peer, Reply

EXPORT = ("decisions", "export")


def page(*items: DecisionItem, more: bool = False) -> Reply:
    """A page of a scan or query, as DynamoDB answers with it."""
    serialize = TypeSerializer().serialize
    rows: list[dict[str, Any]] = []
    for item in items:
        values = {**decision_attributes(item), "attempts": item.attempts, "failure": item.failure}
        keys = {"pk": item.request_id, "sk": f"DECISION#{item.decision_id}"}
        rows.append({name: serialize(value) for name, value in {**values, **keys}.items()})
    body: dict[str, Any] = {"Items": rows, "Count": len(rows), "ScannedCount": len(rows)}
    if more:
        body["LastEvaluatedKey"] = {"pk": {"S": REQUEST}, "sk": {"S": "TICKET"}}
    return Reply(body=body, content_type="application/x-amz-json-1.0")


def dynamodb_error(code: str, message: str = "the message") -> Reply:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return Reply(400, body, "application/x-amz-json-1.0")


def ids(text: str) -> list[str]:
    return [json.loads(line)["decision_id"] for line in text.splitlines()]


# ---- where it looks


def test_the_ledger_is_the_one_that_the_stack_names(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(described(WebhookUrl="https://x", LedgerTable="acme-ledger"), page(APPROVED))
    result = run(*EXPORT, **aws)
    assert (result.exit_code, result.stderr, ids(result.stdout)) == (0, "", [APPROVED.decision_id])
    assert (peer.asked[0].form["Action"], peer.asked[0].form["StackName"]) == ("DescribeStacks", "access-bridge")
    assert peer.asked[1].json["TableName"] == "acme-ledger"


def test_another_stack_can_be_named(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(described(LedgerTable="ledger"), page(APPROVED))
    assert run(*EXPORT, "--stack", "access-bridge-production", **aws).exit_code == 0
    assert peer.asked[0].form["StackName"] == "access-bridge-production"


def test_a_table_can_be_named_and_no_stack_is_looked_at(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(page(APPROVED))
    assert run(*EXPORT, "--table", "kept-ledger", **aws).exit_code == 0
    assert [asked.json["TableName"] for asked in peer.asked] == ["kept-ledger"]


def test_the_region_that_is_named_wins(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(page(APPROVED))
    assert run(*EXPORT, "--table", "ledger", "--region", "ap-south-1", **aws).exit_code == 0
    assert "/ap-south-1/dynamodb/" in peer.asked[0].headers["authorization"]


def test_a_profile_can_be_named(run: Run, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile auditor]\nregion = eu-west-1\n")
    (tmp_path / "credentials").write_text("[auditor]\naws_access_key_id = AUDITOR\naws_secret_access_key = sample\n")
    peer.will(page(APPROVED))
    result = run(*EXPORT, "--table", "ledger", "--profile", "auditor", AWS_ENDPOINT_URL=peer.url)
    assert result.exit_code == 0
    assert "Credential=AUDITOR/" in peer.asked[0].headers["authorization"]


def test_a_request_is_asked_for_alone_and_its_id_is_taken_in_capitals_too(
    run: Run, peer: Peer, aws: dict[str, str]
) -> None:
    peer.will(page(APPROVED))
    result = run(*EXPORT, "--table", "ledger", "--request", REQUEST.upper(), **aws)
    assert (result.exit_code, ids(result.stdout)) == (0, [APPROVED.decision_id])
    assert peer.asked[0].headers["x-amz-target"] == "DynamoDB_20120810.Query"
    assert peer.asked[0].json["ExpressionAttributeValues"] == {":v0": {"S": REQUEST}}


# ---- what it writes


def test_all_pages_are_read_and_the_oldest_decision_comes_first(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(page(FAILING, APPROVED, more=True), page(more=True), page(REFUSED))
    result = run(*EXPORT, "--table", "ledger", **aws)
    assert ids(result.stdout) == [item.decision_id for item in (REFUSED, APPROVED, FAILING)]
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-11-23", "2026-11-24", [REFUSED, APPROVED]),
        ("2026-11-23T12:00:00", "2026-11-24", [APPROVED]),
        ("2026-11-23T12:00:00Z", "2026-11-24", [APPROVED]),
        ("2026-11-23T13:00:00+01:00", "2026-11-24", [APPROVED]),
        ("2026-11-22", "2026-11-23 12:00", [REFUSED]),
    ],
)
def test_a_period_can_be_asked_for_in_utc_or_with_an_offset(
    run: Run, peer: Peer, aws: dict[str, str], *, since: str, until: str, found: list[DecisionItem]
) -> None:
    peer.will(page(APPROVED, REFUSED, FAILING))
    result = run(*EXPORT, "--table", "ledger", "--since", since, "--until", until, **aws)
    assert ids(result.stdout) == [item.decision_id for item in found]
    assert result.stderr == (
        "Left out: 1 without a time in the ledger. Export without --since and --until to see them.\n"
    )


def test_that_there_are_no_decisions_is_said(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(page())
    result = run(*EXPORT, "--table", "ledger", "--request", OTHER, **aws)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No decisions found.\n")


def test_a_new_file_is_for_its_owner_only(run: Run, peer: Peer, aws: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "decisions.jsonl"
    peer.will(page(APPROVED))
    result = run(*EXPORT, "--table", "ledger", "--output", str(file), **aws)
    assert (result.exit_code, result.output) == (0, "")
    assert ids(file.read_text()) == [APPROVED.decision_id]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_is_left_as_it_was_when_the_ledger_cannot_be_read(
    run: Run, peer: Peer, aws: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "decisions.jsonl"
    file.write_text("last week's\n")
    peer.will(page(APPROVED, more=True), dynamodb_error("AccessDeniedException"))
    assert run(*EXPORT, "--table", "ledger", "-o", str(file), **aws).exit_code == 1
    assert file.read_text() == "last week's\n"


# ---- what it says when it can't


def test_nothing_is_written_when_only_a_part_could_be_read(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(page(APPROVED, more=True), dynamodb_error("AccessDeniedException"))
    result = run(*EXPORT, "--table", "ledger", **aws)
    assert (result.exit_code, result.stdout) == (1, "")


SIGN_IN = "Sign in (aws sso login, aws configure), or name a profile: --profile NAME."
NO_STACK = refused(400, "ValidationError", "Stack with id access-bridge does not exist")


@pytest.mark.parametrize(
    ("arguments", "replies", "says"),
    [
        (
            (),
            [NO_STACK],
            "There is no stack 'access-bridge' in eu-central-1. Name yours (--stack NAME), or its region (--region "
            "NAME), or the table (--table NAME).",
        ),
        (
            ("--stack", "another"),
            [described("another", Url="https://x")],
            "The stack 'another' has no output LedgerTable: it isn't one of Access Bridge, isn't finished, or is older "
            "than this command. Deploy it again, or name another (--stack NAME), or the table (--table NAME).",
        ),
        (
            (),
            [refused(403, "AccessDenied", "User: arn:aws:iam::123456789012:user/x is not authorized")],
            "AWS doesn't allow DescribeStacks with these credentials. docs/operations.md lists the permissions that "
            "this command needs.",
        ),
        (
            (),
            [refused(403, "ExpiredToken", "The security token included in the request is expired")],
            f"AWS refuses these credentials (ExpiredToken). {SIGN_IN}",
        ),
        (
            ("--table", "ledger"),
            [dynamodb_error("AccessDeniedException")],
            "AWS doesn't allow Scan with these credentials. docs/operations.md lists the permissions that this "
            "command needs.",
        ),
        (
            ("--table", "ledger", "--request", REQUEST),
            [dynamodb_error("AccessDeniedException")],
            "AWS doesn't allow Query with these credentials. docs/operations.md lists the permissions that this "
            "command needs.",
        ),
        (
            ("--table", "ledger"),
            [dynamodb_error("UnrecognizedClientException")],
            f"AWS refuses these credentials (UnrecognizedClientException). {SIGN_IN}",
        ),
        (
            ("--table", "ledgre"),
            [dynamodb_error("ResourceNotFoundException", "Requested resource not found")],
            "There is no such table in this account and region. Check --table, --region and --profile.",
        ),
        (
            ("--table", "ledger"),
            [dynamodb_error("ValidationException", "Filter\nis odd")],
            "AWS answered Scan with ValidationException: Filter is odd.",
        ),
        (
            ("--table", ""),
            [],
            "AWS takes no such name. Parameter validation failed: Invalid length for parameter Table",
        ),
        (
            (),
            [Reply(200, b"<!doctype html><p>Sign in to the network", "text/html")],
            "What answers in AWS's place isn't AWS: its answer can't be read. Check AWS_ENDPOINT_URL and the proxy.",
        ),
        (("--table", "ledger", "--profile", "nobody"), [], "The config profile (nobody) could not be found."),
    ],
)
def test_what_aws_refuses_is_one_line_with_the_next_step(
    run: Run, peer: Peer, aws: dict[str, str], *, arguments: tuple[str, ...], replies: list[Reply], says: str
) -> None:
    peer.will(*replies)
    result = run(*EXPORT, *arguments, **aws)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {says}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"AWS_REGION": "eu-central-1"}, f"No AWS credentials were found. {SIGN_IN}"),
        (SAMPLE_CREDENTIALS, "No AWS region is set. Name it: --region NAME."),
        (
            {**SAMPLE_CREDENTIALS, "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "localhost:1"},
            "AWS_ENDPOINT_URL is no address of a service: Invalid endpoint: localhost:1.",
        ),
    ],
)
def test_what_is_missing_here_is_one_line_with_the_next_step(run: Run, variables: dict[str, str], says: str) -> None:
    for arguments in ((), ("--table", "ledger")):
        result = run(*EXPORT, *arguments, **variables)
        assert (result.exit_code, result.output) == (1, f"Error: {says}\n")


def test_an_account_that_cannot_be_reached_is_one_line(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.__exit__()
    result = run(*EXPORT, "--table", "ledger", **aws)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: AWS can't be reached. ")
    assert result.stderr.endswith(" Check the network and the region.\n")


def test_a_file_that_cannot_be_written_is_one_line(run: Run, peer: Peer, aws: dict[str, str], tmp_path: Path) -> None:
    peer.will(page(APPROVED))
    result = run(*EXPORT, "--table", "ledger", "-o", str(tmp_path), **aws)
    assert result.exit_code == 1
    says = f"Error: {tmp_path} can't be written (Is a directory). Name a file elsewhere: --output FILE.\n"
    assert result.stderr == says


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--since", "yesterday"), "'yesterday' is no time. Write 2026-11-24 or 2026-11-24T09:30:00Z."),
        (("--request", "INC0010004"), "'INC0010004' is no request id. It is the UUID that tsh and tctl show."),
        (("--table", "a", "--stack", "b"), "name the table or the stack, not both."),
        (("--since", "2026-11-24", "--until", "2026-11-24"), "must be later than --since."),
    ],
)
def test_what_was_typed_wrongly_is_told_before_aws_is_asked(
    run: Run, peer: Peer, arguments: tuple[str, ...], says: str
) -> None:
    result = run(*EXPORT, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert peer.asked == []


def test_no_option_takes_a_secret(run: Run) -> None:
    options = {word for word in run(*EXPORT, "--help").stdout.split() if word.startswith("--")}
    assert options == {
        "--table",
        "--stack",
        "--since",
        "--until",
        "--request",
        "--output",
        "--region",
        "--profile",
        "--help",
    }
