"""Carries a decision to Teleport, once: the attempt is in the ledger before the call, the decision's id is where no cut
removes it, and only that id, by the author that we used, counts as ours afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.judge_request import REQUEST_GONE, judge_resolved
from access_bridge.decisions.outcome import ANNOTATION, Outcome, Reason, Verdict, decision_mark, refused, review_of
from access_bridge.decisions.words import DONE
from access_bridge.ledger.items import DecisionItem
from access_bridge.rules.decisions import Mode
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.errors import (
    AlreadyResolved,
    AlreadyReviewed,
    InvalidRequest,
    RequestGone,
    ReviewRefused,
    ReviewsUnsupported,
    UserMissing,
)

_TICKET_ANNOTATION: Final = "servicenow"


@dataclass(frozen=True, slots=True)
class Application:
    """A decision that may be carried to Teleport.

    `words` say who decided where and why; `ticket_number` is the ticket's; `author` is the Teleport user in whose own
    name it is (mode `on_behalf`), `delegator` whom Teleport's audit event names where the state is set; `link` leads to
    the request in Teleport.
    """

    decision_id: str
    state: RequestState
    mode: Mode
    words: str
    ticket_number: str
    delegator: str
    link: str
    author: str = ""

    @property
    def reason(self) -> str:
        """The reason in Teleport: the id first, where no cut removes it."""
        return f"{decision_mark(self.decision_id)} {self.words}"


def applied_before(request: AccessRequest, item: DecisionItem, state: RequestState) -> Verdict | None:
    """Return what became of an attempt that the ledger has without an end; None where it surely didn't arrive.

    The wanted state without our id is *applied_unproved*: said so, and not repeated.
    """
    if not item.attempt_mode:
        return None
    review = review_of(request, item.decision_id, item.attempt_author)
    if review is not None:
        return after_review(request, review.proposed_state, item.attempt_author, own=item.attempt_mode == "on_behalf")
    if item.decision_id in request.resolve_annotations.get(ANNOTATION, ()) and request.state is state:
        return _applied(state, f"set by {item.attempt_author}")
    if request.state is state:
        return Verdict(
            Outcome.APPLIED_UNPROVED,
            Reason.APPLIED_UNPROVED,
            f"The request is {DONE[state]} in Teleport. The answer to our own call was lost, so it is not certain "
            "that this decision did it.",
        )
    return None


def after_review(request: AccessRequest, state: RequestState, author: str, *, own: bool) -> Verdict:
    """Return what a review came to; `own` says that it is in the human's own name, and not the bot's."""
    if request.state is state:
        return _applied(state, f"as {author}'s own review" if own else f"as a review by {author}")
    if request.state is not RequestState.PENDING:
        verdict = judge_resolved(request, state)
        if verdict is not None:
            return verdict
    have, need = request.approvals_needed()
    votes = "one denial of several needed" if state is RequestState.DENIED else f"{have} of {need} approvals"
    others = (
        "Further approvers can decide on this ticket, or in Teleport."
        if own
        else "The others have to be given in Teleport, where the bridge has this one vote."
    )
    how = f"{author}'s own review" if own else f"a review by {author}"
    return Verdict(Outcome.RECORDED, Reason.THRESHOLD_OPEN, f"Recorded as {how}: {votes}. {others}")


def apply(  # noqa: PLR0911 - one line for each way in which Teleport may say no
    application: Application, request: AccessRequest, teleport: Teleport, record_attempt: Callable[[str, str], None]
) -> Verdict:
    """Carry the decision to Teleport and return what became of it.

    Parameters
    ----------
    application
        The decision.
    request
        The request, read just before.
    teleport
        The connection.
    record_attempt
        Records mode and author in the ledger; called before Teleport is.

    Raises
    ------
    WriteOutcomeUnknown
        It may have been applied: the next attempt looks for the id.
    Unavailable, NotPermitted
        It was not applied.
    """
    author = application.author or teleport.username
    if application.mode != "set_state":
        _check_reviews(teleport)
        if any(review.author == author for review in request.reviews):
            return _vote_spent(application, author)
    record_attempt(application.mode, author)
    try:
        if application.mode == "set_state":
            return _set_state(application, request, teleport)
        after = teleport.submit_review(request.id, application.state, application.reason, author=application.author)
        return after_review(after, application.state, author, own=bool(application.author))
    except RequestGone:
        return REQUEST_GONE
    except AlreadyReviewed:
        return _vote_spent(application, author)
    except AlreadyResolved as error:
        resolved = judge_resolved(_in_state(request, error.state), application.state)
        return resolved or refused(Reason.REFUSED_BY_TELEPORT, str(error))
    except ReviewRefused:
        return _may_not_review(application, author)
    except UserMissing as error:
        if not application.author or application.author not in error.quoted:
            raise
        return _user_left(application)
    except InvalidRequest as error:
        return refused(Reason.REFUSED_BY_TELEPORT, f"{error}. Decide in Teleport: {application.link}")


def _check_reviews(teleport: Teleport) -> None:
    """Said before anything is tried: the open-source edition refuses every review (recorded)."""
    if not teleport.ping().advanced_access_workflows:
        raise ReviewsUnsupported(
            "decisions.mode",
            "the rules want reviews, and this cluster takes none (it is of Teleport's open-source edition).",
            "Set decisions.mode to set_state in the rules file, and give the bot's role the verb update.",
        )


def _set_state(application: Application, request: AccessRequest, teleport: Teleport) -> Verdict:
    teleport.set_access_request_state(
        request.id,
        application.state,
        application.reason,
        delegator=application.delegator,
        annotations={ANNOTATION: [application.decision_id], _TICKET_ANNOTATION: [application.ticket_number]},
    )
    return _applied(application.state, f"set by {teleport.username}")


def _applied(state: RequestState, how: str) -> Verdict:
    return Verdict(Outcome.APPLIED, Reason.APPLIED, f"The request is {DONE[state]} in Teleport ({how}).")


def _vote_spent(application: Application, author: str) -> Verdict:
    if application.author:
        return refused(
            Reason.ALREADY_REVIEWED, f"{author} already reviewed this request in Teleport, which takes one review each."
        )
    return refused(
        Reason.BOT_VOTE_SPENT,
        f"{author} already used its one vote on this request for an earlier decision. Give this one in Teleport: "
        f"{application.link}",
    )


def _may_not_review(application: Application, author: str) -> Verdict:
    if application.author:
        return refused(
            Reason.MAY_NOT_REVIEW,
            f"Teleport's roles don't let {author} review this request. Ask somebody who may, or Teleport's "
            "administrator.",
        )
    return refused(
        Reason.MAY_NOT_REVIEW,
        f"Teleport's roles don't let {author} review a request for these roles. Decide in Teleport: {application.link}",
    )


def _user_left(application: Application) -> Verdict:
    return refused(
        Reason.TELEPORT_USER_UNKNOWN,
        f"Teleport has no user {application.author} any more. Sign in to Teleport once, then decide again.",
    )


def _in_state(request: AccessRequest, state: RequestState) -> AccessRequest:
    return AccessRequest(id=request.id, user=request.user, state=state)
