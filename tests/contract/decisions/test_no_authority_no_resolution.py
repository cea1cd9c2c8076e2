"""Whatever people, mappings, groups, modes and states there are, and whatever rows, votes and callbacks come: nobody's
request is resolved by himself, or by somebody without the authority.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from access_bridge.access_request import RequestState
from tests.contract.decisions.authority_trial import LastingCourt, Trial, lasting
from tests.contract.decisions.authority_world import (
    Account,
    Action,
    Ask,
    AskApproval,
    AutoVote,
    Click,
    Comment,
    Mail,
    Mode,
    OwnReview,
    Person,
    RepeatVote,
    SetMail,
    Wait,
    World,
    actions,
    worlds,
)
from tests.contract.decisions.conftest import NewCourt

Courts = dict[bool, LastingCourt]
"""Courts by whether their Teleport knows reviews in another user's name."""


@pytest.fixture
def courts(new_court: NewCourt) -> Iterator[Courts]:
    """Courts that serve one world after the other: each world takes away what it brought."""
    with lasting(new_court(on_behalf=True)) as able, lasting(new_court()) as unable:
        yield {True: able, False: unable}


@pytest.mark.timeout(600)  # to find the fewest steps to a failure takes minutes
@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=worlds().flatmap(lambda world: st.tuples(st.just(world), actions(world))))
def test_only_somebody_else_with_the_authority_resolves_a_request(
    courts: Courts, drawn: tuple[World, list[Action]]
) -> None:
    for outcome in _outcomes(courts, *drawn) or ["nothing"]:
        event(outcome)


# ---- ways that were found, or thought of, each with the fewest steps


def _world(*changed: Person, **values: Any) -> World:
    """Three people, alike but for those who are given; the first two ask, and the third may decide."""
    plain = tuple(Person((Account(),), Mail("address", place)) for place in range(3))
    usual: dict[str, Any] = {
        "mode": "bot",
        "mapping": "user_name",
        "able": True,
        "grouped": True,
        "by_role": False,
        "never": False,
        "on_call": False,
        "threshold": 1,
        "cheat": 0,
        "people": (*changed, *plain[len(changed) :]),
        "asks": (Ask(), Ask()),
    }
    return World(**{**usual, **values})


@pytest.mark.parametrize("mode", ["bot", "on_behalf", "set_state"])
def test_somebody_else_with_the_authority_does_resolve_it(courts: Courts, mode: Mode) -> None:
    assert _outcomes(courts, _world(mode=mode), [Click(2, 0, "approved", True)]) == [f"approved {mode}"]


def test_what_nobody_decided_is_noticed(courts: Courts) -> None:
    with Trial.begun(courts[True], _world()) as trial:
        courts[True].teleport.submit_review(trial.cases[0].request_id, RequestState.APPROVED, "nobody said so")
        with pytest.raises(AssertionError, match="no human decided that"):
            trial.look(None)


def _two_accounts(*, trait: bool = True) -> Person:
    return Person((Account(), Account("other", trait=trait)), Mail("address", 0))


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(_world(_two_accounts(), mode="on_behalf", asks=(Ask(1), Ask())), id="mapping by user_name"),
        pytest.param(
            _world(_two_accounts(trait=False), mode="on_behalf", mapping="trait:servicenow", asks=(Ask(1), Ask())),
            id="mapping by trait",
        ),
    ],
)
def test_a_requester_with_two_teleport_users_cannot_approve_himself_by_hiding_his_address_in_servicenow(
    courts: Courts, world: World
) -> None:
    assert _outcomes(courts, world, [SetMail(Mail("none")), Click(0, 0, "approved", True)]) == []


def test_a_reviewer_with_two_teleport_users_counts_once_even_if_he_hides_his_address_in_servicenow(
    courts: Courts,
) -> None:
    reviewer = Person((Account("other"), Account()), Mail("address", 2))
    world = _world(*_world().people[:2], reviewer, mode="on_behalf", threshold=2, cheat=2)
    happens: list[Action] = [SetMail(Mail("none")), OwnReview(2, 0, "approved"), Click(2, 0, "approved", True)]
    assert _outcomes(courts, world, happens) == []


def test_an_approval_by_time_out_does_not_become_its_approvers_when_he_comments_on_it(courts: Courts) -> None:
    timed_out: list[Action] = [
        AskApproval(2, 0),
        AutoVote("system", 0, "approved", True),
        Wait(1),
        Comment(0),
        RepeatVote(0),
    ]
    assert _outcomes(courts, _world(), timed_out) == []


def _outcomes(courts: Courts, world: World, things: Sequence[Action]) -> list[str]:
    """Let it all happen; AssertionError if something was resolved that shouldn't have been. Returns what was."""
    with Trial.begun(courts[world.able], world) as trial:
        for thing in things:
            trial.do(thing)
        return trial.told
