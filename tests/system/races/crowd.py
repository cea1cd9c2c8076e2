"""The people of a plan at work on a running system, eight at a time, and what became of each request then."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from local.servicenow.errors import Refused
from local.servicenow.schema import DECISION
from local.servicenow.store import Row
from local.system import PATIENCE, LocalSystem
from local.teleport.errors import RefusedError
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.races.life import Click, Life, Vote
from tests.system.decisions.office import Office
from tests.system.races.plan import ASKERS, DECIDERS, Act
from tests.system.tickets.asking import enqueue_again, events_of

WORKERS: Final = 8
_LITTLE_TIME: Final = timedelta(seconds=6)
_BY_HAND: Final = {
    "resolve": {"state": "6", "close_code": "User error", "close_notes": "no longer needed"},
    "cancel": {"state": "8"},
}


class Crowd:
    """People of its own on a system, and the requests of one plan."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        office = Office(system)
        self._askers = [
            office.requester(role="requester" if number % 2 == 0 else "two-requester") for number in range(ASKERS)
        ]
        self._deciders = [office.approver() for _ in range(DECIDERS)]
        for name in self._deciders:
            office.reviewer(name=name)
        self._shown = {
            row["sys_id"]: f"{row['name']} ({row['user_name']})" for row in system.servicenow.rows("sys_user")
        }
        self._ids: dict[int, str] = {}
        self._asked: dict[int, threading.Event] = defaultdict(threading.Event)
        self._touched: set[int] = set()
        self._closed: set[int] = set()

    def live(self, acts: Sequence[Act]) -> None:
        """Do it all; returns when the last one has acted."""
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="person") as people:
            list(people.map(self._act, acts))

    def lives(self) -> list[Life]:
        """What became of each request."""
        return [self._life(number) for number in sorted(self._ids)]

    # ---- what they do

    def _act(self, act: Act) -> None:
        do: dict[str, Callable[[Act], None]] = {
            "ask": self._ask,
            "review": self._review,
            "click": self._click,
            "vote": self._vote,
            "set_state": self._set_state,
            "remove": self._remove,
            "repeat": self._repeat,
            "pass": lambda _: self._system.tick("teleport_events"),
        }
        if act.what != "ask":
            assert self._asked[act.request].wait(PATIENCE)
        with suppress(Refused, RefusedError):  # what a system refuses doesn't happen
            do.get(act.what, self._by_hand)(act)

    def _ask(self, act: Act) -> None:
        ttl = _LITTLE_TIME if act.expires else None
        asker = self._system.teleport.as_user(self._askers[act.who])
        self._ids[act.request] = asker.create_request(["dba"], f"request {act.request}", ttl=ttl)
        self._asked[act.request].set()

    def _review(self, act: Act) -> None:
        reviewer = self._system.teleport.as_user(self._deciders[act.who])
        reviewer.review(self._ids[act.request], "APPROVED" if act.vote == "approved" else "DENIED", "seen")

    def _set_state(self, act: Act) -> None:
        teleport = self._system.teleport
        (teleport.tctl_approve if act.vote == "approved" else teleport.tctl_deny)(self._ids[act.request])

    def _remove(self, act: Act) -> None:
        self._system.teleport.tctl_rm(self._ids[act.request])

    def _click(self, act: Act) -> None:
        if incident := self._incident(act.request):
            self._system.servicenow.decide(self._deciders[act.who], incident["sys_id"], act.vote, "looks right")

    def _vote(self, act: Act) -> None:
        if incident := self._incident(act.request):
            voter = self._deciders[act.who]
            approval = self._system.servicenow.request_approval(incident["sys_id"], voter)
            self._system.servicenow.vote(voter, approval, act.vote)

    def _by_hand(self, act: Act) -> None:
        if incident := self._incident(act.request):
            self._touched.add(act.request)
            if act.what != "resolve":
                self._closed.add(act.request)
            if act.what == "delete":
                self._system.servicenow.delete("incident", incident["sys_id"])
            else:
                self._system.servicenow.update_as("carol", "incident", incident["sys_id"], _BY_HAND[act.what])

    def _repeat(self, act: Act) -> None:
        """Every event so far comes once more, from the last to the first, when SQS has forgotten it."""
        enqueue_again(self._system, reversed(events_of(self._system, self._ids[act.request])))

    def _incident(self, request: int) -> Row | None:
        """The request's incident, once it is there; None where a person has deleted it."""
        self._system.wait_until(
            lambda: request in self._closed or self._tickets(self._ids[request]),
            what=f"no incident for request {request}",
        )
        return next(iter(self._tickets(self._ids[request])), None)

    # ---- what became of it

    def _tickets(self, request_id: str) -> list[Row]:
        rows = self._system.servicenow.rows("incident")
        return [row for row in rows if request_id == row["correlation_id"] or UUID(request_id).hex == row["sys_id"]]

    def _life(self, number: int) -> Life:
        system, request_id = self._system, self._ids[number]
        request = system.teleport.requests.get(request_id)
        events = events_of(system, request_id)
        rows = {row["sys_id"]: row for row in system.servicenow.rows(DECISION) if row["request_id"] == request_id}
        return Life(
            request_id=request_id,
            state=pb.RequestState.Name(request.Spec.State) if request is not None else "",
            events=events,
            delivered=frozenset(event["uid"] for event in events),
            tickets=self._tickets(request_id),
            notes=system.servicenow.work_notes(UUID(request_id).hex),
            clicks=[self._clicked(row) for row in rows.values()],
            rows=rows,
            ledger={str(item["sk"]): item for item in system.ledger(request_id)},
            over=any(event["event"] == "access_request.expire" for event in events),
            touched=number in self._touched,
            closed=number in self._closed,
            doubtful=bool(system.metrics("MessageKept")),
        )

    def _clicked(self, row: Row) -> Click:
        vote: Vote = "approved" if row["decision"] == "approved" else "rejected"
        return Click(row["sys_id"], self._shown[row["decided_by"]], vote, voted=bool(row["approval"]), called=True)
