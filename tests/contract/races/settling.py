"""What follows when nothing goes wrong any more: everything that is under way comes to its end."""

from __future__ import annotations

from typing import Final

from tests.contract.races.bridge import DECISIONS, TICKETS
from tests.contract.races.course import LATEST_SECONDS, Runner
from tests.contract.races.world import LONGEST, World

_ASKED_AGAIN: Final = 3700.0
"""Seconds after which the pass asks for the same revision again: its look may have come while nothing could be seen."""
_MOST_MESSAGES: Final = 400
"""Far more invocations than anything that settles needs."""


def come_to_rest(world: World) -> None:
    """Let what is under way come to its end, and nothing else happen."""
    world.blind(seeing=True)
    world.lock(locked=False)
    for runner in list(world.course.running):
        world.course.finish(runner)
    world.course.wait(LATEST_SECONDS)
    empty(world)


def settle(world: World, *, with_events: bool) -> None:
    """Let everything come that still may: events, callbacks, passes.

    Parameters
    ----------
    world
        What has happened so far.
    with_events
        Whether all its events come in the end; else only the passes find out, and the request's time passes.
    """
    if with_events:
        for number in range(len(world.events)):
            world.deliver(number)
        empty(world)
    for number in range(len(world.clicks)):
        world.call_back(number)
    empty(world)
    if not with_events and world.request is None:
        world.course.wait(LONGEST.total_seconds())  # by then it is over, whatever can be seen
    for seconds in (60, _ASKED_AGAIN, 60):
        world.course.start("pass")
        world.course.finish("pass")
        empty(world)
        world.course.wait(seconds)
    if with_events:  # those too that came meanwhile
        for number in range(len(world.events)):
            world.deliver(number)
        empty(world)


def empty(world: World) -> None:
    """Work on the queues until nothing lies in them."""
    runners: tuple[Runner, Runner] = (TICKETS, DECISIONS)
    for _ in range(_MOST_MESSAGES):
        for runner in runners:
            if world.course.start(runner):
                world.course.finish(runner)
        times = [queue.next_at() for queue in world.bridge.queues.values()]
        due = min((at for at in times if at is not None), default=None)
        if due is None:
            return
        world.course.wait(max(0.0, due - world.clock.time()))
    raise AssertionError(f"it doesn't settle: {world.bridge.queues}")
