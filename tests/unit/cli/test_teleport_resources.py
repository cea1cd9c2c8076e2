"""`access-bridge teleport resources`: what it writes for `tctl create -f`, and what it says when it can't."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.cli.cloudformation import deployed, described, refused
from tests.unit.cli.conftest import Run
from tests.unit.servicenow.peer import Peer, Reply
from tests.unit.stack import EXAMPLE, TEMPLATE, stack

RESOURCES = ("teleport", "resources")
APPROVE = ("--approve", "dba,prod-access")
ON_BEHALF = ("--mode", "on_behalf", *APPROVE, "--submit-for-users", "bob,carol")
MODES = {"bot": APPROVE, "on_behalf": ON_BEHALF, "set_state": ("--mode", "set_state")}
TELEPORT = TEMPLATE.parent / "teleport"
IDENTITY = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tickets-AbC1d2"
PRODUCTION = {name: value.replace("access-bridge", "bridge-prod") for name, value in EXAMPLE.items()}


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def as_tctl_splits_it(text: str) -> list[str]:
    """The stream's documents: tctl ends one at each line that starts with `---`."""
    return re.split(r"^---.*\n", text, flags=re.MULTILINE)


def shipped(*files: str) -> list[dict[str, Any]]:
    return [document for file in files for document in documents((TELEPORT / file).read_text())]


# ---- what it writes


@pytest.mark.parametrize("mode", MODES)
def test_a_stack_like_the_example_gets_what_the_files_say(run: Run, peer: Peer, aws: dict[str, str], mode: str) -> None:
    peer.will(deployed())
    result = run(*RESOURCES, *MODES[mode], **aws)
    assert result.exit_code == 0
    decisions = f"roles/decisions-{mode.replace('_', '-')}.yaml"
    assert documents(result.stdout) == shipped("roles/tickets.yaml", decisions, "bots.yaml", "tokens.yaml")


def test_the_stacks_own_names_account_and_partition_are_filled_in(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(deployed({**PRODUCTION, "AWS::Partition": "aws-cn", "AWS::AccountId": "210987654321"}))
    result = run(*RESOURCES, "--stack", "bridge-prod", "--approve", "payments-admin", **aws)
    assert result.exit_code == 0
    assert peer.asked[0].form["StackName"] == "bridge-prod"
    names = [(it["kind"], it["metadata"]["name"]) for it in documents(result.stdout)]
    both = ("bridge-prod-tickets", "bridge-prod-decisions")
    assert names == [(kind, name) for kind in ("role", "bot", "token") for name in both]
    _, role, _, bot, _, token = documents(result.stdout)
    assert role["spec"]["allow"]["review_requests"] == {"roles": ["payments-admin"]}
    assert bot["spec"]["roles"] == ["bridge-prod-decisions"]
    assert token["spec"]["bot_name"] == "bridge-prod-decisions"
    assert token["spec"]["allow"] == [
        {
            "aws_account": "210987654321",
            "aws_arn": "arn:aws-cn:sts::210987654321:assumed-role/bridge-prod-ServiceNowDecisionsRole-7F6E5D4C3B2A1/"
            "bridge-prod-servicenow-decisions",
        }
    ]


def test_the_roles_and_users_that_were_named_are_filled_in_and_no_others(
    run: Run, peer: Peer, aws: dict[str, str]
) -> None:
    peer.will(deployed())
    given = ("--mode", "on_behalf", "--approve", "team: dba, yes", "--submit-for-users", "o'neil@example.test,null")
    result = run(*RESOURCES, *given, **aws)
    assert documents(result.stdout)[1]["spec"]["allow"]["review_requests"] == {
        "roles": ["team: dba", "yes"],
        "submit_for_users": ["o'neil@example.test", "null"],
    }


def test_bots_and_tokens_are_as_in_the_outputs_to_the_letter(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(deployed(PRODUCTION))
    result = run(*RESOURCES, *APPROVE, **aws)
    shown = stack().shown(PRODUCTION)
    assert as_tctl_splits_it(result.stdout)[2:] == [
        shown[f"Teleport{label}{kind}"] for kind in ("Bot", "Token") for label in ("Tickets", "Decisions")
    ]


@pytest.mark.parametrize("mode", MODES)
def test_what_the_files_explain_is_explained_in_what_is_written_too(
    run: Run, peer: Peer, aws: dict[str, str], mode: str
) -> None:
    peer.will(deployed(PRODUCTION))
    written = run(*RESOURCES, *MODES[mode], **aws).stdout
    for file in ("tickets", f"decisions-{mode.replace('_', '-')}"):
        for comment in re.findall("#.*", (TELEPORT / "roles" / f"{file}.yaml").read_text()):
            assert comment in written
    assert "access-bridge-" not in written


@pytest.mark.parametrize("mode", MODES)
def test_tctl_finds_a_resource_in_each_document(run: Run, peer: Peer, aws: dict[str, str], mode: str) -> None:
    peer.will(deployed())
    result = run(*RESOURCES, *MODES[mode], **aws)
    assert len(as_tctl_splits_it(result.stdout)) == 6
    for document in as_tctl_splits_it(result.stdout):
        assert yaml.safe_load(document).keys() == {"kind", "version", "metadata", "spec"}


def test_a_stack_without_decisions_gets_nothing_that_decides(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(deployed(Decisions="off"))
    result = run(*RESOURCES, **aws)
    assert result.exit_code == 0
    assert [it["metadata"]["name"] for it in documents(result.stdout)] == ["access-bridge-tickets"] * 3
    assert "The stack carries no decisions" in result.stderr


def test_a_function_with_an_identity_file_gets_no_join_token(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(deployed(TeleportIdentitySecretArn=IDENTITY), deployed(TeleportDecisionsIdentitySecretArn=IDENTITY))
    none, one = run(*RESOURCES, *APPROVE, **aws), run(*RESOURCES, *APPROVE, **aws)
    assert [it["kind"] for it in documents(none.stdout)] == ["role", "role", "bot", "bot"]
    assert [it["kind"] for it in documents(one.stdout)] == ["role", "role", "bot", "bot", "token"]
    assert none.stderr.count("No join token for ") == 2
    assert "No join token for access-bridge-decisions: it uses an identity file (docs/teleport.md)." in one.stderr


def test_the_next_step_is_told_beside_the_text(run: Run, peer: Peer, aws: dict[str, str]) -> None:
    peer.will(deployed())
    result = run(*RESOURCES, *APPROVE, **aws)
    assert result.stderr == "Next, as a Teleport administrator: tctl create -f FILE, with this text in FILE\n"


def test_a_file_can_be_named(run: Run, peer: Peer, aws: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "for teleport.yaml"
    peer.will(deployed(), deployed())
    result = run(*RESOURCES, *APPROVE, "--output", str(file), **aws)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Next, as a Teleport administrator: tctl create -f '{file}'\n"
    assert file.read_text() == run(*RESOURCES, *APPROVE, **aws).stdout


def test_region_and_profile_are_as_in_the_other_commands(run: Run, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile operator]\nregion = eu-west-1\n")
    (tmp_path / "credentials").write_text("[operator]\naws_access_key_id = OPERATOR\naws_secret_access_key = sample\n")
    peer.will(deployed(), deployed())
    for more, scope in (((), "/eu-west-1/"), (("--region", "ap-south-1"), "/ap-south-1/")):
        result = run(*RESOURCES, *APPROVE, "--profile", "operator", *more, AWS_ENDPOINT_URL=peer.url)
        assert result.exit_code == 0
        authorization = peer.asked[-1].headers["authorization"]
        assert "Credential=OPERATOR/" in authorization and f"{scope}cloudformation/" in authorization


# ---- what it refuses


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--approve", "*"), "'*' stands for more than one, also for those that are made later. Name them one by one."),
        (("--approve", "dba,prod-*"), "'prod-*' stands for more than one"),
        (("--approve", "^.+$"), "'^.+$' stands for more than one"),
        (("--approve", "dba,,prod"), "there is an empty name in it."),
        (("--mode", "on_behalf", "--submit-for-users", "*"), "'*' stands for more than one"),
        (("--mode", "set_state", *APPROVE), "in mode set_state no role can bound what the bot approves."),
        ((*APPROVE, "--submit-for-users", "bob"), "in mode bot the bot decides for nobody."),
        (("--mode", "review"), "'review' is not one of"),
    ],
)
def test_what_was_typed_wrongly_is_told_before_aws_is_asked(
    run: Run, peer: Peer, aws: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    result = run(*RESOURCES, *arguments, **aws)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert peer.asked == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Name the roles that may be approved from ServiceNow: --approve ROLE,ROLE."),
        (("--mode", "on_behalf", "--submit-for-users", "bob"), "Name the roles that may be approved"),
        (
            ("--mode", "on_behalf", *APPROVE),
            "Name the Teleport users who decide in ServiceNow: --submit-for-users USER,USER.",
        ),
    ],
)
def test_whom_and_what_the_bot_may_decide_has_to_be_named(
    run: Run, peer: Peer, aws: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    peer.will(deployed())
    result = run(*RESOURCES, *arguments, **aws)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {says}")


def test_a_file_is_left_as_it_was_when_nothing_can_be_written_into_it(
    run: Run, peer: Peer, aws: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "teleport.yaml"
    file.write_text("last week's\n")
    peer.will(deployed())
    assert run(*RESOURCES, "-o", str(file), **aws).exit_code == 1
    assert file.read_text() == "last week's\n"


TOKEN = stack().shown()["TeleportTicketsToken"]
ROLE_OF_OWN = (
    "kind: role\nversion: v7\nmetadata: {name: x}\nspec: {allow: {rules: [{resources: ['*'], verbs: ['*']}]}}\n"
)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("TeleportTicketsToken", f"{TOKEN}---\n{ROLE_OF_OWN}"),
        ("TeleportTicketsToken", ROLE_OF_OWN),
        ("TeleportTicketsToken", TOKEN.replace("[Bot]", "[Bot, Node]")),
        ("TeleportTicketsToken", TOKEN.replace("bot_name: access-bridge-tickets", "bot_name: terraform")),
        ("TeleportTicketsToken", TOKEN.replace("access-bridge-tickets", "terraform")),
        ("TeleportTicketsToken", f"{TOKEN}    - aws_account: '666666666666'\n"),
        ("TeleportTicketsToken", TOKEN.replace("aws_account: '123456789012'", "aws_account: '666666666666'")),
        ("TeleportTicketsToken", TOKEN.replace("123456789012", "666666666666")),
        ("TeleportTicketsToken", TOKEN.replace("arn:aws:", "arn:aws-cn:")),
        ("TeleportTicketsToken", re.sub("assumed-role/.*", "assumed-role/*/access-bridge-teleport-events", TOKEN)),
        ("TeleportTicketsToken", TOKEN.replace("/access-bridge-teleport-events", "/*")),
        ("TeleportTicketsToken", TOKEN.replace("/access-bridge-teleport-events", "/another-function")),
        ("TeleportTicketsToken", "no YAML: ["),
        ("TeleportDecisionsBot", ROLE_OF_OWN),
        ("TeleportDecisionsBot", stack().shown()["TeleportDecisionsBot"].replace("roles: [", "roles: [editor, ")),
        ("TeleportDecisionsToken", TOKEN),
    ],
)
def test_an_output_that_says_anything_else_than_the_template_is_never_handed_to_a_teleport_administrator(
    run: Run, peer: Peer, aws: dict[str, str], output: str, text: str
) -> None:
    peer.will(deployed(changed={output: text}))
    result = run(*RESOURCES, *APPROVE, **aws)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        f"Error: The stack's output {output} isn't what this version's template.yaml writes"
    )


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            refused(400, "ValidationError", "Stack with id access-bridge does not exist"),
            "There is no stack 'access-bridge' in eu-central-1. Name yours (--stack NAME), or its region (--region "
            "NAME).\n",
        ),
        (
            described(LedgerTable="ledger"),
            "The stack 'access-bridge' has no output TeleportTicketsBot: it isn't one of Access Bridge, isn't "
            "finished, or is older than this command. Deploy it again, or name another (--stack NAME).\n",
        ),
        (
            refused(403, "AccessDenied", "User: arn:aws:iam::123456789012:user/x is not authorized"),
            "AWS doesn't allow DescribeStacks with these credentials. docs/operations.md lists the permissions that "
            "this command needs.\n",
        ),
    ],
)
def test_what_aws_refuses_is_one_line_with_the_next_step(
    run: Run, peer: Peer, aws: dict[str, str], reply: Reply, says: str
) -> None:
    peer.will(reply)
    result = run(*RESOURCES, *APPROVE, **aws)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {says}")


def test_a_file_that_cannot_be_written_is_one_line(run: Run, peer: Peer, aws: dict[str, str], tmp_path: Path) -> None:
    peer.will(deployed())
    result = run(*RESOURCES, *APPROVE, "-o", str(tmp_path), **aws)
    says = f"Error: {tmp_path} can't be written (Is a directory). Name a file elsewhere: --output FILE.\n"
    assert (result.exit_code, result.stderr) == (1, says)
