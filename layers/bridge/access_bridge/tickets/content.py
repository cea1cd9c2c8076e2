"""What a ticket says: a plain function of what is known about the request, so that it is the same whatever came
first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from access_bridge.access_request import RequestState
from access_bridge.decisions.outcome import without_mark
from access_bridge.rules.model import Outcome, TicketRules
from access_bridge.servicenow.text import LENGTHS, cut
from access_bridge.tickets.story import DELETED, EXPIRED, Story, actor_name
from access_bridge.tickets.words import lines, listed, reason_words, resource_words, said, state_word
from access_bridge.times import show_time

_DISPLAY: Final = re.compile(r"#(\d+)$")
_COUNTER_ROOM: Final = 12
_LISTS: Final = ("Roles", "Resources", "Suggested reviewers")
_SHORT_LIST: Final = 200


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Teleport cluster as the ticket names it; `web_addr` is the proxy's HOST:PORT, for the link."""

    name: str
    web_addr: str

    def link(self, request_id: str) -> str:
        """Return the address of a request in the web UI (recorded: /web/requests/ID)."""
        return f"https://{said(self.web_addr.removesuffix(':443'))}/web/requests/{request_id}"


def ticket_fields(story: Story, cluster: Cluster, rules: TicketRules, justification: str = "") -> dict[str, str]:
    """Return the ticket's fields that follow from the request: its texts, and state, close code and close notes once it
    has ended. `justification` is what was found about the tickets that the reason names; it stands first."""
    fields = {
        "short_description": _short_description(story),
        "description": _description(story, cluster, justification),
    }
    if story.outcome:
        outcome: Outcome = getattr(rules.outcomes, story.outcome)
        fields |= {
            "state": outcome.state,
            "close_code": outcome.close_code,
            "close_notes": cut(_close_notes(story), LENGTHS["close_notes"]),
        }
    return fields


def counter_display(cluster_name: str, counter: int) -> str:
    """Return `correlation_display`: whose ticket it is, and how many notes of ours it has had. The cluster's name is
    cut, and then ends in `…`, so that the number always fits."""
    return f"{display_start(cluster_name)}{counter}"


def display_start(cluster_name: str) -> str:
    """Return how `correlation_display` begins on every ticket of a cluster."""
    room = LENGTHS["correlation_display"] - len("Teleport ") - _COUNTER_ROOM
    name = said(cluster_name, len(cluster_name))
    return f"Teleport {name if len(name) <= room else name[: room - 1] + '…'} #"


def counter_of(display: str) -> int | None:
    """Return the number in `correlation_display`, or None where a person has changed it beyond recognition."""
    found = _DISPLAY.search(display.strip())
    return int(found[1]) if found else None


def granted(story: Story) -> Mapping[str, str]:
    """Return what was granted where it differs from what was asked, by label."""
    request = story.request
    differs: dict[str, str] = {}
    if request.state is RequestState.APPROVED:
        roles = _granted_roles(story)
        if roles and set(roles) != set(story.asked_roles):
            differs["Granted roles"] = f"{listed(roles)} (asked: {listed(story.asked_roles)})"
        if request.assume_start:
            differs["Access starts"] = show_time(request.assume_start)
    return differs


def _granted_roles(story: Story) -> tuple[str, ...]:
    narrowed = [change.roles for change in story.changes if change.state is RequestState.APPROVED and change.roles]
    return narrowed[-1] if narrowed else story.request.roles


def _short_description(story: Story) -> str:
    if not story.known:
        return "Teleport access request of which only the decision is known"
    what = listed(story.asked_roles) if story.asked_roles else "access"
    return cut(f"Teleport access request: {said(story.request.user)} asks for {what}", LENGTHS["short_description"])


def _description(story: Story, cluster: Cluster, justification: str) -> str:
    request = story.request
    pending = not story.outcome
    head = (
        f"{said(request.user)} asks for access through Teleport."
        if story.known
        else "Teleport no longer has this request, and its creation was never reported: who asked for what is unknown."
    )
    access = pending or request.state is RequestState.APPROVED
    facts = {
        "Requester": said(request.user),
        "Roles": listed(story.asked_roles),
        "Resources": resource_words(request.resources, cluster.name),
        "Requested at": show_time(request.created),
        "Pending until": show_time(request.expires_resource) if pending else "",
        "Access until": show_time(request.access_until) if access else "",
        "Access starts": show_time(request.assume_start) if access else "",
        "Suggested reviewers": listed(request.suggested_reviewers),
        "Cluster": said(cluster.name),
        "Request ID": request.id,
    }
    reason = f"\n{reason_words(request.reason)}" if request.reason.strip() else ""
    tail = f"\nIn Teleport: {cluster.link(request.id)}" if story.known else ""
    if pending:
        tail = lines(
            f"\nDecide in Teleport: {cluster.link(request.id)}",
            "or on the command line:",
            f"  tctl requests approve {request.id}",
            f"  tctl requests deny {request.id}",
            f"  tsh request review --approve {request.id}",
            f"  tsh request review --deny {request.id}",
        )
    top = lines(f"{justification}\n" if justification else "", f"{head}\n")
    room = LENGTHS["description"] - len(lines(top, reason, tail)) - 1
    return lines(top, *_labelled(facts, room), reason, tail)


def _labelled(facts: Mapping[str, str], room: int) -> list[str]:
    """Return the facts as lines that fit: long lists are cut, so that whoever asks for much can't push out the rest."""
    labels = {label: value for label, value in facts.items() if value}
    long = [label for label in _LISTS if len(labels.get(label, "")) > _SHORT_LIST]
    rest = sum(len(label) + 3 + len(value) for label, value in labels.items() if label not in long)
    rest += sum(len(label) + 3 for label in long)
    share = (room - rest) // max(len(long), 1)
    return [f"{label}: {cut(value, share) if label in long else value}" for label, value in labels.items()]


def _close_notes(story: Story) -> str:
    if story.outcome == EXPIRED:
        when = show_time(story.ended_at)
        return f"Nobody decided before the access request expired{f' at {when}' if when else ''}. No access was given."
    if story.outcome == DELETED:
        who = f" by {said(actor_name(story.deleted_by))}" if story.deleted_by else ""
        return f"The access request was deleted{who} before anybody decided. No access was given."
    request = story.request
    return lines(
        f"The access request was {state_word(request.state)} in Teleport.",
        _deciders(story),
        *(f"{label}: {value}" for label, value in granted(story).items()),
        f"Access until: {show_time(request.access_until)}"
        if request.state is RequestState.APPROVED and request.access_until
        else "",
        f"Access list: {said(request.promoted_access_list)}" if request.promoted_access_list else "",
        reason_words(_deciding_reason(story)),
    )


def _deciders(story: Story) -> str:
    state = story.request.state
    reviewers = listed(review.author for review in story.request.reviews if review.proposed_state is state)
    actors = listed(dict.fromkeys(change.actor for change in story.changes if change.state is state))
    return lines(f"Reviewed by: {reviewers}" if reviewers else "", f"Set by: {actors}" if actors else "")


def _deciding_reason(story: Story) -> str:
    """The reason of the last word: Teleport keeps one resolve reason, events have each."""
    state = story.request.state
    spoken = [change.reason for change in story.changes if change.state is state and change.reason]
    spoken = spoken or [
        review.reason for review in story.request.reviews if review.proposed_state is state and review.reason
    ]
    return without_mark(spoken[-1] if spoken else story.request.resolve_reason)
