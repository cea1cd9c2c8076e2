"""What the rules file says about decisions: who, as whom in Teleport, what never, and what the bot does itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from access_bridge.errors import BrokenConfiguration
from access_bridge.rules.load import load_rules

WHOLE = """\
decisions:
  mode: on_behalf
  approvers:
    group: Access approvers
    by_role:
      - {roles: [prod-*], group: Production approvers}
      - {roles: [prod-db], group: Never reached}
  teleport_user: trait:servicenow_id
  teleport_users: {bob: robert@example.test}
  never_approve: [root-*]
  longest_access: 8h
  on_call_levels: 2
justification: {}
rules:
  - when: {roles: [dba]}
    then: ticket
    on_call: approve
    unjustified: deny
"""


def test_a_whole_section_is_read() -> None:
    rules = load_rules(WHOLE)
    decisions = rules.decisions
    assert (decisions.mode, decisions.trait, dict(decisions.teleport_users)) == (
        "on_behalf",
        "servicenow_id",
        {"bob": "robert@example.test"},
    )
    assert (decisions.never_approve, decisions.longest_access, decisions.on_call_levels) == (
        ("root-*",),
        timedelta(hours=8),
        2,
    )
    rule = rules.rule_for(("dba",))
    assert rule is not None
    assert (rule.on_call, rule.unjustified) == ("approve", "deny")
    assert rules.rule_for(("prod-db",)) is None
    assert rules.justification is not None
    assert {name: tickets.prefix for name, tickets in rules.justification.tables().items()} == {
        "incident": "INC",
        "change_request": "CHG",
        "sc_req_item": "RITM",
    }


@pytest.mark.parametrize(
    ("roles", "groups"),
    [
        (("dba",), ("Access approvers",)),
        (("prod-db",), ("Production approvers",)),
        (("dba", "prod-db"), ("Access approvers", "Production approvers")),
        (("prod-db", "prod-web"), ("Production approvers",)),
        ((), ("Access approvers",)),
    ],
)
def test_whoever_decides_must_be_in_the_group_of_every_requested_role(
    roles: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    approvers = load_rules(WHOLE).decisions.approvers
    assert approvers is not None
    assert approvers.groups(roles) == groups


@pytest.mark.parametrize("roles", [("dba",), ("dba", "prod-db"), ()])
def test_a_role_without_a_group_is_nobody_s_to_decide(roles: tuple[str, ...]) -> None:
    approvers = load_rules("decisions: {approvers: {by_role: [{roles: [prod-*], group: P}]}}").decisions.approvers
    assert approvers is not None
    assert approvers.groups(roles) is None
    assert approvers.groups(("prod-db",)) == ("P",)


@pytest.mark.parametrize(
    ("text", "length"), [("30m", timedelta(minutes=30)), ("8h", timedelta(hours=8)), ("2d", timedelta(days=2))]
)
def test_lengths_of_time(text: str, length: timedelta) -> None:
    assert load_rules(f"decisions: {{longest_access: {text}}}").decisions.longest_access == length


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("decisions: {teleport_user: name}", "decisions.teleport_user must match ^(user_name|email|trait:"),
        ("decisions: {teleport_user: 'trait:'}", "decisions.teleport_user must match"),
        ("decisions: {teleport_users: {bob: x, BOB: y}}", "names bob more than once"),
        ("decisions: {teleport_users: {bob: x, carol: X}}", "names x more than once"),
        ("decisions: {teleport_users: {bob: ''}}", "decisions.teleport_users.bob must not be empty"),
        ("decisions: {longest_access: 8}", "decisions.longest_access must be a length of time such as 30m, 8h or 2d"),
        ("decisions: {longest_access: 0h}", "must be a length of time"),
        ("decisions: {longest_access: 8 hours}", "must be a length of time"),
        ("decisions: {on_call_levels: 0}", "decisions.on_call_levels must be at least 1"),
        ("decisions: {on_call_levels: 11}", "decisions.on_call_levels must be at most 10"),
        ("decisions: {on_call_levels: two}", "decisions.on_call_levels must be a whole number"),
        ("justification: {pattern: '('}", "justification.pattern is no regular expression"),
        ("justification: {incident: {prefix: INC, states: []}}", "states must have at least one entry"),
        ("rules: [{when: {roles: [a]}, then: ignore, on_call: approve}]", "need then: ticket"),
        ("rules: [{when: {roles: ['*']}, then: ticket, on_call: approve}]", "on_call needs the names of roles"),
        ("rules: [{when: {roles: [a, '?*']}, then: ticket, on_call: approve}]", "on_call needs the names of roles"),
        ("rules: [{when: {roles: [a]}, then: ticket, on_call: 'yes'}]", "rules.0.on_call must be 'approve'"),
        ("rules: [{when: {roles: [a]}, then: ticket, unjustified: deny}]", "the section justification must be there"),
    ],
)
def test_what_can_t_be_meant_is_named_with_the_fix(text: str, problem: str) -> None:
    with pytest.raises(BrokenConfiguration) as caught:
        load_rules(text)
    assert problem in caught.value.problem
