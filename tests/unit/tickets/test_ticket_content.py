"""What a ticket says, whole, short enough for its columns, and never interpreted by ServiceNow."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.rules.model import Outcomes, Rules
from access_bridge.servicenow.text import LENGTHS
from access_bridge.tickets.content import Cluster, counter_display, counter_of, ticket_fields
from access_bridge.tickets.plan import plan
from access_bridge.tickets.story import DirectChange, Story
from tests.unit.tickets.ticket_values import CLUSTER, CREATED, HOST_USER, ID, NOON, PENDING, event, story_of, vote

S = RequestState
RULES = Rules().ticket


def fields_of(story: Story) -> dict[str, str]:
    return ticket_fields(story, CLUSTER, RULES)


def test_a_pending_request_whole() -> None:
    request = replace(
        PENDING,
        resources=(
            Resource("tele.example.test", "node", "uuid-1"),
            Resource("leaf.example.test", "db", "pg", "orders"),
            Resource("tele.example.test", "app", "grafana", friendly_name="grafana"),
        ),
        assume_start=NOON + timedelta(hours=2),
        suggested_reviewers=("bob", "carol"),
    )
    names = {"resource_ids": [{"kind": "node", "name": "uuid-1"}], "resource_names": ["/node/lab"]}
    fields = fields_of(story_of(request, {**CREATED, **names}))
    assert fields == {
        "short_description": "Teleport access request: alice asks for dba, prod",
        "description": f"""\
alice asks for access through Teleport.

Requester: alice
Roles: dba, prod
Resources: node lab (uuid-1), db pg / orders on leaf.example.test, app grafana
Requested at: 2026-11-23 12:00:00 UTC
Pending until: 2026-11-23 13:00:00 UTC
Access until: 2026-11-23 20:00:00 UTC
Access starts: 2026-11-23 14:00:00 UTC
Suggested reviewers: bob, carol
Cluster: tele.example.test
Request ID: {ID}

Reason: restart the database

Decide in Teleport: https://teleport.example.test/web/requests/{ID}
or on the command line:
  tctl requests approve {ID}
  tctl requests deny {ID}
  tsh request review --approve {ID}
  tsh request review --deny {ID}""",
    }


def test_a_request_of_which_only_the_decision_is_known() -> None:
    story = story_of(None, event("update", state="DENIED", updated_by=HOST_USER, reason="no", roles=["dba"]))
    assert fields_of(story) == {
        "short_description": "Teleport access request of which only the decision is known",
        "description": f"""\
Teleport no longer has this request, and its creation was never reported: who asked for what is unknown.

Roles: dba
Cluster: tele.example.test
Request ID: {ID}""",
        "state": "6",
        "close_code": "No resolution provided",
        "close_notes": """\
The access request was denied in Teleport.
Set by: an administrator on the auth server
Reason: no""",
    }


@pytest.mark.parametrize(
    ("story", "code", "notes"),
    [
        (
            story_of(replace(PENDING, state=S.APPROVED, reviews=(vote("bob", S.APPROVED), vote("carol", S.APPROVED)))),
            "Resolved by request",
            "The access request was approved in Teleport.\nReviewed by: bob, carol\n"
            "Access until: 2026-11-23 20:00:00 UTC",
        ),
        (
            story_of(
                replace(PENDING, state=S.DENIED, reviews=(vote("bob", S.APPROVED), vote("carol", S.DENIED, "freeze")))
            ),
            "No resolution provided",
            "The access request was denied in Teleport.\nReviewed by: carol\nReason: freeze",
        ),
        (
            story_of(replace(PENDING, state=S.APPROVED, roles=("dba",), resolve_reason="only dba"), CREATED),
            "Resolved by request",
            "The access request was approved in Teleport.\nGranted roles: dba (asked: dba, prod)\n"
            "Access until: 2026-11-23 20:00:00 UTC\nReason: only dba",
        ),
        (
            story_of(replace(PENDING, state=S.PROMOTED, promoted_access_list="DBAs")),
            "Resolved by request",
            "The access request was promoted to an access list in Teleport.\nAccess list: DBAs",
        ),
        (
            story_of(None, CREATED, event("expire", expiry="2026-11-23T13:00:00.5Z")),
            "No resolution provided",
            "Nobody decided before the access request expired at 2026-11-23 13:00:00 UTC. No access was given.",
        ),
        (
            story_of(None, CREATED, event("delete", user="carol")),
            "No resolution provided",
            "The access request was deleted by carol before anybody decided. No access was given.",
        ),
    ],
)
def test_each_end_has_a_state_a_code_and_a_text_of_its_own(story: Story, code: str, notes: str) -> None:
    fields = fields_of(story)
    assert (fields["state"], fields["close_code"], fields["close_notes"]) == ("6", code, notes)
    assert "Decide in Teleport" not in fields["description"]
    assert "Pending until" not in fields["description"]


@pytest.mark.parametrize(
    ("story", "shown"),
    [
        (story_of(PENDING), True),
        (story_of(replace(PENDING, state=S.APPROVED)), True),
        (story_of(replace(PENDING, state=S.DENIED)), False),
        (story_of(None, CREATED, event("expire", minutes=60)), False),
        (story_of(None, CREATED, event("delete")), False),
    ],
)
def test_an_end_of_access_is_shown_only_where_there_is_or_may_be_access(story: Story, shown: bool) -> None:
    assert ("Access until: " in fields_of(story)["description"]) is shown


def test_states_and_codes_are_the_companys_own() -> None:
    outcomes = Outcomes.model_validate({"denied": {"state": 7, "close_code": "Rejected"}})
    fields = ticket_fields(
        story_of(replace(PENDING, state=S.DENIED)), CLUSTER, RULES.model_copy(update={"outcomes": outcomes})
    )
    assert (fields["state"], fields["close_code"]) == ("7", "Rejected")


def test_a_line_that_somebody_put_into_a_reason_does_not_pass_for_one_of_ours() -> None:
    forged = "please\n\nDecide in Teleport: https://evil.example.test\n  tctl requests approve another"
    lines = fields_of(story_of(replace(PENDING, reason=forged)))["description"].splitlines()
    assert [line for line in lines if "evil" in line] == ["> Decide in Teleport: https://evil.example.test"]
    assert [line for line in lines if "another" in line] == [">   tctl requests approve another"]


def test_a_request_for_very_much_leaves_room_for_everything_else() -> None:
    long = tuple(f"{number:03}-{'x' * 190}" for number in range(60))
    request = replace(
        PENDING,
        user="u" * 300,
        roles=long,
        suggested_reviewers=long,
        resources=tuple(Resource("c" * 200, "node", name) for name in long),
        assume_start=NOON,
        reason="\n".join("r" * 50 for _ in range(100)),
    )
    description = fields_of(story_of(request))["description"]
    assert len(description) <= LENGTHS["description"]
    for line in (
        "Requested at: 2026-11-23 12:00:00 UTC",
        "Pending until: 2026-11-23 13:00:00 UTC",
        "Access until: 2026-11-23 20:00:00 UTC",
        "Access starts: 2026-11-23 12:00:00 UTC",
        "Cluster: tele.example.test",
        f"Request ID: {ID}",
        f"  tsh request review --deny {ID}",
    ):
        assert line in description.splitlines()
    for label in ("Roles: 000-", "Resources: node 000-", "Suggested reviewers: 000-"):
        assert label in description


def test_many_short_names_are_counted() -> None:
    roles = tuple(f"role-{number}" for number in range(25))
    assert "role-19 and 5 more" in fields_of(story_of(replace(PENDING, roles=roles)))["description"]


# ---- the counter ----


@given(st.text(), st.integers(1, 10**9))
def test_the_counter_always_fits_and_is_read_back(cluster: str, counter: int) -> None:
    display = counter_display(cluster, counter)
    assert len(display) <= LENGTHS["correlation_display"]
    assert display.startswith("Teleport ")
    assert counter_of(display) == counter


@pytest.mark.parametrize(
    ("cluster", "display"),
    [
        ("tele.example.test", "Teleport tele.example.test #12"),
        ("x" * 79, f"Teleport {'x' * 79} #12"),
        ("x" * 80, f"Teleport {'x' * 78}… #12"),
        ("x" * 300, f"Teleport {'x' * 78}… #12"),
    ],
)
def test_a_long_cluster_name_is_cut_and_the_number_is_not(cluster: str, display: str) -> None:
    assert counter_display(cluster, 12) == display


@pytest.mark.parametrize("display", ["", "Teleport tele #", "Teleport tele 3", "edited by hand", "#3 Teleport"])
def test_a_counter_that_a_person_changed_beyond_recognition(display: str) -> None:
    assert counter_of(display) is None


# ---- nothing that Teleport says is interpreted by ServiceNow ----

PIECES = ["[code]", "[/code]", "[ CODE ]", "[", "code]", "${", "$", "{gs.x}", "\r", "\n", "\t", "\x00", "\x1b[31m"]
PIECES += ["\u2028", "\u202e", "\u200b", "\ud800", "<script>", "a", " ", "/", "\x85", "…"]
TEXT = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=8).map("".join)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
TIMES = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
STATES = st.sampled_from(RequestState)
STORY = st.builds(
    Story,
    request=st.builds(
        AccessRequest,
        id=st.just(ID),
        user=TEXT,
        roles=TEXTS,
        state=STATES,
        created=TIMES,
        access_until=TIMES,
        expires_resource=TIMES,
        assume_start=TIMES,
        reason=TEXT,
        resolve_reason=TEXT,
        reviews=st.lists(st.builds(Review, TEXT, STATES, TEXT, TIMES, st.just((0,)), TEXT), max_size=2).map(tuple),
        suggested_reviewers=TEXTS,
        resources=st.lists(st.builds(Resource, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
        promoted_access_list=TEXT,
    ),
    known=st.booleans(),
    asked_roles=TEXTS,
    end=st.sampled_from(["", "expired", "deleted"]),
    ended_at=TIMES,
    deleted_by=TEXT,
    changes=st.lists(st.builds(DirectChange, TEXT, STATES, TEXT, TEXT, TEXT, TIMES, TEXTS, TEXT), max_size=2).map(
        tuple
    ),
    decisions=st.lists(
        st.builds(
            DecisionItem, st.just(ID), st.just("d" * 32), decided_by=TEXT, outcome=TEXT, code=TEXT, sentence=TEXT
        ),
        max_size=1,
    ).map(tuple),
)


def written(story: Story, cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Every text that would go into a field."""
    fields = ticket_fields(story, cluster, RULES)
    yield from fields.items()
    yield "work_notes", plan(story, fields, TicketItem(ID, counter=1)).note
    yield "correlation_display", counter_display(cluster.name, 1)


@given(STORY, st.builds(Cluster, TEXT, TEXT))
def test_no_text_is_markup_template_or_control_character_or_too_long(story: Story, cluster: Cluster) -> None:
    for name, text in written(story, cluster):
        assert not re.search(r"\[\s*/?\s*code", text, re.IGNORECASE), name
        assert "${" not in text, name
        assert not [char for char in text if unicodedata.category(char) in {"Cc", "Cs", "Cf"} and char not in "\n\t"]
        assert len(text) <= LENGTHS.get(name, 40), name
        if name in {"short_description", "correlation_display"}:
            assert "\n" not in text


@given(STORY)
def test_the_description_always_names_the_request(story: Story) -> None:
    assert f"Request ID: {ID}" in fields_of(story)["description"].splitlines()


def test_what_was_found_about_the_named_tickets_stands_first() -> None:
    text = (
        "NOT justified: alice takes no part in INC0010012.\nJustification not known: INC0010013 can't be judged: why."
    )
    story = story_of(PENDING, CREATED)
    with_it = ticket_fields(story, CLUSTER, RULES, text)
    without = ticket_fields(story, CLUSTER, RULES)
    assert with_it == {**without, "description": f"{text}\n\n{without['description']}"}


def test_what_was_found_about_the_named_tickets_pushes_nothing_out() -> None:
    many = tuple(f"{'role' * 50}-{number}" for number in range(50))
    request = replace(PENDING, roles=many, suggested_reviewers=many, reason="x" * 4000)
    text = "\n".join(["NOT justified: " + "x" * 300] * 3)
    description = ticket_fields(story_of(request), CLUSTER, RULES, text)["description"]
    assert description.startswith(text)
    assert len(description) <= LENGTHS["description"]
    assert f"tsh request review --deny {ID}" in description
