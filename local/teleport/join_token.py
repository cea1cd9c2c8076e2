"""Join tokens: who may join the cluster, as whom, and how it has to prove itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.teleport.times import now_ns

_RULE_KEYS = {"aws_account", "aws_arn"}


@dataclass(frozen=True, slots=True)
class AllowRule:
    """One `allow` rule of an `iam` token. What it names must all be so; what is empty doesn't matter."""

    aws_account: str = ""
    aws_arn: str = ""

    def allows(self, account: str, arn: str) -> bool:
        """Does the rule let this identity of AWS in?"""
        if self.aws_account and self.aws_account != account:
            return False
        return not self.aws_arn or arn_matches(self.aws_arn, arn)


@dataclass(frozen=True, slots=True)
class Token:
    """A join token. `expires` is in nanoseconds since 1970, 0 for never; only `iam` tokens have rules here."""

    name: str
    roles: tuple[str, ...] = ()
    bot_name: str = ""
    join_method: str = "token"
    allow: tuple[AllowRule, ...] = ()
    expires: int = 0

    def has_expired(self) -> bool:
        """Is it gone by now?"""
        return 0 < self.expires <= now_ns()

    def allows(self, account: str, arn: str) -> bool:
        """Does any of its rules let this identity of AWS in?"""
        return any(rule.allows(account, arn) for rule in self.allow)


def arn_matches(pattern: str, arn: str) -> bool:
    """Is the whole ARN as the pattern says? `*` is any run of characters, `/` and `:` too; `?` is exactly one."""
    wildcards = {"*": ".*", "?": "."}
    expression = "".join(wildcards.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, arn, re.DOTALL) is not None


def parse_token(name: str, spec: Mapping[str, Any], expires: int) -> Token:
    """A token from its `spec`. Of join methods other than `iam` nothing but the name is kept: none can join here.

    Raises ValueError for what Teleport refuses too: a bot's token without the bot, an `iam` token without rules, and
    a rule that names neither account nor ARN or goes by role or region. The sentences are ours.
    """
    roles, bot_name = tuple(spec.get("roles") or ()), str(spec.get("bot_name") or "")
    if ("Bot" in roles) != bool(bot_name):
        raise ValueError(f"token {name}: bot_name belongs with the role Bot, and only with it")
    method = str(spec.get("join_method") or "token")
    if method != "iam":
        return Token(name, roles, bot_name, method, expires=expires)
    allow = tuple(_rule(name, rule) for rule in spec.get("allow") or ())
    if not allow:
        raise ValueError(f"token {name}: the join method iam needs at least one allow rule")
    return Token(name, roles, bot_name, method, allow, expires)


def _rule(token: str, rule: Mapping[str, Any]) -> AllowRule:
    unknown = sorted(set(rule) - _RULE_KEYS)
    if unknown:
        raise ValueError(f"token {token}: an allow rule of the join method iam can't have {unknown[0]}")
    found = AllowRule(str(rule.get("aws_account") or ""), str(rule.get("aws_arn") or ""))
    if found == AllowRule():
        raise ValueError(f"token {token}: an allow rule of the join method iam needs aws_account or aws_arn")
    return found
