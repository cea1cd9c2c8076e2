"""The facts that a ticket is told, each with an id by which the ledger knows that it was told.

A decision that we applied, the review that applied it, and its audit event are one fact: whichever is known first is
told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from access_bridge.access_request import RequestState, Review
from access_bridge.decisions.outcome import (
    ANNOTATION,
    STATES,
    Outcome,
    Reason,
    marked_decision,
    without_mark,
)
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.tickets.content import granted
from access_bridge.tickets.story import DELETED, EXPIRED, DirectChange, Story, actor_name
from access_bridge.tickets.words import lines, quoted, reason_words, said, state_word
from access_bridge.times import show_time

_AUTOMATIC: Final = {
    "on_call": ("On-call check", "Approved automatically", "approved"),
    "justification": ("Justification check", "Denied automatically", "denied"),
    "closed": ("Check of the closed ticket", "Denied automatically", "denied"),
}
"""Kinds of decisions that are the bot's own: what was checked, and what came of it, in words."""
_NO_NEWS: Final = frozenset(
    {
        Reason.ALREADY_RESOLVED,
        Reason.JUSTIFICATION_UNKNOWN,
        Reason.JUSTIFIED,
        Reason.NOT_CLOSED,
        Reason.NO_RULE,
        Reason.REQUEST_EXPIRED,
        Reason.REQUEST_GONE,
    }
)
"""Why the bot itself decided nothing, where the ticket tells that already or nobody was to expect it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to tell: an id, when it happened (None: now), and the text."""

    id: str
    time: datetime | None
    text: str


def facts(story: Story) -> tuple[Fact, ...]:
    """Return all facts of a story, in the order in which they happened; the outcome comes last. Of several views of one
    fact the first counts: our own record of a decision says more than the review that applied it."""
    told = [*_decisions(story), *_reviews(story), *_changes(story)]
    told = list({fact.id: fact for fact in reversed(told)}.values())
    return (*sorted(told, key=lambda fact: (fact.time or _LATEST, fact.id)), *_outcome(story))


def remarks(ticket: TicketItem, story: Story) -> tuple[Fact, ...]:
    """Return what is to be told about the ticket itself, before anything about the request."""
    found = [Fact(f"remark:{number}", None, text) for number, text in enumerate(ticket.remarks, start=1)]
    shown = not ticket.gone and ticket.not_seen_since is None
    if shown and not story.outcome and ticket.outcome in {DELETED, EXPIRED}:
        text = (
            f"Teleport shows this request again, and it is pending: this ticket said {ticket.outcome} too early. "
            "Decide in Teleport."
        )
        found.append(Fact(f"again:{ticket.outcome}", None, text))
    return tuple(found)


def note(untold: Iterable[Fact], story: Story, earlier_outcome: str) -> str:
    """Return the text of one work note for these facts; `earlier_outcome` is the one that the ticket shows already."""
    correction = bool(earlier_outcome) and bool(story.outcome) and earlier_outcome != story.outcome
    parts = [fact.text for fact in untold]
    if correction:
        parts.append(_correction(story, earlier_outcome))
    if not story.outcome and story.request.reviews and story.request.thresholds:
        have, need = story.request.approvals_needed()
        parts.append(f"Approvals: {have} of {need}. {need - have} more needed." if have < need else "")
    return "\n\n".join(part for part in parts if part)


def _reviews(story: Story) -> Iterator[Fact]:
    for review in story.request.reviews:
        decision = _applied_by(story, marked_decision(review.reason), review.author)
        yield Fact(
            f"decision:{decision}" if decision else f"review:{review.author}", review.created, _review_text(review)
        )


def _review_text(review: Review) -> str:
    by = f" (submitted by {said(review.submitted_by)})" if review.submitted_by else ""
    return lines(
        f"{said(review.author)}{by} reviewed the request: {state_word(review.proposed_state)}.",
        reason_words(without_mark(review.reason)),
    )


def _changes(story: Story) -> Iterator[Fact]:
    for change in story.changes:
        decision = _applied_by(story, change.decision_id, change.updated_by)
        yield Fact(f"decision:{decision}" if decision else f"change:{change.uid}", change.time, _change_text(change))


def _change_text(change: DirectChange) -> str:
    return lines(
        f"In Teleport, {said(change.actor)} set the request to {state_word(change.state)}.",
        reason_words(without_mark(change.reason)),
    )


def _applied_by(story: Story, decision_id: str, author: str) -> str:
    """The decision of ours that a review or change carries, only if we did record an attempt by that author: anybody
    may write an id into a reason."""
    if not decision_id:
        return ""
    attempts = (item for item in story.decisions if item.decision_id == decision_id and item.attempt_mode)
    return next((item.decision_id for item in attempts if item.attempt_author == author), "")


def told_as(item: DecisionItem) -> str:
    """Return what distinguishes this outcome of a decision from an earlier one that was told: each failure is told by
    its code, and what was decided after all is news again."""
    return f":{item.outcome}:{item.code}" if item.outcome == Outcome.FAILED else ""


def _decisions(story: Story) -> Iterator[Fact]:
    for item in story.decisions:
        silent = item.kind in _AUTOMATIC and item.code in _NO_NEWS
        if item.outcome and not silent:
            text = _automatic_text(item, story) if item.kind in _AUTOMATIC else _decision_text(item)
            yield Fact(f"decision:{item.decision_id}{told_as(item)}", _attempted_at(item), text)


def _attempted_at(item: DecisionItem) -> datetime | None:
    return datetime.fromtimestamp(item.attempt_at, UTC) if item.attempt_at else None


def _decision_text(item: DecisionItem) -> str:
    what = {"approved": "approve", "rejected": "deny"}.get(item.decision, item.decision)
    who = said(item.decided_by) or "somebody who could not be identified"
    how = "Vote" if item.kind == "approval" else "Decision"
    return lines(f"{how} in ServiceNow by {who}: {said(what)}.", plain_sentence(item))


def _automatic_text(item: DecisionItem, story: Story) -> str:
    checked, done, state = _AUTOMATIC[item.kind]
    if item.outcome == Outcome.APPLIED:
        return lines(f"{done}: {quoted(item.sentence)}", reason_words(_reason_in_teleport(item, story)))
    if item.outcome in {Outcome.RECORDED, Outcome.APPLIED_UNPROVED}:
        return lines(f"{checked}: {quoted(item.sentence)}", reason_words(_reason_in_teleport(item, story)))
    return f"{checked}: not {state} automatically ({said(item.code)}): {quoted(item.sentence)}"


def _reason_in_teleport(item: DecisionItem, story: Story) -> str:
    """The words with which the bot's own decision stands in Teleport: they say why it was made."""
    author, request = item.attempt_author, story.request
    spoken = [review.reason for review in request.reviews if review.author == author]
    spoken += [change.reason for change in story.changes if change.updated_by == author]
    if item.decision_id in request.resolve_annotations.get(ANNOTATION, ()):
        spoken.append(request.resolve_reason)
    return next((without_mark(text) for text in spoken if marked_decision(text) == item.decision_id), "")


def plain_sentence(item: DecisionItem) -> str:
    """Return what became of a decision, for the ticket."""
    applied = item.outcome in {Outcome.APPLIED, Outcome.RECORDED, Outcome.APPLIED_UNPROVED}
    return quoted(item.sentence) if applied else f"Not applied ({said(item.code)}): {quoted(item.sentence)}"


def _outcome(story: Story) -> Iterator[Fact]:
    if not story.outcome:
        return
    if story.outcome == EXPIRED:
        when = show_time(story.ended_at)
        yield Fact("end:expired", None, f"Nobody decided: the request expired{f' at {when}' if when else ''}.")
    elif story.outcome == DELETED:
        who = said(actor_name(story.deleted_by))
        yield Fact(
            f"end:deleted:{who}", None, f"The request was deleted{f' by {who}' if who else ''} before anybody decided."
        )
    else:
        yield Fact(f"state:{story.request.state}", None, _state_text(story))


def _state_text(story: Story) -> str:
    request = story.request
    until = request.state is RequestState.APPROVED and request.access_until
    return lines(
        f"The request is {state_word(request.state)}.",
        *(f"{label}: {value}" for label, value in granted(story).items()),
        f"Access until: {show_time(request.access_until)}" if until else "",
        f"Access list: {said(request.promoted_access_list)}" if request.promoted_access_list else "",
        ""
        if _explained(story)
        else "It was set directly in Teleport. Who did it follows when Teleport's audit event arrives.",
    )


def _explained(story: Story) -> bool:
    state = story.request.state
    by_review = any(review.proposed_state is state for review in story.request.reviews)
    by_change = any(change.state is state for change in story.changes)
    by_us = any(
        item.outcome in {Outcome.APPLIED, Outcome.APPLIED_UNPROVED} and STATES.get(item.decision) is state
        for item in story.decisions
    )
    return by_review or by_change or by_us


def _correction(story: Story, earlier: str) -> str:
    if earlier == "approved" and story.outcome == "denied":
        return (
            "This ticket said approved before. Certificates that were issued meanwhile stay valid until they expire: "
            "to end that access now, lock the user in Teleport (tctl lock)."
        )
    return f"This ticket said {earlier} before; that was not the last word."


_LATEST = datetime.max.replace(tzinfo=UTC)
