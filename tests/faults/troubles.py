"""Troubles of a whole side, each as a context in which it lasts."""

from __future__ import annotations

import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Final

from local.aws import faults as aws
from local.servicenow.faults import Fault
from local.system.stand_ins import BOTS
from tests.faults.bench import DECISIONS, TICKETS, Bench

Trouble = Callable[[Bench, random.Random], AbstractContextManager[None]]

FUNCTIONS: Final = (TICKETS, DECISIONS)
_ALWAYS: Final = 1_000_000
_SECRET: Final = "SERVICENOW_SECRET_ARN"
_ROLES: Final = {
    TICKETS: (
        "access-bridge-tickets",
        "{rules: [{resources: [access_request], verbs: [list, read]}, {resources: [user, role], verbs: [read]}]}",
    ),
    DECISIONS: (
        "access-bridge-decisions",
        "{rules: [{resources: [access_request], verbs: [list, read, update]}, {resources: [user], verbs: [read]}],"
        " review_requests: {roles: ['*'], submit_for_users: ['*']}}",
    ),
}
_BLIND: Final = "{rules: [{resources: [user, role], verbs: [read]}]}"
_ROLE: Final = "{{kind: role, version: v7, metadata: {{name: {}}}, spec: {{allow: {}}}}}"
_BOT: Final = "{{kind: bot, version: v1, metadata: {{name: {0}}}, spec: {{roles: [{0}], max_session_ttl: {1}}}}}"


# ---- Teleport


@contextmanager
def teleport_away(bench: Bench, _: random.Random) -> Iterator[None]:
    """Nothing listens at Teleport's ports."""
    bench.system.teleport.stop()
    try:
        yield
    finally:
        bench.system.teleport.start()


@contextmanager
def teleport_restarts(bench: Bench, chance: random.Random) -> Iterator[None]:
    """It goes away and comes back, again and again, and cuts every connection."""

    def restart() -> None:
        bench.system.teleport.stop()
        bench.system.teleport.start()

    with _again_and_again(restart, chance):
        yield


@contextmanager
def file_expired(bench: Bench, _: random.Random) -> Iterator[None]:
    """Both functions have an identity file whose time is over, until tbot stores new ones."""
    system = bench.system
    before = {function: dict(system.environment(function)) for function in FUNCTIONS}

    def use(ttl: timedelta) -> None:
        for function in FUNCTIONS:
            system.use_identity_file(function, system.teleport.identity_file(BOTS[function], ttl=ttl, shape="tbot"))

    use(timedelta(hours=-1))
    try:
        yield
    finally:
        use(timedelta(hours=1))
        for function in FUNCTIONS:
            token = before[function]["TELEPORT_JOIN_TOKEN"]
            system.set_environment(function, TELEPORT_JOIN_TOKEN=token, TELEPORT_IDENTITY_SECRET_ARN=None)


@contextmanager
def short_certificates(bench: Bench, _: random.Random) -> Iterator[None]:
    """Certificates that are over two seconds after the join."""
    _lifetime(bench, "2s")
    _restart(bench)
    try:
        yield
    finally:
        _lifetime(bench, "12h")


def _lifetime(bench: Bench, text: str) -> None:
    for name, _ in _ROLES.values():
        bench.system.teleport.apply(_BOT.format(name, text))


@contextmanager
def sees_no_requests(bench: Bench, _: random.Random) -> Iterator[None]:
    """Both bots lose the right to see requests: Teleport answers as if there were none."""
    for name, _rules in _ROLES.values():
        bench.system.teleport.apply(_ROLE.format(name, _BLIND))
    try:
        yield
    finally:
        for name, rules in _ROLES.values():
            bench.system.teleport.apply(_ROLE.format(name, rules))


@contextmanager
def locked(bench: Bench, _: random.Random) -> Iterator[None]:
    """Both bots are locked."""
    for bot in BOTS.values():
        bench.system.teleport.lock(bot)
    try:
        yield
    finally:
        for bot in BOTS.values():
            bench.system.teleport.unlock(bot)


@contextmanager
def host_ca_rotated(bench: Bench, _: random.Random) -> Iterator[None]:
    """The servers' certificates are of a new CA, and the old one is gone."""
    bench.system.teleport.rotate_host_authority(keep_old=False)
    yield


@contextmanager
def user_ca_rotated(bench: Bench, _: random.Random) -> Iterator[None]:
    """Certificates of the old CA are refused."""
    bench.system.teleport.rotate_user_authority(keep_old=False)
    yield


@contextmanager
def sts_away(bench: Bench, _: random.Random) -> Iterator[None]:
    """Teleport can't ask AWS who joins, and every environment has to join."""
    bench.system.teleport.sts.reachable = False
    _restart(bench)
    try:
        yield
    finally:
        bench.system.teleport.sts.reachable = True


# ---- ServiceNow


@contextmanager
def servicenow_away(bench: Bench, _: random.Random) -> Iterator[None]:
    """Nothing listens at the instance."""
    bench.system.servicenow.stop()
    try:
        yield
    finally:
        bench.system.servicenow.start()


@contextmanager
def tokens_expire(bench: Bench, _: random.Random) -> Iterator[None]:
    """OAuth, and each token is over as soon as it was used once."""
    system, servicenow = bench.system, bench.system.servicenow
    before = {function: system.stand_ins.servicenow_secret(function) for function in FUNCTIONS}
    for function in FUNCTIONS:
        client = f"client-{uuid.uuid4().hex}"
        servicenow.add_oauth_client(client, "secret", json.loads(before[function])["username"])
        _use_account(bench, function, json.dumps({"client_id": client, "client_secret": "secret"}))
    fault = servicenow.faults.add(Fault("late", _ALWAYS, when=_by_our_accounts, then=servicenow.revoke_tokens))
    try:
        yield
    finally:
        fault.remaining = 0
        for function in FUNCTIONS:
            _use_account(bench, function, before[function])


def _by_our_accounts(call: object) -> bool:
    return str(getattr(call, "user", "")).startswith("svc.access.bridge.")


@contextmanager
def password_changed(bench: Bench, _: random.Random) -> Iterator[None]:
    """ServiceNow's administrator changes both passwords; the secrets follow later."""
    system = bench.system
    accounts = {one: json.loads(system.stand_ins.servicenow_secret(one)) for one in FUNCTIONS}
    for account in accounts.values():
        system.servicenow.set_password(account["username"], f"{account['password']}-new")
    try:
        yield
    finally:
        for account in accounts.values():
            system.servicenow.set_password(account["username"], account["password"])


@contextmanager
def sees_no_records(bench: Bench, _: random.Random) -> Iterator[None]:
    """Both accounts lose the roles by which they see and write: what they ask for looks as if it were not there."""
    roles = (
        ("svc.access.bridge.tickets", "x_acbr_bridge.tickets"),
        ("svc.access.bridge.tickets", "sn_incident_write"),
        ("svc.access.bridge.decisions", "x_acbr_bridge.decisions"),
        ("svc.access.bridge.decisions", "sn_incident_read"),
    )
    for account, role in roles:
        bench.system.servicenow.remove_role(account, role)
    try:
        yield
    finally:
        for account, role in roles:
            bench.system.servicenow.add_role(account, role)


def _use_account(bench: Bench, function: str, secret: str) -> None:
    bench.system.put_secret(function, _SECRET, secret)
    bench.system.restart(function)


# ---- AWS


def aws_away(kind: aws.Kind, *operations: str, restart: bool = False) -> Trouble:
    """Operations of AWS fail for both functions; `restart`: whose environments have read nothing before."""

    @contextmanager
    def trouble(bench: Bench, _: random.Random) -> Iterator[None]:
        roles = bench.system.stand_ins.aws_roles.values()
        asked = [
            bench.system.aws.faults.add(aws.Fault(kind, operation, caller=role.access_key_id, times=_ALWAYS))
            for operation in operations
            for role in roles
        ]
        if restart:
            _restart(bench)
        try:
            yield
        finally:
            for one in asked:
                one.take_back()

    return trouble


@contextmanager
def killed_at_random(bench: Bench, chance: random.Random) -> Iterator[None]:
    """All processes of one function or the other are killed, again and again."""
    with _again_and_again(lambda: bench.system.kill(chance.choice(FUNCTIONS)), chance):
        yield


@contextmanager
def nothing(_bench: Bench, _: random.Random) -> Iterator[None]:
    """All is well but for what the situation itself says."""
    yield


def _restart(bench: Bench) -> None:
    for function in FUNCTIONS:
        bench.system.restart(function)


@contextmanager
def _again_and_again(disturb: Callable[[], object], chance: random.Random) -> Iterator[None]:
    over = threading.Event()

    def run() -> None:
        while not over.wait(chance.uniform(0.3, 1.5)):
            disturb()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
