"""What became of a decision made in ServiceNow: an outcome, a reason code, and a sentence for the approver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from access_bridge.access_request import AccessRequest, RequestState, Review


class Outcome(StrEnum):
    """Values of `outcome` on a decision row."""

    APPLIED = "applied"
    RECORDED = "recorded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CONFLICT = "conflict"
    APPLIED_UNPROVED = "applied_unproved"
    FAILED = "failed"


class Reason(StrEnum):
    """The code at the beginning of `outcome_detail`."""

    APPLIED = "applied"
    THRESHOLD_OPEN = "threshold_open"
    APPLIED_UNPROVED = "applied_unproved"
    WITHDRAWN = "withdrawn"
    ALREADY_RESOLVED = "already_resolved"
    ALREADY_REVIEWED = "already_reviewed"
    CONFLICT = "conflict"
    ROW_ABSENT = "row_absent"
    ROW_CONTRADICTS_CALLBACK = "row_contradicts_callback"
    FOREIGN_TICKET = "foreign_ticket"
    FOREIGN_CLUSTER = "foreign_cluster"
    NOT_BY_ITS_USER = "not_by_its_user"
    APPROVER_UNKNOWN = "approver_unknown"
    APPROVER_INACTIVE = "approver_inactive"
    APPROVER_NOT_HUMAN = "approver_not_human"
    APPROVER_UNREADABLE = "approver_unreadable"
    NO_APPROVER_GROUP = "no_approver_group"
    NOT_IN_GROUP = "not_in_group"
    REQUESTER_UNKNOWN = "requester_unknown"
    OWN_REQUEST = "own_request"
    REQUEST_GONE = "request_gone"
    REQUEST_EXPIRED = "request_expired"
    BOT_VOTE_SPENT = "bot_vote_spent"
    VOTE_ABSENT = "vote_absent"
    VOTE_FOREIGN = "vote_foreign"
    VOTE_NOT_BY_APPROVER = "vote_not_by_approver"
    VOTE_COUNTED = "vote_counted"
    TELEPORT_USER_UNKNOWN = "teleport_user_unknown"
    TELEPORT_USER_AMBIGUOUS = "teleport_user_ambiguous"
    MAY_NOT_REVIEW = "may_not_review"
    ROLE_NEVER_APPROVED = "role_never_approved"
    LONG_TERM = "long_term"
    ACCESS_TOO_LONG = "access_too_long"
    NOT_ON_CALL = "not_on_call"
    NO_SCHEDULE = "no_schedule"
    NO_RULE = "no_rule"
    CHECK_REFUSED = "check_refused"
    JUSTIFIED = "justified"
    JUSTIFICATION_UNKNOWN = "justification_unknown"
    NOT_CLOSED = "not_closed"
    CLOSED_BY_REQUESTER = "closed_by_requester"
    CLOSER_NOT_HUMAN = "closer_not_human"
    CLOSER_UNKNOWN = "closer_unknown"
    DECISION_WAITING = "decision_waiting"
    APPROVAL_GIVEN = "approval_given"
    REVIEWS_UNSUPPORTED = "reviews_unsupported"
    ON_BEHALF_UNSUPPORTED = "on_behalf_unsupported"
    MFA_REQUIRED = "mfa_required"
    IDENTITY_LOCKED = "identity_locked"
    REFUSED_BY_TELEPORT = "refused_by_teleport"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with its reason."""

    outcome: Outcome
    reason: Reason
    sentence: str

    @property
    def detail(self) -> str:
        """The text of `outcome_detail`: `<code>: <sentence>`."""
        return f"{self.reason}: {self.sentence}"


def refused(reason: Reason, sentence: str) -> Verdict:
    """Return a refusal."""
    return Verdict(Outcome.REFUSED, reason, sentence)


STATES: Final = {"approved": RequestState.APPROVED, "rejected": RequestState.DENIED}
"""What a decision row's `decision` means in Teleport."""

ANNOTATION: Final = "access-bridge/decision"
"""Key of the resolve annotation that carries a decision's id when the state is set directly."""

_MARK: Final = re.compile(r"\[access-bridge decision ([0-9a-f]{32}|(?:oncall|justification|closed)-[0-9a-f-]{36})\]")


def decision_mark(decision_id: str) -> str:
    """Return the text that carries a decision's id in a review's reason; it stands first, where no cut removes it."""
    return f"[access-bridge decision {decision_id}]"


def marked_decision(reason: str) -> str:
    """Return the decision id that a review's reason carries at its beginning, or an empty text."""
    found = _MARK.match(reason)
    return found[1] if found else ""


def review_of(request: AccessRequest, decision_id: str, author: str) -> Review | None:
    """Return the review by which a decision was applied: it carries the decision's id and is by the author that we
    used."""
    return next(
        (
            review
            for review in request.reviews
            if review.author == author and marked_decision(review.reason) == decision_id
        ),
        None,
    )


def without_mark(reason: str) -> str:
    """Return a review's reason without the decision id that it carries, for people."""
    return _MARK.sub("", reason, count=1).strip()
