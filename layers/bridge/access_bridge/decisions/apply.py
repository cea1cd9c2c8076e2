"""Carries a decision to Teleport, once: the attempt is in the ledger before the call, the decision's id is where no cut
removes it, and only that id, by the author that we used, counts as ours afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.evidence import DecisionRow, TicketRow
from access_bridge.decisions.judge import REQUEST_GONE, judge_resolved, refused
from access_bridge.decisions.outcome import ANNOTATION, Outcome, Reason, Verdict, decision_mark, review_of
from access_bridge.ledger.items import DecisionItem
from access_bridge.servicenow.users import User
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.errors import AlreadyResolved, AlreadyReviewed, InvalidRequest, RequestGone, ReviewRefused

BOT: Final = "bot"
SET_STATE: Final = "set_state"
_DONE: Final = {RequestState.APPROVED: "approved", RequestState.DENIED: "denied"}
_TICKET_ANNOTATION: Final = "servicenow"


@dataclass(frozen=True, slots=True)
class Application:
    """A decision that may be carried to Teleport."""

    row: DecisionRow
    ticket: TicketRow
    user: User
    state: RequestState
    mode: str

    @property
    def reason(self) -> str:
        """The reason in Teleport: the id first, then who decided where, then the human's words."""
        names = ", ".join(filter(None, (self.user.user_name, self.user.email)))
        who = f"{self.user.name or self.user.user_name} ({names})"
        words = f": {self.row.reason.strip()}" if self.row.reason.strip() else ""
        mark = decision_mark(self.row.decision_id)
        return f"{mark} {_DONE[self.state].capitalize()} in ServiceNow by {who} on {self.ticket.number}{words}"


def applied_before(request: AccessRequest, item: DecisionItem, state: RequestState) -> Verdict | None:
    """Return what became of an attempt that the ledger has without an end; None where it surely didn't arrive.

    The wanted state without our id is *applied_unproved*: said so, and not repeated.
    """
    if not item.attempt_mode:
        return None
    review = review_of(request, item.decision_id, item.attempt_author)
    if review is not None:
        return after_review(request, review.proposed_state, item.attempt_author)
    if item.decision_id in request.resolve_annotations.get(ANNOTATION, ()) and request.state is state:
        return _applied(state, "set by the bridge")
    if request.state is state:
        return Verdict(
            Outcome.APPLIED_UNPROVED,
            Reason.APPLIED_UNPROVED,
            f"The request is {_DONE[state]} in Teleport. The answer to our own call was lost, so it is not certain "
            "that this decision did it.",
        )
    return None


def after_review(request: AccessRequest, state: RequestState, author: str) -> Verdict:
    """Return what a review of ours came to."""
    if request.state is state:
        return _applied(state, f"as a review by {author}")
    if request.state is not RequestState.PENDING:
        verdict = judge_resolved(request, state)
        if verdict is not None:
            return verdict
    have, need = request.approvals_needed()
    votes = "one denial of several needed" if state is RequestState.DENIED else f"{have} of {need} approvals"
    return Verdict(
        Outcome.RECORDED,
        Reason.THRESHOLD_OPEN,
        f"Recorded as a review by {author}: {votes}. The others have to be given in Teleport, where the bridge has "
        "this one vote.",
    )


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
    if application.mode == BOT and any(review.author == teleport.username for review in request.reviews):
        return _vote_spent(teleport.username)
    record_attempt(application.mode, teleport.username)
    try:
        if application.mode == SET_STATE:
            return _set_state(application, request, teleport)
        after = teleport.submit_review(request.id, application.state, application.reason)
        return after_review(after, application.state, teleport.username)
    except RequestGone:
        return REQUEST_GONE
    except AlreadyReviewed:
        return _vote_spent(teleport.username)
    except AlreadyResolved as error:
        resolved = judge_resolved(_in_state(request, error.state), application.state)
        return resolved or refused(Reason.REFUSED_BY_TELEPORT, str(error))
    except (ReviewRefused, InvalidRequest) as error:
        return refused(Reason.REFUSED_BY_TELEPORT, f"{error}. Decide in Teleport, or ask its administrator.")


def _set_state(application: Application, request: AccessRequest, teleport: Teleport) -> Verdict:
    teleport.set_access_request_state(
        request.id,
        application.state,
        application.reason,
        delegator=f"servicenow:{application.user.email or application.user.user_name}",
        annotations={ANNOTATION: [application.row.decision_id], _TICKET_ANNOTATION: [application.ticket.number]},
    )
    return _applied(application.state, f"set by {teleport.username}")


def _applied(state: RequestState, how: str) -> Verdict:
    return Verdict(Outcome.APPLIED, Reason.APPLIED, f"The request is {_DONE[state]} in Teleport ({how}).")


def _vote_spent(author: str) -> Verdict:
    return refused(
        Reason.BOT_VOTE_SPENT,
        f"{author} already used its one vote on this request for an earlier decision. Give this one in Teleport.",
    )


def _in_state(request: AccessRequest, state: RequestState) -> AccessRequest:
    return AccessRequest(id=request.id, user=request.user, state=state)
