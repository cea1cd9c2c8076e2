"""The flows: what people do with one access request, up to the moment at which trouble is to come, and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.faults.bench import Bench, Scene
from tests.faults.oracle import Intended, Meant

Arm = Callable[[Scene], None]
"""Asks for the trouble, once it is known what calls about the request look like; nothing has left by then."""

_SHORTEST_TTL: Final = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow.

    Parameters
    ----------
    name
        As the issue of every table names it.
    prepare
        Makes the scene; it is at rest then.
    act
        What happens under the trouble; it asks for that itself, just before anything can be told of it.
    by_pass
        Whether only the minute pass can find out.
    """

    name: str
    prepare: Callable[[Bench], Scene]
    act: Callable[[Bench, Scene, Arm], None]
    by_pass: bool = False


class NotPrepared(Exception):
    """The scene before the trouble didn't come to be."""


# ---- the ticket follows the request


def _nobody_asked(bench: Bench) -> Scene:
    return bench.scene()


def _asked(bench: Bench, role: str = "requester", ttl: timedelta | None = None) -> Scene:
    scene = bench.scene(role)
    bench.ask(scene, ttl=ttl)
    return _ready(bench, scene)


def _ready(bench: Bench, scene: Scene) -> Scene:
    if not bench.rest(scene):
        raise NotPrepared(bench.system.describe())
    return scene


def _known_to_ignore_ids(bench: Bench) -> Scene:
    """The instance has shown before that it gives records ids of its own: with the first ticket it does."""
    if not bench.knows_its_instance:
        with bench.first:
            if not bench.knows_its_instance:
                _asked(bench)
                bench.knows_its_instance = True
    return bench.scene()


def _create(bench: Bench, scene: Scene, arm: Arm) -> None:
    with bench.before_it_is_told():
        bench.ask(scene)
        arm(scene)


def _review(bench: Bench, scene: Scene, arm: Arm) -> None:
    arm(scene)
    bench.system.teleport.as_user("bob").review(scene.request_id, "APPROVED", "known maintenance window")


def _set_directly(bench: Bench, scene: Scene, arm: Arm) -> None:
    arm(scene)
    bench.system.teleport.tctl_deny(scene.request_id, reason="not during the freeze")


def _soon_over(bench: Bench) -> Scene:
    """A request whose time is over soon, and whose ticket is made before."""
    ttl = _SHORTEST_TTL
    for _ in range(4):
        scene = _asked(bench, ttl=ttl)
        if not _is_gone(bench, scene):
            return scene
        ttl *= 2
    raise NotPrepared("each request expired before its ticket was made")


def _is_gone(bench: Bench, scene: Scene) -> bool:
    return scene.request_id not in bench.system.teleport.requests


def _expire(bench: Bench, scene: Scene, arm: Arm) -> None:
    arm(scene)
    bench.wait(lambda: _is_gone(bench, scene), 60, "the request did not expire")


def _delete(bench: Bench, scene: Scene, arm: Arm) -> None:
    arm(scene)
    bench.system.teleport.tctl_rm(scene.request_id)


# ---- decisions


def _about_to_be_approved(bench: Bench) -> Scene:
    scene = _asked(bench)
    bench.approver(scene)
    return scene


def _about_to_be_refused(bench: Bench) -> Scene:
    scene = _asked(bench)
    bench.approver(scene, member=False)
    return scene


def _decide(meant: Meant) -> Callable[[Bench, Scene, Arm], None]:
    def act(bench: Bench, scene: Scene, arm: Arm) -> None:
        servicenow = bench.system.servicenow
        row = servicenow.decide(scene.names[0], scene.sys_id, "approved", "fine with me")
        scene.rows.append(row)
        scene.intended = Intended(rows={row: meant})
        arm(scene)
        servicenow.redeliver(row)  # the callback itself: new rows send none by themselves here

    return act


def _on_call(bench: Bench) -> Scene:
    scene = bench.scene()
    bench.put_on_call(scene)
    return scene


def _create_on_call(bench: Bench, scene: Scene, arm: Arm) -> None:
    with bench.before_it_is_told():
        bench.ask(scene, (f"on-call-{scene.mark}",))
        scene.intended = Intended(own={f"oncall-{scene.request_id}": Meant()})
        arm(scene)


# ---- nobody tells


def _create_untold(bench: Bench, scene: Scene, arm: Arm) -> None:
    with bench.before_it_is_told():
        bench.ask(scene)
        bench.system.forwarder.lose(scene.request_id)
        scene.forwarded = False
    arm(scene)


FLOWS: Final = {
    flow.name: flow
    for flow in (
        Flow("create", _nobody_asked, _create),
        Flow("create, ids ignored", _known_to_ignore_ids, _create),
        Flow("review", lambda bench: _asked(bench, "two-requester"), _review),
        Flow("resolve by review", _asked, _review),
        Flow("resolve directly", _asked, _set_directly),
        Flow("expire", _soon_over, _expire),
        Flow("delete", _asked, _delete),
        Flow("decision applied", _about_to_be_approved, _decide(Meant())),
        Flow("state set", _about_to_be_approved, _decide(Meant())),
        Flow("decision refused", _about_to_be_refused, _decide(Meant("refused", "not_in_group"))),
        Flow("on-call", _on_call, _create_on_call),
        Flow("minute pass", _nobody_asked, _create_untold, by_pass=True),
    )
}
