"""Dead letters are looked through and redriven without one being lost, hidden or passed over: against FIFO queues with
SQS's own habits, whatever lies in them, and wherever the command dies.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access_bridge.aws.queues import Queue
from access_bridge.ledger.items import DecisionItem, Records, TicketItem
from access_bridge.ledger.table import Ledger
from cli.dead_letters.letters import Item, Letter
from cli.dead_letters.look import look_through
from cli.dead_letters.places import Places
from cli.dead_letters.queue import HOLD_SECONDS, DeadLetterQueue
from cli.dead_letters.redrive import Redrive
from tests.unit.cli.fifo import FifoQueues, Killed
from tests.unit.cli.letters import MALFORMED, REQUESTS, decision, justification, look, look_with_event, on_call

DEAD_TICKETS, DEAD_DECISIONS, TICKETS, DECISIONS = "dead-tickets", "dead-decisions", "tickets", "decisions"
SOURCES = {DEAD_TICKETS: TICKETS, DEAD_DECISIONS: DECISIONS}
KINDS = {
    DEAD_TICKETS: (look, look_with_event),
    DEAD_DECISIONS: (decision, on_call, justification),
}


@dataclass
class Marks:
    """A ledger of which only the marks are asked for."""

    items: list[Item] = field(default_factory=list)

    def failed(self) -> Iterator[Item]:
        return iter(self.items)

    def records(self, request_id: str) -> Records:
        tickets = [item for item in self.items if isinstance(item, TicketItem) and item.request_id == request_id]
        decisions = [item for item in self.items if isinstance(item, DecisionItem) and item.request_id == request_id]
        return Records(tickets[0] if tickets else TicketItem(request_id), (), tuple(decisions))


def made(sqs: FifoQueues, marks: Marks | None = None, *, decisions: bool = True) -> Places:
    """The places of a stack whose queues these are."""
    dead = {"tickets": DEAD_TICKETS} | ({"decisions": DEAD_DECISIONS} if decisions else {})
    return Places(
        "access-bridge",
        cast(Ledger, marks or Marks()),
        {name: DeadLetterQueue(sqs, name, url) for name, url in dead.items()},  # type: ignore[arg-type, misc]
        {name: Queue(sqs, SOURCES[url]) for name, url in dead.items()},  # type: ignore[misc]
    )


def redriven(places: Places, *wanted: str) -> Redrive:
    work = Redrive(places, wanted or None, lambda _: None)
    work.run()
    return work


def seen(places: Places) -> tuple[list[Letter], list[str]]:
    letters: list[Letter] = []
    return letters, look_through(places, letters.append)


@pytest.fixture
def sqs() -> FifoQueues:
    return FifoQueues()


# ---- looking through


def test_all_show_and_afterwards_all_are_there_as_before_for_everybody(sqs: FifoQueues) -> None:
    bodies = [look(request) for request in REQUESTS]
    for request, body in zip(REQUESTS, bodies, strict=True):
        sqs.put(DEAD_TICKETS, request, body)
    letters, notes = seen(made(sqs))
    assert [letter.body for letter in letters] == bodies
    assert notes == []
    assert (sqs.bodies(DEAD_TICKETS), sqs.hidden(DEAD_TICKETS)) == (bodies, 0)


def test_of_several_messages_about_each_request_some_show_of_every_request(sqs: FifoQueues) -> None:
    for request in REQUESTS * 3:
        sqs.put(DEAD_TICKETS, request, look(request))
    letters, notes = seen(made(sqs))
    assert {letter.body for letter in letters} == {look(request) for request in REQUESTS}
    more = 3 * len(REQUESTS) - len(letters)
    assert more > 0
    assert notes[0].startswith(f"About {more} more in the tickets queue don't show: ")


def test_of_one_group_ten_show_and_that_there_are_more_is_said(sqs: FifoQueues) -> None:
    for _ in range(25):
        sqs.put(DEAD_TICKETS, "malformed", MALFORMED)
    sqs.put(DEAD_TICKETS, REQUESTS[0], look(REQUESTS[0]))
    letters, notes = seen(made(sqs))
    assert Counter(letter.content is None for letter in letters) == {True: 10, False: 1}
    (note,) = notes
    assert note.startswith("About 15 more in the tickets queue don't show: ")
    assert sqs.hidden(DEAD_TICKETS) == 0


def test_what_somebody_else_has_received_is_said_to_be_in_his_hands(sqs: FifoQueues) -> None:
    sqs.put(DEAD_TICKETS, REQUESTS[0], look(REQUESTS[0]))
    others = made(sqs).dead_letters["tickets"]
    with others.looked_through() as batches:
        assert len(next(batches)) == 1
        letters, notes = seen(made(sqs))
        assert letters == []
        assert [note.startswith("About 1 in the tickets queue are in somebody's hands") for note in notes] == [True]


def test_what_could_not_be_put_back_is_said_and_comes_back_by_itself(sqs: FifoQueues) -> None:
    for request in REQUESTS:
        sqs.put(DEAD_TICKETS, request, look(request))
    sqs.refuses = {"ChangeMessageVisibilityBatch"}
    _, notes = seen(made(sqs))
    (note,) = notes
    assert note.startswith(f"{len(REQUESTS)} in the tickets queue could not be put back at once.")
    assert sqs.hidden(DEAD_TICKETS) == len(REQUESTS)
    sqs.wait(HOLD_SECONDS)
    assert sqs.hidden(DEAD_TICKETS) == 0


def test_looking_ends_though_the_queue_is_so_long_that_its_beginning_shows_again(sqs: FifoQueues) -> None:
    sqs.seconds_per_call = HOLD_SECONDS / 2.5
    for request in REQUESTS * 4:
        sqs.put(DEAD_TICKETS, request, look(request))
    letters, _ = seen(made(sqs))
    assert len(letters) > 10


def test_ctrl_c_puts_back_what_was_received(sqs: FifoQueues) -> None:
    for request in REQUESTS:
        sqs.put(DEAD_TICKETS, request, look(request))

    def interrupted(_: Letter) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look_through(made(sqs), interrupted)
    assert sqs.hidden(DEAD_TICKETS) == 0


# ---- redriving


def test_what_is_redriven_goes_to_its_source_queue_in_the_group_of_its_request_and_only_then_is_deleted(
    sqs: FifoQueues,
) -> None:
    for url, kinds in KINDS.items():
        for kind in kinds:
            sqs.put(url, "some group", kind(REQUESTS[0]))
    there_when_sent: list[bool] = []
    dead = {TICKETS: DEAD_TICKETS, DECISIONS: DEAD_DECISIONS}
    sqs.on_send = lambda url, body: there_when_sent.append(body in sqs.bodies(dead[url]))
    work = redriven(made(sqs))
    assert (work.sent, work.made.total()) == ({"tickets": 2, "decisions": 3}, 0)
    assert there_when_sent == [True] * 5
    for url, kinds in KINDS.items():
        assert sqs.bodies(url) == []
        assert sqs.bodies(SOURCES[url]) == [kind(REQUESTS[0]) for kind in kinds]
    groups = {one.group for url in SOURCES.values() for one in sqs._queues[url]}
    assert groups == {REQUESTS[0]}


def test_a_message_that_sqs_had_a_moment_ago_is_not_dropped_as_a_duplicate(sqs: FifoQueues) -> None:
    for _ in range(2):
        sqs.put(DEAD_TICKETS, REQUESTS[0], look(REQUESTS[0]))
        redriven(made(sqs))
    assert sqs.bodies(TICKETS) == [look(REQUESTS[0])] * 2


def test_named_requests_are_redriven_and_all_others_stay_in_sight(sqs: FifoQueues) -> None:
    for request in REQUESTS:
        sqs.put(DEAD_TICKETS, request, look(request))
        sqs.put(DEAD_DECISIONS, request, decision(request))
    work = redriven(made(sqs), REQUESTS[3], REQUESTS[7], "01a20646-293f-7a1b-b5ec-0850e708ae9e")
    assert sqs.bodies(TICKETS) == [look(REQUESTS[3]), look(REQUESTS[7])]
    assert sqs.bodies(DECISIONS) == [decision(REQUESTS[3]), decision(REQUESTS[7])]
    assert len(sqs.bodies(DEAD_TICKETS)) == len(sqs.bodies(DEAD_DECISIONS)) == len(REQUESTS) - 2
    assert sqs.hidden(DEAD_TICKETS) == sqs.hidden(DEAD_DECISIONS) == 0
    assert work.not_found == ["01a20646-293f-7a1b-b5ec-0850e708ae9e"]


@pytest.mark.parametrize("body", [MALFORMED, "no JSON", "{}", '{"request_id": "no uuid"}', decision(REQUESTS[0])])
def test_what_the_function_can_make_nothing_of_is_never_redriven(sqs: FifoQueues, body: str) -> None:
    sqs.put(DEAD_TICKETS, REQUESTS[0], body)
    assert redriven(made(sqs)).malformed == {"tickets": 1}
    redriven(made(sqs), REQUESTS[0])
    assert (sqs.bodies(TICKETS), sqs.bodies(DEAD_TICKETS), sqs.hidden(DEAD_TICKETS)) == ([], [body], 0)


def test_more_than_ten_of_one_request_are_all_redriven(sqs: FifoQueues) -> None:
    for _ in range(25):
        sqs.put(DEAD_TICKETS, REQUESTS[0], look(REQUESTS[0]))
    redriven(made(sqs))
    assert (len(sqs.bodies(TICKETS)), sqs.bodies(DEAD_TICKETS)) == (25, [])


def test_what_fails_again_at_once_is_left_for_another_time(sqs: FifoQueues) -> None:
    for request in REQUESTS:
        sqs.put(DEAD_TICKETS, request, look(request))

    def fail(url: str, body: str) -> None:
        sqs.put(DEAD_TICKETS, REQUESTS[0], body)

    sqs.on_send = fail
    sqs.seconds_per_call = 1
    work = redriven(made(sqs))
    assert work.sent.total() < 3 * len(REQUESTS)
    assert work.newer.total() > 0
    assert sqs.hidden(DEAD_TICKETS) == 0


TICKET = TicketItem(REQUESTS[0], failed=True)
HUMAN = DecisionItem(
    REQUESTS[1], "d" * 32, table="incident", sys_id="7" * 32, decision="approved", outcome="failed", failed=True
)
ON_CALL = DecisionItem(REQUESTS[2], f"oncall-{REQUESTS[2]}", kind="on_call", decision="approved", failed=True)
UNJUSTIFIED = DecisionItem(
    REQUESTS[3], f"justification-{REQUESTS[3]}", kind="justification", decision="rejected", failed=True
)


def test_what_only_the_ledger_remembers_is_made_anew(sqs: FifoQueues) -> None:
    sqs.put(DEAD_TICKETS, REQUESTS[5], look(REQUESTS[5]))
    marks = Marks([TICKET, HUMAN, ON_CALL, UNJUSTIFIED, TicketItem(REQUESTS[5], failed=True)])
    work = redriven(made(sqs, marks))
    assert (+work.sent, work.made) == ({"tickets": 1}, {"tickets": 1, "decisions": 3})
    assert [Letter.of("tickets", message).content for message in received(sqs, TICKETS)] == [
        Letter.of("tickets", message).content for message in stored(look(REQUESTS[5]), look(REQUESTS[0]))
    ]
    wanted = stored(decision(REQUESTS[1]), on_call(REQUESTS[2]), justification(REQUESTS[3]))
    assert [Letter.of("decisions", message).content for message in received(sqs, DECISIONS)] == [
        Letter.of("decisions", message).content for message in wanted
    ]


def test_of_a_named_request_only_what_failed_is_made_anew(sqs: FifoQueues) -> None:
    marks = Marks([TICKET, HUMAN, DecisionItem(REQUESTS[1], "e" * 32, table="incident", outcome="applied")])
    work = redriven(made(sqs, marks), REQUESTS[1])
    assert (+work.made, work.not_found) == ({"decisions": 1}, [])
    assert len(sqs.bodies(DECISIONS)) == 1
    assert redriven(made(sqs, marks), REQUESTS[2]).not_found == [REQUESTS[2]]


@pytest.mark.parametrize("decisions", [True, False])
def test_a_decision_of_which_too_little_is_known_or_that_has_no_queue_is_said(
    sqs: FifoQueues, *, decisions: bool
) -> None:
    lost = DecisionItem(REQUESTS[1], "d" * 32, failed=True) if decisions else HUMAN
    work = redriven(made(sqs, Marks([lost]), decisions=decisions))
    assert (work.impossible, work.made.total(), sqs.bodies(DECISIONS)) == ([lost], 0, [])
    assert redriven(made(sqs, Marks([lost]), decisions=decisions), REQUESTS[1]).not_found == []


# ---- whatever lies there, wherever it dies

MESSAGES = st.lists(
    st.tuples(st.sampled_from(list(SOURCES)), st.integers(0, 5), st.integers(0, 2), st.integers(0, 9)), max_size=40
)


@settings(max_examples=200)
@given(MESSAGES, st.none() | st.sets(st.sampled_from(REQUESTS[:6]), min_size=1), st.integers(1, 40), st.booleans())
def test_wherever_a_redrive_dies_nothing_is_lost_and_the_next_one_does_the_rest(
    messages: list[tuple[str, int, int, int]], wanted: set[str] | None, dies_at: int, dies_after: bool
) -> None:
    sqs = FifoQueues()
    stay: dict[str, Counter[str]] = {url: Counter() for url in SOURCES}
    go: dict[str, Counter[str]] = {url: Counter() for url in SOURCES}
    for url, request, kind, rubbish in messages:
        request_id = REQUESTS[request]
        body = KINDS[url][kind % len(KINDS[url])](request_id)
        goes = rubbish > 0 and (wanted is None or request_id in wanted)
        body = body if rubbish else MALFORMED
        sqs.put(url, request_id if rubbish else "malformed", body)
        (go if goes else stay)[url][body] += 1
    sqs.dies_at, sqs.dies_after = dies_at, dies_after
    with contextlib.suppress(Killed):
        redriven(made(sqs), *(wanted or ()))
    for url, source in SOURCES.items():
        there = Counter(sqs.bodies(url)) + Counter(sqs.bodies(source))
        assert not (go[url] + stay[url]) - there, "each is in one of its two queues at least"
        assert not stay[url] - Counter(sqs.bodies(url))
    sqs.dies_at = None
    sqs.wait(HOLD_SECONDS)
    redriven(made(sqs), *(wanted or ()))
    for url, source in SOURCES.items():
        assert Counter(sqs.bodies(url)) == stay[url]
        assert set(sqs.bodies(source)) == set(go[url])
        assert not go[url] - Counter(sqs.bodies(source))
        assert sqs.hidden(url) == 0


@settings(max_examples=100)
@given(MESSAGES, st.integers(1, 20), st.booleans())
def test_wherever_a_look_dies_all_is_in_sight_again_when_the_hold_is_over(
    messages: list[tuple[str, int, int, int]], dies_at: int, dies_after: bool
) -> None:
    sqs = FifoQueues(dies_at=dies_at, dies_after=dies_after)
    for url, request, kind, _ in messages:
        sqs.put(url, REQUESTS[request], KINDS[url][kind % len(KINDS[url])](REQUESTS[request]))
    before = {url: sqs.bodies(url) for url in SOURCES}
    try:
        seen(made(sqs))
    except Killed:
        sqs.dies_at = None
        sqs.wait(HOLD_SECONDS)
    assert {url: sqs.bodies(url) for url in SOURCES} == before
    assert [sqs.hidden(url) for url in SOURCES] == [0, 0]


def received(sqs: FifoQueues, url: str) -> list[dict[str, object]]:
    return stored(*sqs.bodies(url))


def stored(*bodies: str) -> list[dict[str, object]]:
    return [
        {"MessageId": "m", "ReceiptHandle": "r", "Body": body, "Attributes": {"SentTimestamp": "0"}} for body in bodies
    ]
