"""Whether a request takes a decision: plain functions on what was read, each with a reason and a sentence.

Each returns None where it finds nothing against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.outcome import Outcome, Reason, Verdict, refused
from access_bridge.rules.decisions import DecisionRules
from access_bridge.rules.parts import role_matches
from access_bridge.servicenow.users import User

REQUEST_GONE: Final = refused(
    Reason.REQUEST_GONE, "Teleport no longer has this access request: it expired or was deleted."
)
GONE_UNPROVED: Final = Verdict(
    Outcome.APPLIED_UNPROVED,
    Reason.APPLIED_UNPROVED,
    "Teleport no longer has this access request, and the answer to our own call was lost: it is not certain that this "
    "decision was applied. Teleport's audit log tells.",
)


def judge_time(request: AccessRequest, now: datetime) -> Verdict | None:
    """The request must not be past its time: Teleport would still take a decision for a minute (recorded)."""
    until = request.pending_until
    if request.state is RequestState.PENDING and until and now >= until:
        return refused(Reason.REQUEST_EXPIRED, "The access request has expired. The requester has to make a new one.")
    return None


def judge_resolved(request: AccessRequest, wanted: RequestState) -> Verdict | None:
    """A request that has an outcome which isn't ours: agreeing changes nothing, disagreeing is a conflict."""
    if request.state is RequestState.PENDING:
        return None
    done = {RequestState.APPROVED: "approved", RequestState.DENIED: "denied"}.get(
        request.state, "promoted to an access list"
    )
    if request.state is wanted:
        return refused(
            Reason.ALREADY_RESOLVED, f"The request was already {done} in Teleport; there was nothing left to do."
        )
    return Verdict(
        Outcome.CONFLICT,
        Reason.CONFLICT,
        f"The request was already {done} in Teleport, and Teleport has the last word.",
    )


def judge_own_review(
    request: AccessRequest,
    user: User,
    wanted: RequestState,
    addresses: Mapping[str, Iterable[str]],
    known_as: Iterable[str] = (),
) -> Verdict | None:
    """The human's own review in Teleport meanwhile counts there already: a second vote of his would count twice.

    Parameters
    ----------
    request
        The request with its reviews.
    user
        Who decided.
    wanted
        His vote.
    addresses
        What else the reviewers are called (e-mail addresses), by their names in Teleport.
    known_as
        What the human may be called in Teleport.
    """
    mine = {name.casefold() for name in (user.user_name, user.email, *known_as) if name}
    for review in request.reviews:
        if mine & {name.casefold() for name in (review.author, *addresses.get(review.author, ()))}:
            if review.proposed_state is wanted:
                return refused(
                    Reason.ALREADY_REVIEWED, "You already reviewed this request in Teleport, with the same vote."
                )
            return Verdict(
                Outcome.CONFLICT,
                Reason.CONFLICT,
                "You reviewed this request in Teleport with the other vote, which counts there.",
            )
    return None


def judge_limits(
    request: AccessRequest, wanted: RequestState, rules: DecisionRules, now: datetime, link: str
) -> Verdict | None:
    """What the rules let be decided from ServiceNow at all. A denial gives nobody access, so only what isn't for
    reviews at all (long-term access, which access lists grant) stops it.

    Parameters
    ----------
    request
        The request.
    wanted
        What is to become of it.
    rules
        The limits.
    now
        The present, aware.
    link
        Where the request can be decided in Teleport.
    """
    if request.long_term:
        return refused(
            Reason.LONG_TERM,
            f"This request is for long-term access through an access list, which is not decided here. Teleport: {link}",
        )
    if wanted is not RequestState.APPROVED:
        return None
    never = [role for role in request.roles if role_matches(role, rules.never_approve)]
    if never:
        return refused(
            Reason.ROLE_NEVER_APPROVED,
            f"The rules don't let {', '.join(never[:5])} be approved from ServiceNow. Decide in Teleport: {link}",
        )
    if rules.longest_access is not None and not _short_enough(request, rules.longest_access, now):
        return refused(
            Reason.ACCESS_TOO_LONG,
            f"The rules don't let access of more than {length_words(rules.longest_access)} be approved from "
            f"ServiceNow. Decide in Teleport: {link}",
        )
    return None


def _short_enough(request: AccessRequest, longest: timedelta, now: datetime) -> bool:
    """An end that isn't known is too far off."""
    starts = max(now, request.assume_start) if request.assume_start else now
    return request.access_until is not None and request.access_until - starts <= longest


def length_words(length: timedelta) -> str:
    """Return a length of time as the rules file has it: in days, hours or minutes."""
    minutes = int(length.total_seconds()) // 60
    for unit, size in (("d", 24 * 60), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"
