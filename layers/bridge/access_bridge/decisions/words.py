"""Who decided where, in words: what Teleport's reason and the ticket say about a decision, so that each side names the
other's."""

from __future__ import annotations

from typing import Final

from access_bridge.access_request import RequestState
from access_bridge.servicenow.users import User

DONE: Final = {RequestState.APPROVED: "approved", RequestState.DENIED: "denied"}


def shown(user: User, delegate_of: User | None = None) -> str:
    """Return a human as the ticket names him: `Bob Reviewer (bob)`, for a delegate's vote with whose delegate he is."""
    who = f"{user.name} ({user.user_name})" if user.name else user.user_name
    return f"{who}{_delegate(delegate_of)}"


def human_words(state: RequestState, user: User, number: str, reason: str, delegate_of: User | None = None) -> str:
    """Return what Teleport is told of a human's decision: what, who with user name and e-mail address, on which ticket,
    why."""
    names = ", ".join(filter(None, (user.user_name, user.email)))
    who = f"{user.name or user.user_name} ({names}){_delegate(delegate_of)}"
    why = f": {reason.strip()}" if reason.strip() else ""
    return f"{DONE[state].capitalize()} in ServiceNow by {who} on {number}{why}"


def automatic_words(state: RequestState, why: str, number: str) -> str:
    """Return what Teleport is told of a decision of the bot's own."""
    where = f" ({number})" if number else ""
    return f"{DONE[state].capitalize()} automatically by Access Bridge: {why}{where}"


def _delegate(of: User | None) -> str:
    return f" as delegate of {shown(of)}" if of else ""
