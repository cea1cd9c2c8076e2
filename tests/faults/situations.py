"""Situations: trouble of a whole side rather than of one call. Every flow acts while it lasts, each on a request of its
own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.faults import troubles
from tests.faults.flows import FLOWS
from tests.faults.oracle import Allowance
from tests.faults.troubles import Trouble, aws_away

_EVERY_FLOW: Final = tuple(name for name in FLOWS if name not in {"state set", "create, ids ignored"})


@dataclass(frozen=True, slots=True)
class Situation:
    """One trouble.

    Parameters
    ----------
    name
        As tables show it.
    trouble
        Lasts as long as the context.
    flows
        Those that act under it.
    why_not
        Why the others don't.
    felt
        Whether it is to last until each request felt it: until work on it was put off, or its event refused.
    lasts
        Seconds for which it lasts at least.
    allowed
        What an invariant allows to be otherwise, by flow.
    forwarded
        Whether the events of the requests are ever forwarded.
    """

    name: str
    trouble: Trouble
    flows: tuple[str, ...] = _EVERY_FLOW
    why_not: str = ""
    felt: bool = True
    lasts: float = 0.0
    allowed: Mapping[str, Allowance] = field(default_factory=dict)
    forwarded: bool = True


_CLICKS: Final = ("decision applied", "decision refused")
_TOLD_AS_LOCKED: Final = Allowance(
    "I2: the ticket tells of a failed decision as soon as ServiceNow can be written; a later success is told too",
    told_before=("identity_locked",),
)
_NO_CALLBACK: Final = "decisions: ServiceNow repeats no callback that is answered 503; its row waits to be found"


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in _EVERY_FLOW if name not in names)


_LEDGER_CALLS: Final = ("Query", "GetItem", "PutItem", "UpdateItem", "BatchGetItem")
SITUATIONS: Final = {
    situation.name: situation
    for situation in (
        Situation(
            "Teleport away",
            troubles.teleport_away,
            _without("expire"),
            "expire: Teleport's own expiry job stands still with it",
        ),
        Situation("Teleport restarted", troubles.teleport_restarts, felt=False, lasts=6),
        Situation("identity file expired", troubles.file_expired),
        Situation("certificates expire in mid-flight", troubles.short_certificates, felt=False, lasts=6),
        Situation("identity sees no requests", troubles.sees_no_requests, felt=False, lasts=4),
        Situation("identity locked", troubles.locked, allowed=dict.fromkeys(_EVERY_FLOW, _TOLD_AS_LOCKED)),
        Situation("host CA rotated", troubles.host_ca_rotated, felt=False),
        Situation("user CA rotated", troubles.user_ca_rotated, felt=False),
        Situation("AWS STS away for joins", troubles.sts_away),
        Situation("ServiceNow away", troubles.servicenow_away, _without(*_CLICKS), "decisions: they are made there"),
        Situation("OAuth tokens expire in mid-flight", troubles.tokens_expire, felt=False, lasts=4),
        Situation("ServiceNow passwords changed", troubles.password_changed),
        Situation("ServiceNow accounts see nothing", troubles.sees_no_records),
        Situation("DynamoDB throttled", aws_away("throttled", *_LEDGER_CALLS)),
        Situation("SQS away", aws_away("unavailable", "SendMessageBatch"), _without(*_CLICKS), _NO_CALLBACK),
        Situation(
            "Secrets Manager away",
            aws_away("error_before", "GetSecretValue", restart=True),
            _without(*_CLICKS),
            _NO_CALLBACK,
        ),
        Situation("Parameter Store away", aws_away("error_before", "GetParameter", restart=True)),
        Situation(
            "processes killed at random",
            troubles.killed_at_random,
            _without(*_CLICKS),
            _NO_CALLBACK,
            felt=False,
            lasts=8,
        ),
        Situation(
            "events never forwarded",
            troubles.nothing,
            _without("minute pass"),
            "minute pass: is that flow",
            felt=False,
            forwarded=False,
        ),
    )
}
