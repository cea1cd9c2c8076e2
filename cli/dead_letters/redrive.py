"""Redriving: what failed is sent to its source queue again, to be looked at once more.

It only ever causes a look, and what is done already stands in the ledger, so whatever comes of a crash in between, a
second redrive, or a message of any age is one look too many. Each message is received, sent, and only then deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from access_bridge.aws.queues import MAX_ENTRIES
from cli.dead_letters.letters import Direction, Item, Letter, Subject, items_of, made_anew, sent_back, subject_of
from cli.dead_letters.places import Places
from cli.dead_letters.queue import DeadLetterQueue
from cli.progress import Advance


class Redrive:
    """One redrive. Its numbers, by direction, grow as it goes, so that they are right after an error too: how many dead
    letters were `sent` back, how many messages were `made` anew for what only the ledger knows; how many letters were
    left because they are `malformed`, because they came meanwhile (`newer`), or because somebody else `held` them.

    Parameters
    ----------
    places
        The stack's queues and ledger.
    wanted
        Ids of the requests to redrive; None for all.
    advance
        Is told of progress.
    """

    def __init__(self, places: Places, wanted: Collection[str] | None, advance: Advance) -> None:
        self._places = places
        self._wanted = wanted
        self._advance = advance
        self._done: set[Subject] = set()
        self.sent: Counter[Direction] = Counter()
        self.made: Counter[Direction] = Counter()
        self.malformed: Counter[Direction] = Counter()
        self.newer: Counter[Direction] = Counter()
        self.held: Counter[Direction] = Counter()
        self.impossible: list[Item] = []
        """What is marked in the ledger and no message can be made of: too little is known, or decisions are off."""

    @property
    def not_found(self) -> list[str]:
        """The wanted requests of which nothing has failed."""
        found = {subject.request_id for subject in self._done} | {item.request_id for item in self.impossible}
        return [request_id for request_id in self._wanted or () if request_id not in found]

    def run(self) -> None:
        """Do it.

        Raises
        ------
        BotoCoreError, ClientError, Retry, BrokenConfiguration
            AWS can't be asked, or refuses; what is not done yet is done by another redrive.
        """
        for direction, queue in self._places.dead_letters.items():
            # What is sent back may be here again before the end is reached: that is left for another time. AWS's clock
            # is read to the second.
            size = queue.size()
            self.held[direction], end = size.held, size.at + 1
            with queue.looked_through() as batches:
                for letters in batches:
                    self._send_back(direction, queue, [letter for letter in letters if self._goes(letter, end)])
        for some in _in_parts(self._marked()):
            self._make_anew(some)

    def _goes(self, letter: Letter, end: float) -> bool:
        if letter.content is None:
            self.malformed[letter.direction] += 1
            return False
        if self._wanted is not None and letter.content.request_id not in self._wanted:
            return False
        if letter.sent > end:
            self.newer[letter.direction] += 1
            return False
        return True

    def _send_back(self, direction: Direction, queue: DeadLetterQueue, letters: Sequence[Letter]) -> None:
        self._places.sources[direction].send([sent_back(letter) for letter in letters])
        queue.delete(letters)  # one that stays is sent another time: one look too many
        self._done |= {subject for letter in letters if (subject := letter.subject)}
        self.sent[direction] += len(letters)
        self._advance(len(letters))

    def _marked(self) -> Iterator[Item]:
        ledger = self._places.ledger
        items: Iterable[Item]
        if self._wanted is None:
            items = ledger.failed()
        else:
            known = (ledger.records(request_id) for request_id in self._wanted)
            items = (item for records in known for item in items_of(records) if item.failed)
        return (item for item in items if subject_of(item) not in self._done)

    def _make_anew(self, items: Sequence[Item]) -> None:
        for direction in ("tickets", "decisions"):
            source = self._places.sources.get(direction)
            chosen = [item for item in items if subject_of(item).direction == direction]
            messages = {subject_of(item): made_anew(item) if source else None for item in chosen}
            made = [message for message in messages.values() if message]
            if source:
                source.send(made)
            self._done |= {subject for subject, message in messages.items() if message}
            self.impossible += [item for item in chosen if messages[subject_of(item)] is None]
            self.made[direction] += len(made)
            self._advance(len(made))


def _in_parts(items: Iterator[Item]) -> Iterator[list[Item]]:
    while part := list(islice(items, MAX_ENTRIES)):
        yield part
