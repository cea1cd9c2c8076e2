"""How long a joined identity is used, when the next one is got, and what happens while that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.errors import BridgeError, BrokenConfiguration
from access_bridge.teleport.errors import IAM_JOIN, Unavailable
from access_bridge.teleport.identity import Identity
from access_bridge.teleport.joining.identities import FIRST_PAUSE, LONGEST_PAUSE, JoinedIdentities
from access_bridge.teleport.joining.refusals import JoinRefused

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Environment:
    """An environment in which time passes as a test says, and joins end as it says."""

    def __init__(self, *, lifetime: timedelta = HOUR) -> None:
        self.now = START
        self.lifetime = lifetime
        self.joins = 0
        self.trouble: BridgeError | None = None
        self.covered: list[BridgeError] = []
        self.identities = JoinedIdentities(
            self.join,
            clock=lambda: self.now,
            failed=self.covered.append,
            monotonic=self.seconds,
        )

    def seconds(self) -> float:
        return (self.now - START).total_seconds()

    def join(self) -> Identity:
        self.joins += 1
        if self.trouble is not None:
            raise self.trouble
        return Identity(
            key_pem="key",
            certificate_pem=f"certificate {self.joins}",
            host_ca_pems=("ca",),
            username="bot-access-bridge-tickets",
            cluster_name="tele.example.test",
            not_after=self.now + self.lifetime,
            roles=("access-bridge-tickets",),
            origin=IAM_JOIN,
        )

    def passes(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def environment() -> Environment:
    return Environment()


def test_nothing_is_joined_before_an_identity_is_needed_and_then_once(environment: Environment) -> None:
    assert environment.joins == 0
    assert environment.identities.current() is environment.identities.current()
    assert environment.joins == 1


@pytest.mark.parametrize(
    ("minutes", "joins"),
    [(0, 1), (44, 1), (45, 2), (59, 2), (60, 2), (8 * 60, 2)],
    ids=["at once", "before its last quarter", "in its last quarter", "about to end", "ended", "frozen for hours"],
)
def test_an_identity_is_renewed_in_its_last_quarter_and_never_used_past_its_end(
    minutes: int, joins: int, environment: Environment
) -> None:
    environment.identities.current()
    environment.passes(timedelta(minutes=minutes))
    assert environment.identities.current().not_after > environment.now
    assert environment.joins == joins


def test_a_certificate_that_teleport_made_shorter_is_renewed_in_its_own_last_quarter() -> None:
    environment = Environment(lifetime=timedelta(minutes=8))
    environment.identities.current()
    environment.passes(timedelta(minutes=5, seconds=59))
    environment.identities.current()
    assert environment.joins == 1
    environment.passes(timedelta(seconds=1))
    environment.identities.current()
    assert environment.joins == 2


def test_while_a_renewal_fails_the_old_identity_serves_and_somebody_is_told(environment: Environment) -> None:
    first = environment.identities.current()
    environment.trouble = Unavailable("not now")
    environment.passes(timedelta(minutes=50))
    assert environment.identities.current() is first
    assert environment.covered == [environment.trouble]
    environment.passes(timedelta(minutes=9))
    assert environment.identities.current() is first
    environment.passes(timedelta(minutes=1))
    with pytest.raises(Unavailable):
        environment.identities.current()


def test_once_a_renewal_works_again_the_new_identity_is_used(environment: Environment) -> None:
    first = environment.identities.current()
    environment.trouble = Unavailable("not now")
    environment.passes(timedelta(minutes=50))
    environment.identities.current()
    environment.trouble = None
    environment.passes(timedelta(seconds=LONGEST_PAUSE))
    assert environment.identities.current() is not first


# ---- back-off -------------------------------------------------------------------------------------------------------


def pauses(environment: Environment, number: int) -> list[float]:
    """Seconds from each failure until something is tried again."""
    found = []
    for _ in range(number):
        with pytest.raises(BridgeError):
            environment.identities.current()
        joins, waited = environment.joins, 0.0
        while environment.joins == joins:
            environment.passes(timedelta(milliseconds=50))
            waited += 0.05
            with pytest.raises(BridgeError):
                environment.identities.current()
        found.append(waited)
    return found


def test_after_each_failure_the_pause_is_twice_as_long_up_to_a_minute(environment: Environment) -> None:
    environment.trouble = Unavailable("rate limit exceeded")
    found = pauses(environment, 9)
    for index, pause in enumerate(found):
        longest = min(FIRST_PAUSE * 2**index, LONGEST_PAUSE)
        assert longest / 2 <= pause <= longest + 0.1


def test_pauses_are_varied_so_that_many_environments_do_not_come_back_at_once() -> None:
    firsts = set()
    for _ in range(20):
        environment = Environment()
        environment.trouble = Unavailable("rate limit exceeded")
        firsts.add(pauses(environment, 3)[-1])
    assert len(firsts) > 3


def test_who_comes_within_the_pause_gets_the_same_failure_and_when_to_come_again(environment: Environment) -> None:
    environment.trouble = Unavailable("rate limit exceeded")
    for _ in range(3):
        with pytest.raises(Unavailable, match="rate limit exceeded") as caught:
            environment.identities.current()
    assert environment.joins == 1
    assert caught.value.after is not None
    assert 0 < caught.value.after <= FIRST_PAUSE


def test_a_refusal_is_not_repeated_within_the_pause_and_stays_what_it_is(environment: Environment) -> None:
    environment.trouble = JoinRefused("TELEPORT_JOIN_TOKEN", "there is none.", "Create it.")
    for _ in range(3):
        with pytest.raises(JoinRefused):
            environment.identities.current()
    assert environment.joins == 1


def test_a_success_ends_the_back_off(environment: Environment) -> None:
    environment.trouble = Unavailable("rate limit exceeded")
    pauses(environment, 5)
    environment.trouble = None
    environment.passes(timedelta(seconds=LONGEST_PAUSE))
    environment.identities.current()
    environment.trouble = Unavailable("rate limit exceeded")
    environment.passes(2 * HOUR)
    assert pauses(environment, 1)[0] <= FIRST_PAUSE + 0.1


# ---- one at a time --------------------------------------------------------------------------------------------------


def test_threads_that_need_an_identity_at_the_same_time_join_once() -> None:
    environment = Environment()
    inside, both = threading.Event(), threading.Barrier(4)

    def slowly(join: Callable[[], Identity] = environment.join) -> Identity:
        inside.set()
        return join()

    identities = JoinedIdentities(slowly, clock=lambda: START, failed=environment.covered.append)
    found: list[Identity] = []

    def ask() -> None:
        both.wait()
        found.append(identities.current())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside.is_set()
    assert environment.joins == 1
    assert len({id(identity) for identity in found}) == 1


# ---- refused --------------------------------------------------------------------------------------------------------


def test_an_identity_that_is_refused_is_replaced(environment: Environment) -> None:
    first = environment.identities.current()
    environment.passes(timedelta(minutes=1))
    environment.identities.refuse(first)
    assert environment.identities.current() is not first


def test_one_that_was_only_just_made_is_kept_since_joining_again_would_give_the_same(environment: Environment) -> None:
    first = environment.identities.current()
    environment.passes(timedelta(seconds=9))
    environment.identities.refuse(first)
    assert environment.identities.current() is first


def test_an_older_one_that_is_refused_late_does_not_cost_the_newer(environment: Environment) -> None:
    first = environment.identities.current()
    environment.passes(timedelta(minutes=50))
    second = environment.identities.current()
    environment.passes(timedelta(minutes=1))
    environment.identities.refuse(first)
    assert environment.identities.current() is second


def test_one_that_lacks_a_right_is_kept_for_a_role_is_read_at_each_call(environment: Environment) -> None:
    first = environment.identities.current()
    environment.passes(timedelta(minutes=1))
    environment.identities.not_permitted(first)
    assert environment.identities.current() is first
    assert environment.joins == 1


# ---- whatever happens -----------------------------------------------------------------------------------------------


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 5 * 3600), st.sampled_from(["works", "overloaded", "refused"])),
        min_size=1,
        max_size=30,
    )
)
def test_whatever_happens_no_ended_identity_is_handed_out_and_no_pause_is_ignored(steps: list[tuple[int, str]]) -> None:
    environment = Environment()
    ends = {
        "works": None,
        "overloaded": Unavailable("not now"),
        "refused": BrokenConfiguration("TELEPORT_JOIN_TOKEN", "no.", "Mend it."),
    }
    failed_at: float | None = None
    for seconds, end in steps:
        environment.passes(timedelta(seconds=seconds))
        environment.trouble = ends[end]
        joins, now = environment.joins, environment.now.timestamp()
        try:
            identity = environment.identities.current()
        except BridgeError:
            assert environment.trouble is not None or failed_at is not None
        else:
            assert identity.not_after > environment.now
        if environment.joins > joins:
            assert failed_at is None or now - failed_at >= FIRST_PAUSE / 2
            failed_at = now if environment.trouble is not None else None
