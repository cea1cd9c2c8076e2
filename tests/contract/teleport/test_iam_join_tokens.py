"""Which join tokens the stand-in takes, and whom their rules let in."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.teleport.cluster import TeleportCluster
from local.teleport.join_token import AllowRule, Token, arn_matches

ROLE = "arn:aws:sts::123456789012:assumed-role"
TOKEN = """
kind: token
version: v2
metadata: {{name: some}}
spec: {{roles: {roles}, {bot} join_method: {method}, allow: {allow}}}
"""


@pytest.mark.parametrize(
    ("pattern", "arn", "is_match"),
    [
        (f"{ROLE}/fn-role/fn", f"{ROLE}/fn-role/fn", True),
        (f"{ROLE}/fn-role/fn", f"{ROLE}/fn-role/fn2", False),
        (f"{ROLE}/fn-role/fn", f"{ROLE}/FN-role/fn", False),
        (f"{ROLE}/fn-role/*", f"{ROLE}/fn-role/", True),
        (f"{ROLE}/fn-role/*", f"{ROLE}/fn-role/a/b", True),
        (f"{ROLE}/fn-role/*", f"{ROLE}/fn-role2/a", False),
        (f"{ROLE}/fn-role", f"{ROLE}/fn-role/a", False),
        ("*", f"{ROLE}/any/thing", True),
        ("arn:*/fn", f"{ROLE}/fn-role/fn", True),
        ("*fn-role*", f"{ROLE}/fn-role/fn", True),
        (f"{ROLE}/fn-role/f?", f"{ROLE}/fn-role/fn", True),
        (f"{ROLE}/fn-role/f?", f"{ROLE}/fn-role/f", False),
        (f"{ROLE}/fn-role/f?", f"{ROLE}/fn-role/fnn", False),
        (f"{ROLE}/fn-role/[a-z]*", f"{ROLE}/fn-role/fn", False),
        (f"{ROLE}/fn.role/fn", f"{ROLE}/fn-role/fn", False),
        (f"{ROLE}/fn-role/.*", f"{ROLE}/fn-role/fn", False),
    ],
)
def test_an_arn_is_compared_whole_with_two_wildcards(pattern: str, arn: str, is_match: bool) -> None:
    assert arn_matches(pattern, arn) == is_match


@pytest.mark.parametrize(
    ("rules", "is_allowed"),
    [
        ([AllowRule(aws_account="123456789012")], True),
        ([AllowRule(aws_account="12345678901")], False),
        ([AllowRule(aws_arn=f"{ROLE}/a/*")], True),
        ([AllowRule(aws_account="123456789012", aws_arn=f"{ROLE}/b/*")], False),
        ([AllowRule(aws_account="210987654321", aws_arn=f"{ROLE}/a/*")], False),
        ([AllowRule(aws_account="210987654321"), AllowRule(aws_arn=f"{ROLE}/a/*")], True),
        ([], False),
    ],
)
def test_one_rule_is_enough_and_of_a_rule_everything_counts(rules: list[AllowRule], is_allowed: bool) -> None:
    assert Token("some", allow=tuple(rules)).allows("123456789012", f"{ROLE}/a/fn") == is_allowed


@pytest.mark.parametrize(
    ("roles", "bot", "method", "allow"),
    [
        ("[Bot]", "", "iam", '[{aws_account: "1"}]'),
        ("[Node]", "bot_name: sn,", "iam", '[{aws_account: "1"}]'),
        ("[Bot]", "bot_name: sn,", "iam", "[]"),
        ("[Bot]", "bot_name: sn,", "iam", "[{}]"),
        ("[Bot]", "bot_name: sn,", "iam", '[{aws_account: "1", aws_role: x}]'),
        ("[Bot]", "bot_name: sn,", "iam", '[{aws_account: "1", aws_regions: [x]}]'),
    ],
)
def test_a_token_that_teleport_refuses_is_refused(
    roles: str, bot: str, method: str, allow: str, tmp_path: Path
) -> None:
    cluster = TeleportCluster(directory=tmp_path)

    with pytest.raises(ValueError, match="token some"):
        cluster.apply(TOKEN.format(roles=roles, bot=bot, method=method, allow=allow))


def test_tokens_of_other_join_methods_are_taken(tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path)

    for method in ("token", "ec2", "kubernetes"):
        cluster.apply(TOKEN.format(roles="[Bot]", bot="bot_name: sn,", method=method, allow="[{aws_regions: [x]}]"))
