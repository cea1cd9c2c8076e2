"""What Teleport's answers to a join mean: which token, allow rule, region or role was wrong, or that it may work later.

The texts are those of 18.0.0, recorded, but where a row says otherwise. Teleport sends them as a tree, one cause below
the other; they are matched on one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from grpclib.const import Status

from access_bridge.errors import BridgeError
from access_bridge.teleport.errors import ADDRESS_SETTING, IAM_JOIN, IdentityLocked, NotPermitted, Unavailable
from access_bridge.teleport.joining.signed_request import REGION_SETTING

_RESOURCES: Final = "`access-bridge teleport resources` writes it as it must be, for `tctl create -f`."
_LONGEST: Final = 500


class JoinRefused(NotPermitted):
    """Teleport understood the join and refuses it, until a person mends what the text names."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried: the join token's name, the role that was asked for, and the STS host that was signed for."""

    token: str
    role: str
    sts_host: str


def refusal(status: Status, text: str | None, attempt: Attempt) -> BridgeError:
    """Return what a status (not OK) means, of the join or of the certificate request after it.

    Overload and whatever isn't known are `Unavailable`, for they may pass; the rest is `JoinRefused`.
    """
    message = " ".join((text or "").split())
    for row in _TABLE:
        if status in row.statuses and (match := re.search(row.text, message)):
            return row.error(match, message[:_LONGEST], attempt)
    return Unavailable(f"Teleport doesn't let us join now: {status.name} {message[:_LONGEST]}".strip())


_Make = Callable[[re.Match[str], str, Attempt], BridgeError]


@dataclass(frozen=True, slots=True)
class _Row:
    statuses: tuple[Status, ...]
    text: str
    error: _Make


def _no_token(_match: re.Match[str], _message: str, attempt: Attempt) -> BridgeError:
    return JoinRefused(
        IAM_JOIN.setting,
        f"Teleport has no join token {attempt.token!r}, or it has expired.",
        f"Create it, for good. {_RESOURCES}",
    )


def _arn(match: re.Match[str], _message: str, attempt: Attempt) -> BridgeError:
    seen = match["arn"] or "this function's ARN"
    return JoinRefused(
        IAM_JOIN.setting,
        f"Teleport saw {seen}, and no allow rule of the join token {attempt.token!r} matches that.",
        f"Put it into the token's aws_arn. {_RESOURCES}",
    )


def _region(match: re.Match[str], _message: str, attempt: Attempt) -> BridgeError:
    return JoinRefused(
        REGION_SETTING,
        f"this Teleport doesn't know the AWS endpoint {match['host'] or attempt.sts_host}.",
        "Upgrade Teleport, or set the stack parameter TeleportJoinRegion to a region of the same partition that it "
        "knows, such as us-east-1.",
    )


def _challenge(_match: re.Match[str], _message: str, _attempt: Attempt) -> BridgeError:
    return JoinRefused(
        ADDRESS_SETTING,
        "Teleport says that the signed request doesn't answer its challenge.",
        "See what stands between this function and Teleport: it mixes up connections, or changes what they carry.",
    )


def _aws_is_busy(match: re.Match[str], _message: str, _attempt: Attempt) -> BridgeError:
    return Unavailable(f"AWS doesn't tell Teleport now who we are: {match['status']} {match['code'] or ''}".rstrip())


def _signature(match: re.Match[str], message: str, attempt: Attempt) -> BridgeError:
    if match["code"] in _THROTTLED:
        return _aws_is_busy(match, message, attempt)
    return JoinRefused(
        IAM_JOIN.setting,
        f"AWS refused the request with which this function proves its role ({match['code'] or match['status']}).",
        "See that the region's STS endpoint is enabled in this account (else set TeleportJoinRegion to one that is), "
        "and that nothing between here and Teleport changes what is sent.",
    )


def _newer_service_only(_match: re.Match[str], _message: str, _attempt: Attempt) -> BridgeError:
    return JoinRefused(
        ADDRESS_SETTING,
        "this Teleport no longer serves the join that Access Bridge speaks (proto.JoinService), only the newer one "
        "(teleport.join.v1), or an administrator has switched it off.",
        "Store an identity file instead (stack parameter TeleportIdentitySecretArn), or use a newer Access Bridge.",
    )


def _not_a_proxy(_match: re.Match[str], message: str, _attempt: Attempt) -> BridgeError:
    return JoinRefused(
        ADDRESS_SETTING,
        f"what answers there is no gRPC server of Teleport's ({message}).",
        "Set it to the proxy's own address, or let the load balancer before it pass WebSockets.",
    )


def _token_kind(_match: re.Match[str], message: str, attempt: Attempt) -> BridgeError:
    return JoinRefused(
        IAM_JOIN.setting,
        f"the join token {attempt.token!r} is not one for a bot that joins by IAM. Teleport says: {message}.",
        f"Create it anew. {_RESOURCES}",
    )


def _impersonation(_match: re.Match[str], _message: str, attempt: Attempt) -> BridgeError:
    return JoinRefused(
        f"Teleport bot {attempt.role}",
        f"it may not use the role {attempt.role!r}.",
        f"Name that role in the bot's roles. {_RESOURCES}",
    )


def _no_role(_match: re.Match[str], _message: str, attempt: Attempt) -> BridgeError:
    return JoinRefused(f"Teleport role {attempt.role}", "it isn't there.", f"Create it. {_RESOURCES}")


def _locked(_match: re.Match[str], message: str, _attempt: Attempt) -> BridgeError:
    return IdentityLocked(
        IAM_JOIN.setting,
        f"Teleport: {message}.",
        "A lock on the bot, its role or its token says so: see `tctl get locks`, remove it with `tctl rm lock/<id>`.",
    )


def _no_bot(match: re.Match[str], _message: str, attempt: Attempt) -> BridgeError:
    return JoinRefused(
        f"Teleport bot {match['bot']}",
        f"it isn't there, and the join token {attempt.token!r} is for it.",
        f"Create it. {_RESOURCES}",
    )


def _other(_match: re.Match[str], message: str, attempt: Attempt) -> BridgeError:
    return JoinRefused(
        IAM_JOIN.setting,
        f"Teleport refuses the join with token {attempt.token!r}: {message or 'without a reason'}.",
        "Mend what the text names; docs/teleport.md has the causes.",
    )


_DENIED = (Status.PERMISSION_DENIED,)
_THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded")
_AWS_SAID = r"aws sts api returned status: \"?(?P<status>%s\d\d)(?:.*?Code\W+(?P<code>\w+))?"
_TABLE: Final = (
    _Row(_DENIED, r"token expired or not found", _no_token),
    _Row(_DENIED, r"instance (?P<arn>arn:\S+)?.*did not match any allow rules", _arn),
    _Row(_DENIED, r"unknown STS host(?: \"(?P<host>[^\"]*)\")?", _region),
    _Row(_DENIED, r"challenge header or it does not match", _challenge),
    _Row(_DENIED, _AWS_SAID % "4", _signature),
    _Row(_DENIED, _AWS_SAID % "5", _aws_is_busy),  # read in the sheets, not recorded
    # Read in the sheets, not recorded.
    _Row(_DENIED, r"lock targeting|lock .*in force", _locked),
    _Row(
        (Status.NOT_FOUND, Status.PERMISSION_DENIED),
        r"user\"? \"bot-(?P<bot>[^\"]*)\" (does not exist|not found)",
        _no_bot,
    ),
    _Row(
        (Status.PERMISSION_DENIED, Status.INVALID_ARGUMENT), r"does not allow role|join method|not support", _token_kind
    ),
    # The second call. Of a locked bot 18.0.0 says no more than this (recorded of other calls).
    _Row(_DENIED, r"^access denied$", _locked),
    _Row(_DENIED, r"requested role impersonation|impersonation is not allowed", _impersonation),
    _Row((Status.NOT_FOUND,), r"role .* is not found", _no_role),
    # The server. `unknown service`: gRPC's own words for what isn't served.
    _Row((Status.UNIMPLEMENTED,), r"unknown (service|method)|not implemented", _newer_service_only),
    _Row((Status.UNIMPLEMENTED,), r"", _not_a_proxy),
    _Row((Status.PERMISSION_DENIED, Status.UNAUTHENTICATED, Status.INVALID_ARGUMENT, Status.NOT_FOUND), r"", _other),
)
