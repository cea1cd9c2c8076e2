"""The kinds of trouble, and how each is brought about at one call: by the stand-in that serves it, or by SIGKILL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from grpclib.const import Status

from local.aws import faults as aws
from local.servicenow import faults as servicenow
from local.teleport import faults as teleport
from tests.faults.bench import CALL_TIMEOUT, LATE_COMMIT, Bench, Scene
from tests.faults.calls import AwsCall, Call, ServiceNowCall, TeleportCall

_OVER: Final = 1.5
"""Seconds beyond a time limit that make sure of it."""
_PATIENCE: Final = 90.0
_BOTOCORE_TRIES: Final = 3


class Armed(Protocol):
    """Trouble that waits for its call."""

    def struck(self) -> bool:
        """Whether it came."""


Arm = Callable[[Bench, Scene, Any], Armed]


# ---- ServiceNow


@dataclass(frozen=True, slots=True)
class _AtServiceNow:
    fault: servicenow.Fault

    def struck(self) -> bool:
        return bool(self.fault.seen)


def _servicenow(kind: servicenow.Kind, seconds: float | None = 0.0, *, kills: bool = False) -> Arm:
    def arm(bench: Bench, scene: Scene, call: ServiceNowCall) -> Armed:
        fault = servicenow.Fault(
            kind,
            method=call.method,
            table=call.table,
            when=lambda incoming: call.is_it(incoming, scene),
            seconds=seconds,
            then=partial(_kill, bench, scene, call) if kills else None,
        )
        return _AtServiceNow(bench.system.servicenow.faults.add(fault))

    return arm


def _kill(bench: Bench, scene: Scene, call: Call) -> None:
    """SIGKILL for the one process that is at it."""
    if not bench.system.kill(call.function, _event_of(scene, call)):
        scene.problems.append(f"no process of {call.function} was at it when it was to be killed")


def _event_of(scene: Scene, call: Call) -> str:
    """What the event of the function that makes the call holds: the pass's names no request."""
    in_pass = not isinstance(call, ServiceNowCall) and call.in_pass
    return "Scheduled Event" if in_pass else scene.request_id


# ---- Teleport


@dataclass(frozen=True, slots=True)
class _AtTeleport:
    fault: teleport.Fault

    def struck(self) -> bool:
        return self.fault.seen


def _teleport(*, kills: bool = False, **what: Any) -> Arm:
    def arm(bench: Bench, scene: Scene, call: TeleportCall) -> Armed:
        message = what.get("message", "").format(id=scene.request_id)
        fault = teleport.Fault(
            call.method,
            when=lambda asked: call.in_pass or scene.request_id in str(asked),
            skip=call.skip,
            then=partial(_kill, bench, scene, call) if kills else None,
            **{**what, "message": message},
        )
        return _AtTeleport(bench.system.teleport.faults.add(fault))

    return arm


# ---- AWS


class _AtAws:
    def __init__(self, asked: aws.Asked) -> None:
        self._asked = asked

    def struck(self) -> bool:
        return self._asked.hits > 0


def _aws(kind: aws.Kind, *, times: int = 1) -> Arm:
    return lambda bench, scene, call: _AtAws(_ask(bench, scene, call, kind, times))


def _ask(bench: Bench, scene: Scene, call: AwsCall, kind: aws.Kind, times: int = 1) -> aws.Asked:
    caller = bench.system.stand_ins.aws_roles[call.function].access_key_id
    fault = aws.Fault(kind, call.operation, call.about(scene), caller, call.skip, times)
    return bench.system.aws.faults.add(fault)


def _held(kind: aws.Kind, *, kills: bool) -> Arm:
    """The call is held until its process is gone: killed, or ended by Lambda when its time was over."""

    def arm(bench: Bench, scene: Scene, call: AwsCall) -> Armed:
        asked = _ask(bench, scene, call, kind)

        def end() -> None:
            if asked.wait_until_hit(_PATIENCE):
                if kills:
                    _kill(bench, scene, call)
                else:
                    over = _event_of(scene, call)
                    bench.wait(lambda: not bench.system.handles(over), _PATIENCE, "Lambda did not end it")
                asked.release()

        threading.Thread(target=end, daemon=True).start()
        return _AtAws(asked)

    return arm


# ---- what can happen to a message


class _Again:
    """Struck by a second delivery, of the decision where there is one, that ended in one of these ways."""

    def __init__(self, bench: Bench, scene: Scene, ends: frozenset[str]) -> None:
        self._bench = bench
        self._scene = scene
        self._ends = ends

    def struck(self) -> bool:
        system = self._bench.system
        queue = system.resources.decisions if self._scene.intended.decisions else system.resources.tickets
        deliveries = (one for one in system.deliveries(self._scene.request_id) if one.queue == queue.name)
        return any(one.receives > 1 and one.end in self._ends for one in deliveries)


def _delivered_twice(bench: Bench, scene: Scene, _call: None) -> Armed:
    bench.system.deliver_twice(scene.request_id)
    return _Again(bench, scene, frozenset({"done", "kept"}))


def _delivered_again(bench: Bench, scene: Scene, _call: None) -> Armed:
    bench.system.deliver_again(scene.request_id)
    return _Again(bench, scene, frozenset({"done"}))


# ---- the tables

_LONG: Final = CALL_TIMEOUT + _OVER

KILLED_BEFORE, KILLED_AFTER = "process killed before", "process killed after"
TIMEOUT_BEFORE, TIMEOUT_AFTER = "timeout, not committed", "timeout, committed"
LATE, SLOW = "committed a minute later", "slow beyond the deadline"
RESET_BEFORE, RESET_AFTER = "connection reset", "connection reset, committed"
ERROR, ERROR_AFTER, UNAVAILABLE = "500", "500, committed", "503"
UNAUTHORIZED, FORBIDDEN, RULE, HIDDEN = "401", "403 by an access control", "403 by a business rule", "404"
LIMITED, LIMITED_FOR = "429", "429 with Retry-After"
HTML, TRUNCATED, EMPTY = "HTML on 200", "truncated JSON", "empty 200"
THROTTLED, PARTLY, OVERTAKEN = "throttled", "partly failed", "conditional write lost"
LAMBDA_BEFORE, LAMBDA_AFTER = "Lambda timed out before", "Lambda timed out after"
TWICE, AT_ONCE = "message delivered twice", "message delivered twice at once"

SERVICENOW_READS: Final[Mapping[str, Arm]] = {
    TIMEOUT_BEFORE: _servicenow("silent_before", _LONG),
    RESET_BEFORE: _servicenow("reset_before"),
    UNAUTHORIZED: _servicenow("unauthorized"),
    FORBIDDEN: _servicenow("forbidden"),
    HIDDEN: _servicenow("hidden"),
    LIMITED: _servicenow("rate_limited", None),
    LIMITED_FOR: _servicenow("rate_limited", 2),
    ERROR: _servicenow("error_before"),
    UNAVAILABLE: _servicenow("unavailable"),
    HTML: _servicenow("html_page"),
    TRUNCATED: _servicenow("truncated_json"),
    EMPTY: _servicenow("empty_success"),
}
SERVICENOW_WRITES: Final[Mapping[str, Arm]] = {
    **SERVICENOW_READS,
    KILLED_BEFORE: _servicenow("drop_before", kills=True),
    KILLED_AFTER: _servicenow("drop_after_commit", kills=True),
    TIMEOUT_AFTER: _servicenow("silent_after_commit", _LONG),
    LATE: _servicenow("late_and_dropped", LATE_COMMIT),
    SLOW: _servicenow("late", _LONG),
    RESET_AFTER: _servicenow("reset_after_commit"),
    RULE: _servicenow("refused_by_rule"),
    ERROR_AFTER: _servicenow("error_after_commit"),
}
TELEPORT_READS: Final[Mapping[str, Arm]] = {
    TIMEOUT_BEFORE: _teleport(delay=_LONG, drop=True),
    RESET_BEFORE: _teleport(drop=True),
    UNAUTHORIZED: _teleport(status=Status.UNAUTHENTICATED, message="transport: the credentials are not valid"),
    FORBIDDEN: _teleport(
        status=Status.PERMISSION_DENIED, message='access denied to perform action "list" on "access_request"'
    ),
    LIMITED: _teleport(status=Status.RESOURCE_EXHAUSTED, message="rate limit exceeded"),
    ERROR: _teleport(status=Status.UNKNOWN, message="internal error"),
    UNAVAILABLE: _teleport(status=Status.UNAVAILABLE, message="closed for maintenance"),
}
TELEPORT_WRITES: Final[Mapping[str, Arm]] = {
    **TELEPORT_READS,
    HIDDEN: _teleport(status=Status.NOT_FOUND, message='cannot apply review to access request "{id}" (not found)'),
    KILLED_BEFORE: _teleport(drop=True, kills=True),
    KILLED_AFTER: _teleport(drop=True, kills=True, after_commit=True),
    TIMEOUT_AFTER: _teleport(delay=_LONG, drop=True, after_commit=True),
    RESET_AFTER: _teleport(drop=True, after_commit=True),
    ERROR_AFTER: _teleport(status=Status.UNKNOWN, message="internal error", after_commit=True),
}
AWS_READS: Final[Mapping[str, Arm]] = {
    THROTTLED: _aws("throttled", times=_BOTOCORE_TRIES),
    RESET_BEFORE: _aws("drop_before", times=_BOTOCORE_TRIES),
    ERROR: _aws("error_before", times=_BOTOCORE_TRIES),
    FORBIDDEN: _aws("access_denied"),
}
AWS_SAVES: Final[Mapping[str, Arm]] = {
    **AWS_READS,
    KILLED_BEFORE: _held("hold_before", kills=True),
    KILLED_AFTER: _held("hold_after_commit", kills=True),
    RESET_AFTER: _aws("drop_after_commit"),
    ERROR_AFTER: _aws("error_after_commit"),
}
AWS_CONDITIONAL_SAVES: Final[Mapping[str, Arm]] = {**AWS_SAVES, OVERTAKEN: _aws("condition_failed")}
AWS_SENDS: Final[Mapping[str, Arm]] = {
    **AWS_SAVES,
    PARTLY: _aws("partly_failed", times=3),
    UNAVAILABLE: _aws("unavailable", times=_BOTOCORE_TRIES),
}
# The saves just before and just after a write to ServiceNow or Teleport: where it matters most that time is over.
AROUND_A_WRITE: Final[Mapping[str, Arm]] = {
    LAMBDA_BEFORE: _held("hold_before", kills=False),
    LAMBDA_AFTER: _held("hold_after_commit", kills=False),
}
MESSAGES: Final[Mapping[str, Arm]] = {TWICE: _delivered_again, AT_ONCE: _delivered_twice}


def kinds_at(call: Call | None) -> Mapping[str, Arm]:
    """The kinds of trouble that there are at a call; None: at the flow's messages."""
    match call:
        case ServiceNowCall():
            return SERVICENOW_WRITES if call.writes else SERVICENOW_READS
        case TeleportCall():
            return TELEPORT_WRITES if call.writes else TELEPORT_READS
        case AwsCall():
            saves = {"save": AWS_SAVES, "conditional save": AWS_CONDITIONAL_SAVES}
            found = {"read": AWS_READS, "send": AWS_SENDS, **saves}[call.kind]
            return {**found, **(AROUND_A_WRITE if call.around_a_write else {})}
    return MESSAGES
