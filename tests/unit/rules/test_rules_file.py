"""The rules file: what it says when it says nothing, and what a person is told where it is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import access_bridge.rules
from access_bridge.errors import BrokenConfiguration
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import OWN_FIELDS, Rules
from access_bridge.rules.schema import schema_text

COMMITTED = Path(access_bridge.rules.__path__[0]) / "rules.schema.json"
WHOLE = """\
version: 1
ignore_before: 2026-11-01T00:00:00Z
ticket:
  caller: svc.access.bridge
  assignment_group: Access approvers
  fields: {category: software, urgency: 2}
  outcomes:
    approved: {state: "6", close_code: Resolved by request}
    expired: {close_code: Nobody decided}
decisions:
  mode: set_state
  approvers: {group: Access approvers}
  integration_users: [svc.access.bridge]
rules:
  - when: {roles: [dev-*]}
    then: ignore
"""


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "version: 1", "{}"])
def test_a_file_that_says_nothing_works(text: str) -> None:
    rules = load_rules(text)
    assert rules == Rules()
    assert rules.selects(("any",))
    assert rules.selects(())
    assert (rules.ignore_before, rules.ticket.caller, rules.ticket.assignment_group) == (None, None, None)
    assert (rules.decisions.mode, rules.decisions.approvers) == ("bot", None)
    assert {name: outcome.state for name, outcome in rules.ticket.outcomes} == dict.fromkeys(
        ("approved", "denied", "promoted", "expired", "deleted"), "6"
    )


def test_a_whole_file_is_read() -> None:
    rules = load_rules(WHOLE)
    assert rules.ignore_before == datetime(2026, 11, 1, tzinfo=UTC)
    assert rules.ticket.fields == {"category": "software", "urgency": "2"}
    assert (rules.ticket.outcomes.expired.state, rules.ticket.outcomes.expired.close_code) == ("6", "Nobody decided")
    assert rules.ticket.outcomes.denied.close_code == "No resolution provided"
    assert rules.decisions.approvers is not None
    assert (rules.decisions.mode, rules.decisions.approvers.group) == ("set_state", "Access approvers")
    assert not rules.selects(("dev-web",))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01 00:00:00", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01", "2026-11-01T00:00:00+00:00"),
        ("'2026-11-01'", "2026-11-01T00:00:00+00:00"),
    ],
)
def test_times_are_read_as_utc_unless_they_say_otherwise(text: str, time: str) -> None:
    assert load_rules(f"ignore_before: {text}").ignore_before == datetime.fromisoformat(time)


NO_KEY = "is not a key of the rules file: take it out, or mend its spelling"
NO_TIME = "must be a time such as 2026-11-01T00:00:00Z"
NO_MAPPING = "must be a mapping of keys to values"
OUTCOMES = "ticket:\n  outcomes:\n    approved: "


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("versoin: 1", f"line 1: versoin {NO_KEY}"),
        ("version: 1\nticket:\n  callr: x", f"line 3: ticket.callr {NO_KEY}"),
        ("decisions:\n  teleport_usr: email", f"line 2: decisions.teleport_usr {NO_KEY}"),
        (f"{OUTCOMES}{{close_code: x}}\n    gone: {{}}", f"line 4: ticket.outcomes.gone {NO_KEY}"),
        ("rules:\n- when: {roles: [a]}\n  thn: x", f"line 3: rules.0.thn {NO_KEY}"),
        (
            "rules:\n- when: {roles: [a]}\n  then: ignore\n- when: {role: [a]}\n  then: ignore",
            "line 4: rules.1.when.role",
        ),
        ("version: 2", "line 1: version must be 1"),
        ("decisions:\n  mode: automatic", "line 2: decisions.mode must be 'bot', 'on_behalf' or 'set_state'"),
        ("rules:\n- when: {roles: [a]}\n  then: drop", "line 3: rules.0.then must be 'ignore' or 'ticket'"),
        ("rules:\n- then: ignore", "line 2: rules.0.when is missing: add it"),
        ("rules:\n- when:\n    roles: []\n  then: ignore", "line 3: rules.0.when.roles must have at least one entry"),
        ("rules:\n- when:\n    roles: dev\n  then: ignore", "line 3: rules.0.when.roles must be a list"),
        ("rules: {a: b}", "line 1: rules must be a list"),
        ("decisions:\n  approvers: {}", "line 2: decisions.approvers must have a group, or by_role"),
        ("decisions:\n  approvers: x", f"line 2: decisions.approvers {NO_MAPPING}"),
        ("decisions:\n", f"line 1: decisions {NO_MAPPING}"),
        (f"{OUTCOMES}{{state: 6}}", "line 3: ticket.outcomes.approved.close_code is missing: add it"),
        (f"{OUTCOMES}{{state: true, close_code: x}}", "line 3: ticket.outcomes.approved.state must be a text"),
        ("ticket:\n  caller: ''", "line 2: ticket.caller must not be empty"),
        ("ticket:\n  caller: [a]", "line 2: ticket.caller must be a text"),
        (f"ticket:\n  caller: {'x' * 4001}", "line 2: ticket.caller is too long (at most 4000 characters)"),
        ("ticket:\n  fields:\n    impact: {a: b}", "line 3: ticket.fields.impact must be a text"),
        ("ticket:\n  fields:\n    1: x", "line 3: ticket.fields.1 must be a text"),
        ("1: x", "line 1: 1 must be a text: put it in quotes"),
        ("ignore_before: soon", f"line 1: ignore_before {NO_TIME}"),
        ("ignore_before: 2026", f"line 1: ignore_before {NO_TIME}"),
        ("ignore_before: 2026-13-01", f"line 1: ignore_before {NO_TIME}"),
        ("ignore_before: 2026-11-01T00:00:00+99:00", f"line 1: ignore_before {NO_TIME}"),
        ("ignore_before: [1]", f"line 1: ignore_before {NO_TIME}"),
        ("- version: 1", f"line 1: the file {NO_MAPPING}"),
        ("just text", f"line 1: the file {NO_MAPPING}"),
    ],
)
def test_a_wrong_key_is_named_with_its_line_and_the_fix(text: str, problem: str) -> None:
    with pytest.raises(BrokenConfiguration) as caught:
        load_rules(text)
    assert (caught.value.setting, caught.value.fix) == ("RULES_PARAMETER", "Mend them.")
    assert problem in caught.value.problem


@pytest.mark.parametrize("name", sorted(OWN_FIELDS))
def test_a_field_that_the_bridge_writes_itself_cannot_be_fixed(name: str) -> None:
    with pytest.raises(BrokenConfiguration, match=f"line 3: ticket.fields.{name} is written by the bridge itself"):
        load_rules(f"ticket:\n  fields:\n    {name}: x\n")


def test_every_wrong_key_is_named_at_once() -> None:
    with pytest.raises(BrokenConfiguration) as caught:
        load_rules("version: 2\nticket:\n  callr: x\nrules:\n- then: ignore\n")
    assert [part.split(":")[0] for part in caught.value.problem.split("; ")] == [
        "has rules that can't be used",
        "line 3",
        "line 5",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version: 1\n\tticket: x", "line 2: found character '\\t' that cannot start any token"),
        ("version: 1\nticket: a: b", "line 2: mapping values are not allowed here"),
        ("a: *b", "line 1: found undefined alias 'b'"),
        ("a: 1\n---\nb: 1", "line 2: but found another document"),
        ("ticket:\n  caller: \x00", "line 2: a character that may not stand there"),
        ("a: !!python/object:os.system x", "line 1: could not determine a constructor"),
        ("version: " + "9" * 5000, "a value in it can't be read"),
        ("[" * 1200, "a value in it can't be read"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(BrokenConfiguration) as caught:
        load_rules(text)
    assert caught.value.problem.startswith("is no YAML: ")
    assert problem in caught.value.problem


def test_a_key_that_stands_twice_is_refused_because_yaml_would_take_the_last_one_silently() -> None:
    with pytest.raises(BrokenConfiguration, match="keys that stand twice: line 4: caller"):
        load_rules("ticket:\n  caller: a\n  assignment_group: g\n  caller: b\n")


def test_anchors_and_aliases_may_be_used() -> None:
    rules = load_rules("rules:\n- when: &all {roles: ['*']}\n  then: ticket\n- when: *all\n  then: ignore\n")
    assert rules.rules[0].when == rules.rules[1].when


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"# \n\t%@0\x00é"), max_size=60) | st.text(max_size=60))
def test_no_text_ends_in_anything_but_rules_or_one_readable_line(text: str) -> None:
    try:
        load_rules(text)
    except BrokenConfiguration as error:
        assert str(error).startswith("RULES_PARAMETER: ")


@pytest.mark.parametrize(
    ("patterns", "roles", "matches"),
    [
        (["dba"], ["dba"], True),
        (["dba"], ["dba2"], False),
        (["dev-*"], ["dev-web", "dev-db"], True),
        (["dev-*"], ["dev-web", "prod"], False),
        (["dev-*", "prod"], ["dev-web", "prod"], True),
        (["dev-?"], ["dev-1"], True),
        (["dev-?"], ["dev-12"], False),
        (["*"], ["anything"], True),
        (["*"], [], False),
        (["DBA"], ["dba"], False),
        (["team[a]"], ["team[a]"], True),
        (["team[a]"], ["teama"], False),
        (["a.c"], ["abc"], False),
    ],
)
def test_a_rule_matches_if_each_requested_role_matches_a_pattern(
    patterns: list[str], roles: list[str], matches: bool
) -> None:
    rules = Rules.model_validate({"rules": [{"when": {"roles": patterns}, "then": "ignore"}]})
    assert rules.selects(tuple(roles)) is not matches


def test_the_first_rule_that_matches_decides() -> None:
    first = {"when": {"roles": ["dev-secret"]}, "then": "ticket"}
    second = {"when": {"roles": ["dev-*"]}, "then": "ignore"}
    rules = Rules.model_validate({"rules": [first, second]})
    assert [rules.selects((role,)) for role in ("dev-secret", "dev-web", "prod")] == [True, False, True]


def test_the_committed_schema_is_what_the_code_says() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        (WHOLE, True),
        ("{}", True),
        ("versoin: 1", False),
        ("version: 2", False),
        ("rules: [{when: {roles: []}, then: ignore}]", False),
        ("decisions: {mode: automatic}", False),
    ],
)
def test_the_schema_tells_an_editor_the_same(content: str, valid: bool) -> None:
    schema = json.loads(COMMITTED.read_text(encoding="utf-8"))
    value: Any = yaml.load(content, Loader=yaml.BaseLoader)
    if "version" in value:
        value["version"] = int(value["version"])
    problems = list(jsonschema.Draft202012Validator(schema).iter_errors(value))
    assert (not problems) is valid
