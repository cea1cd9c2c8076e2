"""One running system on which cells of the matrix are tried: its waits, its people, and when a request is at rest."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

import yaml

from local.aws.environment import EnvironmentLost
from local.system import LocalSystem, Options
from tests.faults.oracle import Intended

TICKETS: Final = "teleport_events"
DECISIONS: Final = "servicenow_decisions"
GROUP: Final = "Access approvers"

# All waits are settings, shortened; what has to be longer than what else is as in template.yaml.
CALL_TIMEOUT: Final = 3
"""Seconds for which an answer of ServiceNow or Teleport is waited for (30 and 15)."""
FUNCTION_TIMEOUT: Final = 12
"""Seconds after which Lambda ends a function (300)."""
VISIBILITY: Final = 24
"""Seconds after which the message of a function that was killed comes again (1800): more than its start (10) and its
time take."""
UNKNOWN_OUTCOME: Final = 6
"""Seconds for which ServiceNow may still be working on a write (65)."""
LATE_COMMIT: Final = 4.5
"""Seconds after which it commits at the latest (60)."""
REST_TIMEOUT: Final = 240.0
_MOST_PASSES: Final = 8

Mode = Literal["bot", "set_state", "own ids"]
"""How decisions are applied, or an instance that gives its records ids of its own."""
_RULES: Final = """
version: 1
ticket:
  caller: svc.access.bridge
  assignment_group: Access approvers
decisions:
  mode: {mode}
  approvers: {{group: Access approvers}}
  integration_users: [svc.access.bridge, svc.access.bridge.tickets, svc.access.bridge.decisions]
rules:
  - when: {{roles: [on-call-*]}}
    then: ticket
    on_call: approve
"""
_ON_CALL: Final = """
{{kind: role, version: v7, metadata: {{name: {role}}}, spec: {{allow: {{logins: [root]}}}}}}
---
kind: role
version: v7
metadata: {{name: {role}-requester}}
spec: {{allow: {{request: {{roles: [{role}], annotations: {{teleport.dev/schedules: [{rota}]}}}}}}}}
"""


def options(mode: Mode = "bot", workers: int = 5) -> Options:
    """How a system for the matrix differs from a deployed one."""
    return Options(
        queue_workers=workers,
        environments=workers,
        function_timeout=FUNCTION_TIMEOUT,
        visibility_timeout=VISIBILITY,
        unknown_outcome_seconds=UNKNOWN_OUTCOME,
        retry_base_seconds=1,
        retry_longest_seconds=4,
        servicenow_timeout_seconds=CALL_TIMEOUT,
        teleport_timeout_seconds=CALL_TIMEOUT,
        forwarder_time_scale=0.2,
        rules=_RULES.format(mode="set_state" if mode == "set_state" else "bot"),
        # botocore's own repeats of a call: three instead of up to ten
        variables={"AWS_MAX_ATTEMPTS": "3"},
    )


@dataclass(slots=True)
class Scene:
    """One access request, who and what belongs to it, and what is meant to become of it."""

    mark: str
    request_id: str = ""
    asker: str = ""
    names: list[str] = field(default_factory=list)
    """What else stands in calls about it: user names, sys_ids."""
    rows: list[str] = field(default_factory=list)
    intended: Intended = field(default_factory=Intended)
    forwarded: bool = True
    passes: int = 0
    """How many minute passes it took, where only they find it."""
    deliveries_before: int = 0
    """How many deliveries its messages had had when the trouble began."""
    problems: list[str] = field(default_factory=list)
    """What kept the trouble from coming as it was to."""

    @property
    def sys_id(self) -> str:
        """The sys_id that its ticket asks for."""
        return uuid.UUID(self.request_id).hex

    def is_in(self, text: str) -> bool:
        """Whether a call with this text is about it."""
        found = [self.request_id, self.sys_id, *self.rows] if self.request_id else []
        return any(name and name in text for name in (*found, self.asker, *self.names))


class Bench:
    """A running system, and what the cells of the matrix need of it."""

    def __init__(self, system: LocalSystem, mode: Mode = "bot") -> None:
        self.system = system
        self._numbers = itertools.count(1)
        self._watch = _Queues(system)
        self.first, self.knows_its_instance = threading.Lock(), False
        """Whether a ticket was made here before, and who makes the first one."""
        system.servicenow.honours_client_sys_id = mode != "own ids"
        system.teleport.expiry_delay = 0.2
        system.servicenow.callbacks.enabled = False  # cells send the callback themselves, once its trouble is asked for

    # ---- people

    def scene(self, role: str = "requester") -> Scene:
        """A request's requester, who is a user of both sides."""
        mark = f"case-{next(self._numbers)}-{uuid.uuid4().hex[:6]}"
        asker = f"asker-{mark}"
        self._teleport_user(asker, role)
        self.system.servicenow.add_user(asker, email=f"{asker}@example.test", name="Ada Asker")
        return Scene(mark, asker=asker)

    def approver(self, scene: Scene, *, member: bool = True) -> str:
        """Somebody who may decide in ServiceNow, or who is no member of the group. Returns the user name."""
        name = f"boss-{scene.mark}"
        sys_id = self.system.servicenow.add_user(
            name,
            email=f"{name}@example.test",
            name="Bea Boss",
            roles=("itil", "x_acbr_bridge.approver"),
            groups=(GROUP,) if member else (),
        )
        scene.names += [name, sys_id]
        return name

    def put_on_call(self, scene: Scene) -> str:
        """Put the requester on call, and let him ask for a role that is approved for that. Returns the role."""
        rota, role = self.system.servicenow.add_rota("Database on-call"), f"on-call-{scene.mark}"
        self.system.servicenow.put_on_call(rota, scene.asker)
        self.system.teleport.apply(_ON_CALL.format(role=role, rota=rota))
        self._teleport_user(scene.asker, f"{role}-requester")
        scene.names += [rota, role]
        return role

    def _teleport_user(self, name: str, role: str) -> None:
        traits = {"email": [f"{name}@example.test"]}
        spec = {"roles": [role], "traits": traits}
        user = {"kind": "user", "version": "v2", "metadata": {"name": name}, "spec": spec}
        self.system.teleport.apply(yaml.safe_dump(user))

    # ---- what they do

    def ask(self, scene: Scene, roles: Sequence[str] = ("dba",), ttl: timedelta | None = None) -> None:
        """`tsh request create`."""
        user = self.system.teleport.as_user(scene.asker)
        scene.request_id = user.create_request(roles, "fix the nightly job", ttl=ttl)

    @contextmanager
    def before_it_is_told(self) -> Iterator[None]:
        """Inside, no new event leaves Teleport."""
        with self.system.forwarder.paused():
            yield

    def pass_until_found(self, scene: Scene) -> None:
        """The minute pass, until the request has its ticket: after each one that failed comes another."""
        for _ in range(_MOST_PASSES):
            scene.passes += 1
            self.tick(TICKETS)
            if self.rest(scene) and self._has_ticket(scene):
                return

    def _has_ticket(self, scene: Scene) -> bool:
        return any(row["correlation_id"] == scene.request_id for row in self.system.servicenow.rows("incident"))

    def tick(self, function: str) -> None:
        """A schedule's call; one that is killed or runs out of time is not repeated."""
        with suppress(EnvironmentLost):
            self.system.tick(function)

    # ---- rest

    def at_rest(self, scene: Scene) -> bool:
        """Whether every event of the request is delivered, every callback sent, and no message left."""
        system = self.system
        if not system.forwarder.has_delivered(scene.request_id) or system.handles(scene.request_id):
            return False
        if not all(system.servicenow.wait_for_callbacks(0, row) for row in scene.rows):
            return False
        return scene.request_id not in self._watch.groups() and not system.handles(scene.request_id)

    def rest(self, scene: Scene, timeout: float = REST_TIMEOUT) -> bool:
        """Wait until the request is at rest; False where `timeout` seconds passed first."""
        end = time.monotonic() + timeout
        while not self.at_rest(scene):
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def wait(self, condition: Callable[[], object], timeout: float, what: str) -> None:
        """Wait for a condition; raises TimeoutError."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} within {timeout:g} s")
            time.sleep(0.02)

    def tries(self, scene: Scene) -> int:
        """How often the message that was delivered most often was, and how many passes it took more than one."""
        received = [one.receives for one in self.system.deliveries(scene.request_id)]
        return max(received, default=0) + max(0, scene.passes - 1)


class _Queues:
    """Which groups have messages; one look serves everybody who asks while it is under way or before it."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        self._changed = threading.Condition()
        self._looking = False
        self._number = 0
        self._groups: frozenset[str] = frozenset()

    def groups(self) -> frozenset[str]:
        """The groups with a message in either queue, by a look that began after this call."""
        with self._changed:
            wanted = self._number + (2 if self._looking else 1)
            while self._number < wanted:
                if self._looking:
                    self._changed.wait()
                    continue
                self._looking = True
                self._changed.release()
                try:
                    found = self._look()
                finally:
                    self._changed.acquire()
                    self._looking = False
                self._groups, self._number = found, self._number + 1
                self._changed.notify_all()
            return self._groups

    def _look(self) -> frozenset[str]:
        resources = self._system.resources
        queues = self._system.aws.messages()
        names = (resources.tickets.name, resources.decisions.name)
        return frozenset(message.group for name in names for message in queues[name])
