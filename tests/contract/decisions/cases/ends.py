"""What many cases come to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from access_bridge.decisions.outcome import Outcome, Reason
from access_bridge.rules.decisions import Mode
from tests.contract.decisions.cases.declare import Expected


def refused(code: Reason, told: str, state: str = "PENDING", reviews: tuple[str, ...] = ()) -> Expected:
    """Return what a refusal comes to; `state` and `reviews` are what was in Teleport already."""
    return Expected(Outcome.REFUSED, code, told, state, reviews)


def applied_as(author: str, done: str = "approved", words: str = "") -> Expected:
    """Return what a human's own review comes to that resolves the request."""
    told = f"The request is {done} in Teleport (as {author}'s own review)."
    return Expected(Outcome.APPLIED, Reason.APPLIED, told, done.upper(), (author,), words)


def applied(done: str = "approved", words: str = "") -> Mapping[Mode, Expected]:
    """Return what a decision comes to that resolves the request, in each mode."""
    by_bot = f"The request is {done} in Teleport (as a review by {{bot}})."
    set_by_bot = f"The request is {done} in Teleport (set by {{bot}})."
    return MappingProxyType(
        {
            "bot": Expected(Outcome.APPLIED, Reason.APPLIED, by_bot, done.upper(), ("{bot}",), words),
            "on_behalf": applied_as("{approver}", done, words),
            "set_state": Expected(Outcome.APPLIED, Reason.APPLIED, set_by_bot, done.upper(), (), words),
        }
    )


def denied_by_bot(why: str) -> Mapping[Mode, Expected]:
    """Return what a denial of the bot's own comes to, in each mode; `why` is what Teleport's reason says."""
    by_mode = applied("denied", f"Denied automatically by Access Bridge: {why} ({{incident}})")
    return MappingProxyType({**by_mode, "on_behalf": by_mode["bot"]})


APPLIED: Final = applied()
DENIED: Final = applied("denied")
NOT_YET: Final = Expected()
NO_DECISION: Final = Expected(is_made=False)
OWN_REQUEST: Final = refused(Reason.OWN_REQUEST, "You can't decide your own access request. Ask another approver.")
NOT_IN_GROUP: Final = refused(
    Reason.NOT_IN_GROUP,
    "You are not in the group 'Access approvers', which decides this access request. Ask somebody in it, or decide in "
    "Teleport: {link}",
)
NO_TELEPORT_USER: Final = refused(
    Reason.TELEPORT_USER_UNKNOWN,
    "Teleport has no user for you (looked for: {approver}). Sign in to Teleport once, then decide again.",
)
WITHDRAWN: Final = Expected(
    Outcome.WITHDRAWN, Reason.WITHDRAWN, "You decided otherwise later, so this decision does not count."
)
AGAIN: Final = "It is tried again for about twelve hours. Until that is mended, decide in Teleport."
NO_REVIEWS: Final = Expected(
    Outcome.FAILED,
    Reason.REVIEWS_UNSUPPORTED,
    "Teleport takes no reviews from the bridge: the open-source edition has none, and elsewhere the bot's role needs "
    f"the right. Whoever runs the bridge sets decisions.mode to set_state, or mends the role. {AGAIN}",
)
NEVER: Final = refused(
    Reason.ROLE_NEVER_APPROVED, "The rules don't let dba be approved from ServiceNow. Decide in Teleport: {link}"
)
TOO_LONG: Final = refused(
    Reason.ACCESS_TOO_LONG,
    "The rules don't let access of more than 1h be approved from ServiceNow. Decide in Teleport: {link}",
)
LONG_TERM: Final = refused(
    Reason.LONG_TERM,
    "This request is for long-term access through an access list, which is not decided here. Teleport: {link}",
)
