"""Looking through the dead letters of a stack without changing anything, and what such a look can't show."""

from __future__ import annotations

from collections.abc import Callable

from cli.dead_letters.letters import Direction, Letter
from cli.dead_letters.places import Places
from cli.dead_letters.queue import HOLD_SECONDS, DeadLetterQueue
from cli.progress import progress

_MINUTES = HOLD_SECONDS // 60


def look_through(places: Places, take: Callable[[Letter], None]) -> list[str]:
    """Give every dead letter to `take`, and return what a person has to know of those that didn't show.

    Raises
    ------
    BotoCoreError, ClientError
        SQS can't be asked, or refuses.
    """
    notes = []
    with progress("Looking through the dead letters", "messages") as advance:
        for direction, queue in places.dead_letters.items():
            size = queue.size()
            seen = 0
            with queue.looked_through() as batches:
                for letters in batches:
                    for letter in letters:
                        take(letter)
                    seen += len(letters)
                    advance(len(letters))
            if size.visible > seen:
                notes.append(
                    f"About {size.visible - seen} more in the {direction} queue don't show: SQS gives only some of "
                    "those about one request, or of the malformed records, at a time. Redrive or delete these first."
                )
            if size.held:
                notes.append(in_hands(direction, size.held))
            notes += hidden(direction, queue)
    return notes


def in_hands(direction: Direction, number: int) -> str:
    """Say that somebody else looks at dead letters, or did and was interrupted."""
    return (
        f"About {number} in the {direction} queue are in somebody's hands (another list or redrive). They show again "
        f"when that ends, after {_MINUTES} minutes at the latest."
    )


def hidden(direction: Direction, queue: DeadLetterQueue) -> list[str]:
    """Say how many dead letters could not be put back at once; nothing where all could."""
    if not queue.hidden:
        return []
    return [
        f"{queue.hidden} in the {direction} queue could not be put back at once. Nothing is lost: they show again in "
        f"{_MINUTES} minutes."
    ]
