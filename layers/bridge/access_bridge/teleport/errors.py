"""What Teleport's answers mean: each gRPC status and text that is known, as one typed error, decided in one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from grpclib.const import Status

from access_bridge.access_request import RequestState
from access_bridge.errors import BridgeError, BrokenConfiguration, OutcomeUnknown, Refused, Retry

ADDRESS_SETTING = "TELEPORT_ADDR"
OLDEST_SERVER = 17


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an identity comes from: the setting that an error names, what holds it, and how a person gets another (no
    full stop)."""

    setting: str
    what: str
    renewal: str


IDENTITY_FILE = Origin(
    "TELEPORT_IDENTITY_SECRET_ARN",
    "the identity file",
    "Store a new identity file of the bot: see that tbot runs and that its output is put into the secret",
)
IAM_JOIN = Origin(
    "TELEPORT_JOIN_TOKEN",
    "what Teleport answered to the join",
    "The next attempt joins anew. If that doesn't help, see that the bot, its role and its join token are as "
    "`access-bridge teleport resources` writes them",
)


class Unavailable(Retry):
    """Teleport could not be reached, or answered that it can't now; nothing was changed."""


class ConnectionDropped(Unavailable):
    """The connection ended before its first answer: the network did that, or Teleport refused the certificate."""


class WriteOutcomeUnknown(OutcomeUnknown):
    """A review or a state change was sent and no usable answer came: read the request before trying again."""


class RequestGone(Refused):
    """The access request is deleted, expired, or not visible to this identity (Teleport doesn't say which)."""


class AlreadyReviewed(Refused):
    """This author's one vote on the request is spent; Teleport takes no second one, not even the same."""


class AlreadyResolved(Refused):
    """The access request has an outcome already: `state`."""

    def __init__(self, message: str, state: RequestState) -> None:
        super().__init__(message)
        self.state = state


class ReviewRefused(Refused):
    """The author may not decide this request: it is his own, or his roles don't cover what it asks for, or he has no
    right to review at all."""


class InvalidRequest(Refused):
    """Teleport understood the call and refuses its content; `str()` is Teleport's own text."""


class NotPermitted(BrokenConfiguration):
    """A right, the identity or the server's version is not what this program needs."""


class ReviewsUnsupported(NotPermitted):
    """The cluster takes no reviews of this identity: it is of the open-source edition, or its role lacks the right."""


class OnBehalfUnsupported(NotPermitted):
    """The server doesn't know `submit_for_users`, or this identity's role doesn't allow it for that author. Teleport
    answers the same text to both."""


class MfaRequired(NotPermitted):
    """The cluster demands MFA for administrative actions, and this identity is none of those that are exempt."""


class IdentityLocked(NotPermitted):
    """A lock is in force. Teleport 18.0.0 says only `access denied` then, some seconds after it was made (recorded)."""


class UserMissing(NotPermitted):
    """Teleport says that a user does not exist: the one asked for (`quoted`, as Teleport quotes it), or our own."""

    def __init__(self, call: Call, quoted: str) -> None:
        super().__init__(
            call.origin.setting,
            f"Teleport has no user {quoted}, and the identity is for {call.username!r}.",
            f"Make the bot or user again. {call.origin.renewal}.",
        )
        self.quoted = quoted


@dataclass(frozen=True, slots=True)
class Call:
    """The call that failed: by whom (`username`, from the client certificate, and where that came from), and whether
    it changes anything."""

    username: str
    write: bool = False
    origin: Origin = IDENTITY_FILE


def from_status(status: Status, text: str | None, call: Call) -> BridgeError:
    """Return the error that an answer of Teleport means.

    Parameters
    ----------
    status, text
        gRPC status (not OK) and message. Teleport sends nothing else: no details, no trailing metadata.
    call
        The call that was answered.

    The texts are those of 18.0.0 (recorded, or read in its source). The first row that fits counts.
    """
    message = " ".join((text or "").split())[:500]
    for row in _TABLE:
        if status in row.statuses and (match := re.search(row.text, message)):
            return row.error(match, message, call)
    return _unclear(f"{status.name} {message}".strip(), call)


def lost(cause: str, call: Call) -> BridgeError:
    """Return the error for a call whose answer didn't come, or can't be read; `cause` says why, for the log."""
    return _unclear(f"no answer ({cause})", call)


def _unclear(what: str, call: Call) -> BridgeError:
    if call.write:
        return WriteOutcomeUnknown(f"Teleport may or may not have applied it: {what}")
    return Unavailable(f"Teleport did not answer usefully: {what}")


# ---- the rows -----------------------------------------------------------------------------------------------------

_Make = Callable[[re.Match[str], str, Call], BridgeError]


@dataclass(frozen=True, slots=True)
class _Row:
    statuses: tuple[Status, ...]
    text: str
    error: _Make


def _row(statuses: Status | tuple[Status, ...], text: str, error: _Make) -> _Row:
    return _Row(statuses if isinstance(statuses, tuple) else (statuses,), text, error)


def _refused(kind: type[RequestGone | AlreadyReviewed | ReviewRefused | InvalidRequest]) -> _Make:
    return lambda _match, message, _call: kind(f"Teleport: {message}")


def _resolved(match: re.Match[str], message: str, _call: Call) -> BridgeError:
    return AlreadyResolved(f"Teleport: {message}", RequestState.parse(match["state"]))


def _user_missing(match: re.Match[str], _message: str, call: Call) -> BridgeError:
    return UserMissing(call, match["user"])


def _later(_match: re.Match[str], message: str, _call: Call) -> BridgeError:
    return Unavailable(f"Teleport: {message or 'not now'}")


def _rights(fix: str, kind: type[NotPermitted] = NotPermitted) -> _Make:
    return lambda _match, message, call: kind(f"Teleport user {call.username}", f"Teleport says: {message}.", fix)


def _identity(fix: str, kind: type[NotPermitted] = NotPermitted) -> _Make:
    return lambda _match, message, call: kind(
        call.origin.setting, f"Teleport: {message}.", f"{fix} {call.origin.renewal}.".strip()
    )


def _locked(match: re.Match[str], message: str, call: Call) -> BridgeError:
    """A lock that names another user is that user's (the text is read in the source; not recorded)."""
    names = re.search(r"User:\"(?P<user>[^\"]*)\"", message)
    if names and names["user"] != call.username:
        return ReviewRefused(f"Teleport: {message}")
    return _identity("Remove the lock (`tctl rm lock/<id>`).", IdentityLocked)(match, message, call)


def _no_reviews(match: re.Match[str], message: str, call: Call) -> BridgeError:
    """Of ourselves it is about the edition or our role; of another author about what he may review."""
    if match["user"] != f'"{call.username}"':
        return ReviewRefused(f"Teleport: {message}")
    return _rights(_NO_REVIEWS, ReviewsUnsupported)(match, message, call)


def _address(fix: str) -> _Make:
    return lambda _match, message, _call: NotPermitted(ADDRESS_SETTING, f"The answer was: {message}.", fix)


_NO_REVIEWS = (
    "Give its role allow.review_requests. Teleport's open-source edition has no reviews: there, set decisions.mode to "
    "set_state in the rules file."
)
_ROLE = "Give its role the rule that the text names (the roles are in teleport/)."
_VERSION = f"Use a cluster of Teleport {OLDEST_SERVER} or newer, and its auth or proxy address."

# Where a text is empty, any text of that status fits: the last word on it.
_TABLE = (
    # The request itself
    _row(Status.NOT_FOUND, r"cannot (set state of|apply review to) access request", _refused(RequestGone)),
    _row(Status.PERMISSION_DENIED, r"access request has been already (?P<state>approved|denied|promoted)", _resolved),
    _row(
        (Status.INVALID_ARGUMENT, Status.FAILED_PRECONDITION),
        r"cannot set request-state .*\(already (?P<state>\w+)\)",
        _resolved,
    ),
    _row(Status.PERMISSION_DENIED, r"has already reviewed this request", _refused(AlreadyReviewed)),  # before 18
    _row(Status.ALREADY_EXISTS, r"", _refused(AlreadyReviewed)),
    _row(Status.PERMISSION_DENIED, r"cannot review request", _refused(ReviewRefused)),
    _row(Status.PERMISSION_DENIED, r"state of your own access requests is not permitted", _refused(ReviewRefused)),
    # Contents. These two are not about a missing method
    _row(Status.UNIMPLEMENTED, r"not yet supported in reviews", _refused(InvalidRequest)),
    _row((Status.INVALID_ARGUMENT, Status.OUT_OF_RANGE), r"", _refused(InvalidRequest)),
    # Rights
    _row(
        Status.PERMISSION_DENIED,
        r"cannot submit reviews on behalf of",
        _rights(
            "Reviews in another's name need a server that knows submit_for_users, and a role with "
            "review_requests.submit_for_users. Or use another decisions mode in the rules file.",
            OnBehalfUnsupported,
        ),
    ),
    _row(Status.PERMISSION_DENIED, r"user (?P<user>\".*\") cannot submit reviews", _no_reviews),
    _row(Status.PERMISSION_DENIED, r"access denied to perform action", _rights(_ROLE)),
    _row(
        Status.PERMISSION_DENIED,
        r"requires MFA verification",
        _rights(
            "Use a bot's identity (tbot, or IAM joining), or a file that `tctl auth sign` made on the auth host: these "
            "are exempt from MFA for admin actions.",
            MfaRequired,
        ),
    ),
    _row(
        Status.PERMISSION_DENIED,
        r"while using an access request",
        _identity("Its roles must be its own, not lent by an access request."),
    ),
    # The identity
    _row(Status.NOT_FOUND, r"\"user\" (?P<user>\".*\") does not exist", _user_missing),
    _row((Status.NOT_FOUND, Status.PERMISSION_DENIED), r"user (?P<user>\".*\") not found", _user_missing),
    _row(Status.NOT_FOUND, r"", _identity("Its user or role is gone: make it again.")),
    _row(
        Status.PERMISSION_DENIED,
        r"lock targeting|lock .*in force",
        _locked,
    ),
    _row(
        Status.PERMISSION_DENIED,
        r"client version is unsupported",
        _address(_VERSION),
    ),
    _row(
        Status.PERMISSION_DENIED,
        r"trusted device|pinned IP",
        _rights("Leave this bot's roles out of device trust and IP pinning."),
    ),
    _row(
        Status.PERMISSION_DENIED,
        r"^access denied$",
        _identity("A lock on the bot says exactly this: see `tctl get locks`.", IdentityLocked),
    ),
    _row((Status.PERMISSION_DENIED, Status.UNAUTHENTICATED), r"", _identity("")),
    # The server
    _row(Status.UNIMPLEMENTED, r"", _address(_VERSION)),
    _row((Status.RESOURCE_EXHAUSTED, Status.FAILED_PRECONDITION), r"", _later),
)
