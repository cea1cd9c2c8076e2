"""What `sam deploy` puts into the account: settings, rights, queues, and what stays when decisions are off."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.stack import EXAMPLE, TEMPLATE, Stack, references, stack

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0f1e2d3c"
TICKETS_IDENTITY = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tickets-AbC1d2"
DECISIONS_IDENTITY = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:decisions-AbC1d2"
FUNCTIONS = ("TeleportEventsFunction", "ServiceNowDecisionsFunction")
COMMON_SETTINGS = {
    "TELEPORT_ADDR",
    "TELEPORT_JOIN_TOKEN",
    "SERVICENOW_URL",
    "SERVICENOW_SECRET_ARN",
    "RULES_PARAMETER",
    "LEDGER_TABLE",
    "TICKETS_QUEUE_URL",
    "MAX_RECEIVE_COUNT",
    "RETRY_BASE_SECONDS",
    "UNKNOWN_OUTCOME_SECONDS",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
}


def settings(of: Stack, function: str) -> dict[str, Any]:
    variables: dict[str, Any] = of.properties(function)["Environment"]["Variables"]
    return variables


def statements(of: Stack, role: str) -> list[dict[str, Any]]:
    return [it for policy in of.properties(role)["Policies"] for it in policy["PolicyDocument"]["Statement"]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def rights(of: Stack, role: str) -> dict[str, set[str]]:
    """Each action with the names (of resources or parameters) that it is allowed on; * stays *."""
    allowed: dict[str, set[str]] = {}
    pseudo = {"AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::StackName"}
    for statement in statements(of, role):
        assert statement["Effect"] == "Allow"
        names = {"*"} if statement["Resource"] == "*" else set(references(statement["Resource"])) - pseudo
        for action in as_list(statement["Action"]):
            allowed.setdefault(action, set()).update(names)
    return allowed


def test_each_function_has_its_settings_and_no_others() -> None:
    full = stack(ExtraCaParameter="/company/ca")
    assert settings(full, "TeleportEventsFunction").keys() == COMMON_SETTINGS | {
        "WEBHOOK_SECRET_ARN",
        "TICKETS_DEAD_LETTER_QUEUE_URL",
        "DECISIONS_QUEUE_URL",
        "EXTRA_CA_PARAMETER",
    }
    assert settings(full, "ServiceNowDecisionsFunction").keys() == COMMON_SETTINGS | {
        "CALLBACK_SECRET_ARN",
        "DECISIONS_QUEUE_URL",
        "EXTRA_CA_PARAMETER",
    }


def test_a_setting_that_is_not_used_is_left_out() -> None:
    assert "EXTRA_CA_PARAMETER" not in settings(stack(), "TeleportEventsFunction")
    assert "DECISIONS_QUEUE_URL" not in settings(stack(Decisions="off"), "TeleportEventsFunction")


def test_a_stack_with_defaults_stores_nothing_of_teleports_and_each_function_joins_by_a_token_of_its_own() -> None:
    it = stack()
    tokens = {name: settings(it, name)["TELEPORT_JOIN_TOKEN"]["Fn::Sub"] for name in FUNCTIONS}
    assert tokens == {
        "TeleportEventsFunction": "${AWS::StackName}-tickets",
        "ServiceNowDecisionsFunction": "${AWS::StackName}-decisions",
    }
    assert not any("TELEPORT_IDENTITY_SECRET_ARN" in settings(it, name) for name in FUNCTIONS)
    assert not any("Identity" in name for name in references(it.resources))


@pytest.mark.parametrize(
    ("given", "tickets", "decisions"),
    [
        ({}, "joins", "joins"),
        (
            {"TeleportIdentitySecretArn": TICKETS_IDENTITY},
            "TeleportIdentitySecretArn",
            "TeleportIdentitySecretArn",
        ),
        (
            {"TeleportDecisionsIdentitySecretArn": DECISIONS_IDENTITY},
            "joins",
            "TeleportDecisionsIdentitySecretArn",
        ),
        (
            {
                "TeleportIdentitySecretArn": TICKETS_IDENTITY,
                "TeleportDecisionsIdentitySecretArn": DECISIONS_IDENTITY,
            },
            "TeleportIdentitySecretArn",
            "TeleportDecisionsIdentitySecretArn",
        ),
    ],
)
def test_each_function_joins_or_has_an_identity_and_never_both(
    given: dict[str, str], tickets: str, decisions: str
) -> None:
    it = stack(**given)
    for function, role, label, way in (
        ("TeleportEventsFunction", "TeleportEventsRole", "Tickets", tickets),
        ("ServiceNowDecisionsFunction", "ServiceNowDecisionsRole", "Decisions", decisions),
    ):
        has, secrets = settings(it, function), rights(it, role)["secretsmanager:GetSecretValue"]
        identities = {name for name in secrets if "Identity" in name}
        if way == "joins":
            assert ("TELEPORT_JOIN_TOKEN" in has, "TELEPORT_IDENTITY_SECRET_ARN" in has) == (True, False)
            assert identities == set()
        else:
            assert "TELEPORT_JOIN_TOKEN" not in has
            assert has["TELEPORT_IDENTITY_SECRET_ARN"] == {"Ref": way}
            assert identities == {way}
        assert (f"Teleport{label}Token" in it.outputs) is (way == "joins")


def test_another_region_to_join_by_reaches_both_functions() -> None:
    it = stack(TeleportJoinRegion="us-east-1")
    assert it.broken_rules == []
    for name in FUNCTIONS:
        assert settings(it, name)["TELEPORT_JOIN_REGION"] == {"Ref": "TeleportJoinRegion"}
        assert "TELEPORT_JOIN_REGION" not in settings(stack(), name)


def test_a_region_to_join_by_is_refused_where_nothing_joins() -> None:
    assert stack(TeleportJoinRegion="us-east-1", TeleportIdentitySecretArn=TICKETS_IDENTITY).broken_rules == [
        "JoinRegionIsForJoining"
    ]
    assert stack(TeleportIdentitySecretArn=TICKETS_IDENTITY).broken_rules == []
    assert (
        stack(TeleportJoinRegion="us-east-1", TeleportDecisionsIdentitySecretArn=DECISIONS_IDENTITY).broken_rules == []
    )


@pytest.mark.parametrize("role", ["TeleportEventsRole", "ServiceNowDecisionsRole"])
def test_lambda_alone_can_take_on_a_role_by_which_one_joins(role: str) -> None:
    trust = stack().properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trust == [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    functions = stack().of_type("AWS::Serverless::Function").values()
    assert [it["Role"] for it in functions].count({"Fn::GetAtt": [role, "Arn"]}) == 1


def test_each_function_may_read_its_own_secrets_only() -> None:
    two = stack(
        TeleportIdentitySecretArn=TICKETS_IDENTITY,
        TeleportDecisionsIdentitySecretArn=DECISIONS_IDENTITY,
        ServiceNowDecisionsSecretArn="arn:s",
    )
    read = "secretsmanager:GetSecretValue"
    assert rights(two, "TeleportEventsRole")[read] == {
        "WebhookSecret",
        "ServiceNowSecretArn",
        "TeleportIdentitySecretArn",
    }
    assert rights(two, "ServiceNowDecisionsRole")[read] == {
        "CallbackSecret",
        "ServiceNowDecisionsSecretArn",
        "TeleportDecisionsIdentitySecretArn",
    }


def test_with_one_servicenow_account_for_both_the_second_function_uses_the_first() -> None:
    setting = "SERVICENOW_SECRET_ARN"
    one, two = stack(), stack(ServiceNowDecisionsSecretArn="arn:s")
    assert settings(one, "ServiceNowDecisionsFunction")[setting] == settings(one, "TeleportEventsFunction")[setting]
    assert settings(two, "ServiceNowDecisionsFunction")[setting] != settings(two, "TeleportEventsFunction")[setting]


@pytest.mark.parametrize("role", ["TeleportEventsRole", "ServiceNowDecisionsRole"])
def test_only_what_has_no_resources_is_allowed_on_all(role: str) -> None:
    everything = stack(SubnetIds="subnet-1", SecurityGroupIds="sg-1", KmsKeyArn=KEY)
    unbounded = {action for action, names in rights(everything, role).items() if "*" in names}
    assert {action.split(":")[0] for action in unbounded} == {"xray", "ec2"}
    assert not any("*" in action for action in rights(everything, role))
    assert rights(everything, role)["kms:Decrypt"] == {"KmsKeyArn"}
    assert not any(action.startswith(("ec2:", "kms:")) for action in rights(stack(), role))


@pytest.mark.parametrize("role", ["TeleportEventsRole", "ServiceNowDecisionsRole"])
def test_roles_take_the_companys_boundary_and_path(role: str) -> None:
    theirs = stack(PermissionsBoundaryArn="arn:aws:iam::123456789012:policy/boundary").properties(role)
    assert theirs["PermissionsBoundary"] == {"Ref": "PermissionsBoundaryArn"}
    assert theirs["Path"] == {"Ref": "RolePath"}
    assert "PermissionsBoundary" not in stack().properties(role)
    assert "ManagedPolicyArns" not in theirs


def test_nothing_names_a_partition() -> None:
    written = "\n".join(line for line in TEMPLATE.read_text().splitlines() if "AllowedPattern" not in line)
    assert "arn:aws" not in written


@pytest.mark.parametrize("decisions", ["on", "off"])
def test_nothing_refers_to_what_is_left_out(decisions: str) -> None:
    it = stack(Decisions=decisions)
    known = it.resources.keys() | it.parameters.keys()
    used = set(references(it.resources)) | set(references(it.outputs))
    assert {name for name in used - known if not name.startswith("AWS::")} == set()


def test_with_decisions_off_nothing_can_write_to_teleport() -> None:
    off = stack(Decisions="off")
    assert list(off.of_type("AWS::Serverless::Function")) == ["TeleportEventsFunction"]
    assert list(off.of_type("AWS::IAM::Role")) == ["TeleportEventsRole"]
    assert set(off.of_type("AWS::SQS::Queue")) == {"TicketsQueue", "TicketsDeadLetterQueue"}
    assert list(off.of_type("AWS::SecretsManager::Secret")) == ["WebhookSecret"]
    assert not any("Decision" in name or "Callback" in name for name in off.resources.keys() | off.outputs.keys())


@pytest.mark.parametrize("queue", ["Tickets", "Decisions"])
def test_messages_come_in_order_and_outlast_an_outage_of_twelve_hours(queue: str) -> None:
    it = stack()
    source, dead = it.properties(f"{queue}Queue"), it.properties(f"{queue}DeadLetterQueue")
    name = "TeleportEventsFunction" if queue == "Tickets" else "ServiceNowDecisionsFunction"
    function = it.properties(name)
    trigger = function["Events"][queue]["Properties"]

    assert source["FifoQueue"] is True and dead["FifoQueue"] is True
    assert source["QueueName"]["Fn::Sub"].endswith(".fifo") and dead["QueueName"]["Fn::Sub"].endswith(".fifo")
    assert source["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert source["VisibilityTimeout"] == 6 * function["Timeout"]
    assert trigger["BatchSize"] == 1
    assert trigger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert dead["RedriveAllowPolicy"]["sourceQueueArns"][0]["Fn::Sub"].endswith(":" + source["QueueName"]["Fn::Sub"])

    attempts = source["RedrivePolicy"]["maxReceiveCount"]
    assert settings(it, name)["MAX_RECEIVE_COUNT"] == str(attempts)
    base = int(settings(it, name)["RETRY_BASE_SECONDS"])
    assert sum(min(base * 2**attempt, 600) for attempt in range(attempts - 1)) >= 12 * 3600


def test_the_ledger_is_kept() -> None:
    ledger = stack().resources["Ledger"]
    assert ledger["DeletionPolicy"] == ledger["UpdateReplacePolicy"] == "Retain"
    properties = ledger["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert "TimeToLiveSpecification" not in properties


@pytest.mark.parametrize("secret", ["WebhookSecret", "CallbackSecret"])
def test_keys_are_made_by_the_stack_and_are_base64_of_33_bytes(secret: str) -> None:
    generated = stack().properties(secret)["GenerateSecretString"]
    assert generated == {"PasswordLength": 44, "ExcludePunctuation": True, "IncludeSpace": False}


def test_everything_that_keeps_data_uses_the_companys_key() -> None:
    it = stack(KmsKeyArn=KEY)
    key = {"Ref": "KmsKeyArn"}
    assert it.properties("Ledger")["SSESpecification"]["KMSMasterKeyId"] == key
    for queue in it.of_type("AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == key and "SqsManagedSseEnabled" not in queue
    for kind in ("AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"):
        assert all(properties["KmsKeyId"] == key for properties in it.of_type(kind).values())
    assert all(queue["SqsManagedSseEnabled"] is True for queue in stack().of_type("AWS::SQS::Queue").values())


def test_the_alarms_on_dead_letters_say_what_to_type() -> None:
    alarms = stack().of_type("AWS::CloudWatch::Alarm")
    for name in ("TicketsDeadLettersAlarm", "DecisionsDeadLettersAlarm"):
        command = "access-bridge dead-letters list --stack ${AWS::StackName} --region ${AWS::Region}"
        assert alarms[name]["AlarmDescription"]["Fn::Sub"].strip().endswith(command)


def test_every_alarm_reaches_the_topic_and_watches_what_exists() -> None:
    alarms = stack(AlarmTopicArn="arn:aws:sns:eu-central-1:123456789012:alarms").of_type("AWS::CloudWatch::Alarm")
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopicArn"}]
    watched = {alarm["MetricName"] for alarm in alarms.values()}
    assert watched == {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage",
        "Errors",
        "BrokenConfiguration",
        "NoRequestSeen",
        "EventsMissing",
    }
    services = {
        settings(stack(), name)["POWERTOOLS_SERVICE_NAME"]["Fn::Sub"]
        for name in ("TeleportEventsFunction", "ServiceNowDecisionsFunction")
    }
    ours = [alarm["Dimensions"] for alarm in alarms.values() if alarm["Namespace"] == "AccessBridge"]
    assert {dimension["Value"]["Fn::Sub"] for [dimension] in ours} == services


def test_the_doors_and_schedules_are_those_of_the_design() -> None:
    it = stack()
    functions = ("TeleportEventsFunction", "ServiceNowDecisionsFunction")
    events = [event for name in functions for event in it.properties(name)["Events"].values()]
    routes = {
        (event["Properties"]["Method"], event["Properties"]["Path"]) for event in events if event["Type"] == "HttpApi"
    }
    assert routes == {
        ("POST", "/teleport/events"),
        ("POST", "/teleport/{recording+}"),
        ("POST", "/servicenow/decisions"),
    }
    schedules = {
        (name, schedule["Properties"]["Schedule"], schedule["Properties"].get("Input", ""))
        for name in functions
        for schedule in it.properties(name)["Events"].values()
        if schedule["Type"] == "Schedule" and schedule["Properties"].get("State", "ENABLED") == "ENABLED"
    }
    assert schedules == {
        ("TeleportEventsFunction", "rate(1 minute)", ""),
        ("TeleportEventsFunction", "rate(5 minutes)", '{"reconcile": "run"}'),
        ("ServiceNowDecisionsFunction", "rate(5 minutes)", ""),
    }


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (
            "TeleportAddr",
            ["teleport.example.com:443"],
            ["https://teleport.example.com:443", "teleport.example.com", ""],
        ),
        (
            "TeleportIdentitySecretArn",
            ["", "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:teleport/bridge-AbC1d2"],
            ["teleport/bridge", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bridge"],
        ),
        (
            "TeleportJoinRegion",
            ["", "us-east-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"],
            ["us-east", "US-EAST-1", "sts.us-east-1.amazonaws.com"],
        ),
        (
            "ServiceNowSecretArn",
            ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbC1d2"],
            ["a", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bridge", ""],
        ),
        (
            "ServiceNowDecisionsSecretArn",
            ["", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbC1d2"],
            ["a"],
        ),
        (
            "ServiceNowUrl",
            ["https://example.service-now.com"],
            ["http://example.service-now.com", "https://example.service-now.com/", "example.service-now.com"],
        ),
        ("ExtraCaParameter", ["", "/company/ca"], ["ca", "arn:aws:ssm:eu-central-1:123456789012:parameter/ca"]),
        ("RolePath", ["/", "/apps/bridge/"], ["", "apps", "/apps"]),
        ("KmsKeyArn", ["", KEY], ["alias/bridge", "arn:aws:kms:eu-central-1:123456789012:alias/bridge"]),
    ],
)
def test_parameters_refuse_what_could_not_work(parameter: str, good: list[str], bad: list[str]) -> None:
    pattern = stack().parameters[parameter]["AllowedPattern"]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def test_every_parameter_has_a_description_a_group_and_a_label() -> None:
    text = TEMPLATE.read_text()
    interface = text[: text.index("\nParameters:")]
    for name, parameter in stack().parameters.items():
        assert parameter["Description"]
        assert "NoEcho" not in parameter
        assert len(re.findall(rf"\b{name}\b", interface)) == 2, f"{name} needs a group and a label"


def test_outputs_give_the_next_command() -> None:
    outputs = {name: it["Value"] for name, it in stack().outputs.items()}
    assert outputs["WebhookUrl"]["Fn::Sub"].endswith("/teleport/events")
    assert outputs["CallbackUrl"]["Fn::Sub"].endswith("/servicenow/decisions")
    for name, secret in (("WebhookTokenCommand", "WebhookSecret"), ("CallbackKeyCommand", "CallbackSecret")):
        command = outputs[name]["Fn::Sub"]
        assert command.startswith("aws secretsmanager get-secret-value ")
        assert f"--secret-id ${{{secret}}} --query SecretString --output text" in command
    assert "--overwrite" in outputs["RulesCommand"]["Fn::Sub"]


LARGEST = {name: value.replace("access-bridge", "x" * 43) for name, value in EXAMPLE.items()}


@pytest.mark.parametrize("known", [EXAMPLE, LARGEST])
@pytest.mark.parametrize(
    ("label", "example"), [("Tickets", 0), ("Decisions", 1)], ids=["the first function", "the second function"]
)
def test_what_teleport_needs_of_a_stack_stands_in_its_outputs_as_the_files_have_it(
    label: str, example: int, known: dict[str, str]
) -> None:
    shown = stack().shown(known)
    teleport = TEMPLATE.parent / "teleport"
    for kind, file in (("Bot", "bots.yaml"), ("Token", "tokens.yaml")):
        text = (teleport / file).read_text().replace("access-bridge", known["AWS::StackName"])
        assert yaml.safe_load(shown[f"Teleport{label}{kind}"]) == list(yaml.safe_load_all(text))[example]


def test_the_arn_is_of_the_stacks_partition_and_account() -> None:
    china = {**EXAMPLE, "AWS::Partition": "aws-cn", "AWS::AccountId": "210987654321"}
    rule = yaml.safe_load(stack().shown(china)["TeleportTicketsToken"])["spec"]["allow"]
    assert rule == [
        {
            "aws_account": "210987654321",
            "aws_arn": "arn:aws-cn:sts::210987654321:assumed-role/access-bridge-TeleportEventsRole-1A2B3C4D5E6F7/"
            "access-bridge-teleport-events",
        }
    ]


def test_no_output_is_long() -> None:
    # CloudFormation's documents name no limit for a value; 1024 bytes are the least that they name for anything near.
    assert max(len(value) for value in stack().shown(LARGEST).values()) < 1024


def test_two_stacks_on_one_cluster_share_no_name_there() -> None:
    other = {**EXAMPLE, "AWS::StackName": "access-bridge-production"}
    names = [
        yaml.safe_load(value)["metadata"]["name"]
        for known in (EXAMPLE, other)
        for name, value in stack().shown(known).items()
        if name.endswith("Token")
    ]
    assert len(set(names)) == 4


def test_nothing_that_people_read_takes_the_stacks_name_for_granted() -> None:
    written = TEMPLATE.read_text()
    assert "access-bridge-tickets" not in written and "access-bridge-decisions" not in written
    assert "${AWS::StackName}-tickets" in stack().properties("NoRequestSeenAlarm")["AlarmDescription"]["Fn::Sub"]


def test_every_output_is_described_in_a_short_sentence() -> None:
    for name, output in stack().outputs.items():
        assert 10 < len(output["Description"]) < 120, name


def test_samconfig_has_a_default_and_a_production_environment() -> None:
    config = tomllib.loads((Path(TEMPLATE).parent / "samconfig.toml").read_text())
    names = {config[environment]["global"]["parameters"]["stack_name"] for environment in ("default", "production")}
    assert len(names) == 2
    assert config["default"]["validate"]["parameters"]["lint"] is True
