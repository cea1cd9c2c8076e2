"""Whether somebody may decide: plain functions on what was read, each with a reason and a sentence.

Each returns None where it finds nothing against him. What can't be read refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from access_bridge.decisions.evidence import DecisionRow
from access_bridge.decisions.outcome import Reason, Verdict, refused
from access_bridge.servicenow.users import User

APPROVER_UNKNOWN: Final = refused(
    Reason.APPROVER_UNKNOWN, "ServiceNow shows no user for whoever decided. Ask your ServiceNow administrator."
)


def judge_approver(row: DecisionRow, user: User, same_names: Mapping[str, User]) -> Verdict | None:
    """The human is the one who made the row (for a vote `judge_vote` tells who), and exactly one user, active, not
    locked out, and no web-service account."""
    made_it = bool(row.created_by) and row.created_by.casefold() == user.user_name.casefold()
    if not made_it and not row.approval:
        return refused(
            Reason.NOT_BY_ITS_USER,
            "The decision row was not made by the user whom it names. Decide again on the ticket yourself.",
        )
    if set(same_names) - {user.sys_id}:
        return refused(
            Reason.APPROVER_UNKNOWN,
            "Another ServiceNow user has your user name or e-mail address, so you can't be told apart. "
            "Ask your ServiceNow administrator.",
        )
    flags = (user.active, user.locked_out, user.web_service_access_only)
    if None in flags or not user.user_name:
        return refused(
            Reason.APPROVER_UNREADABLE,
            "The bridge may not read whether your account is active. Ask your ServiceNow administrator to let it.",
        )
    if not user.active or user.locked_out:
        return refused(Reason.APPROVER_INACTIVE, "Your ServiceNow account is inactive or locked out.")
    if user.web_service_access_only or user.internal_integration_user:
        return refused(Reason.APPROVER_NOT_HUMAN, "Accounts for web services can't decide.")
    return None


def judge_not_integration(user: User, integration_users: Iterable[str]) -> Verdict | None:
    """The human is none of the integration users that the rules name."""
    if user.user_name.casefold() in {name.casefold() for name in integration_users}:
        return refused(Reason.APPROVER_NOT_HUMAN, "Integration accounts can't decide.")
    return None


def judge_own_request(
    user: User, names: Iterable[str], alike: Mapping[str, User], known_as: Iterable[str] = ()
) -> Verdict | None:
    """The human is not the requester, by every name of both.

    Parameters
    ----------
    user
        Who decided.
    names
        What Teleport calls the requester: user name and e-mail addresses.
    alike
        The ServiceNow users whom these names, or the mapping, fit.
    known_as
        What the human may be called in Teleport.
    """
    theirs = {name.casefold() for name in names if name}
    for requester in alike.values():
        theirs |= {name.casefold() for name in (requester.user_name, requester.email) if name}
    mine = {name.casefold() for name in (user.user_name, user.email, *known_as) if name}
    if user.sys_id in alike or mine & theirs:
        return refused(Reason.OWN_REQUEST, "You can't decide your own access request. Ask another approver.")
    return None


def judge_requester(user: User, names: Iterable[str], requesters: Mapping[str, User]) -> Verdict | None:
    """The human is not the requester, who is exactly one ServiceNow user: else he can't be told apart.

    Parameters as for `judge_own_request`; `requesters` are the ServiceNow users who may be the requester.
    """
    own = judge_own_request(user, names, requesters)
    if own is not None or len(requesters) == 1:
        return own
    return refused(
        Reason.REQUESTER_UNKNOWN,
        "The requester is not exactly one ServiceNow user, so he can't be told apart from you. "
        "Decide in Teleport, or ask your ServiceNow administrator.",
    )


def no_group_configured(link: str) -> Verdict:
    """Return the refusal where the rules name no approver group; `link` leads to the request in Teleport."""
    return refused(
        Reason.NO_APPROVER_GROUP,
        "No approver group is configured, so no decision from ServiceNow is applied. Ask whoever runs the bridge to "
        f"set decisions.approvers, or decide in Teleport: {link}",
    )


def no_group_for_role(link: str) -> Verdict:
    """Return the refusal where a requested role has no approver group; `link` leads to the request in Teleport."""
    return refused(
        Reason.NO_APPROVER_GROUP,
        "No approver group is configured for a role of this request. Ask whoever runs the bridge to name one in "
        f"decisions.approvers, or decide in Teleport: {link}",
    )


def judge_group(group: str, *, member: bool, link: str) -> Verdict | None:
    """The human is in the group that may decide; `link` leads to the request in Teleport."""
    if member:
        return None
    return refused(
        Reason.NOT_IN_GROUP,
        f"You are not in the group {group!r}, which decides this access request. Ask somebody in it, or decide in "
        f"Teleport: {link}",
    )


def judge_teleport_user(names: Sequence[str], tried: Iterable[str]) -> Verdict | None:
    """The human is exactly one Teleport user, as a review in his own name needs.

    Parameters
    ----------
    names
        The Teleport users whom the mapping says to be him.
    tried
        The names that were looked for.
    """
    if len(names) == 1:
        return None
    if names:
        return refused(
            Reason.TELEPORT_USER_AMBIGUOUS,
            f"You are more than one Teleport user ({', '.join(names)}). Ask whoever runs the bridge to name the right "
            "one in decisions.teleport_users.",
        )
    looked_for = ", ".join(tried)
    if not looked_for:
        return refused(
            Reason.TELEPORT_USER_UNKNOWN,
            "The rules give your name in Teleport to somebody else, or you have none. Ask whoever runs the bridge to "
            "name your Teleport user in decisions.teleport_users.",
        )
    return refused(
        Reason.TELEPORT_USER_UNKNOWN,
        f"Teleport has no user for you (looked for: {looked_for}). Sign in to Teleport once, then decide again.",
    )
