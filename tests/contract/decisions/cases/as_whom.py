"""In whose name a decision is in Teleport, and everything by which Teleport may say no."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from grpclib.const import Status

from access_bridge.decisions.outcome import Outcome, Reason
from access_bridge.errors import OutcomeUnknown
from access_bridge.teleport.errors import IdentityLocked, MfaRequired, ReviewsUnsupported
from tests.contract.decisions.cases.declare import MODES, Chapter, Ended, Expected
from tests.contract.decisions.cases.ends import AGAIN, APPLIED, DENIED, NO_REVIEWS, applied_as, refused
from tests.contract.decisions.court import BOT, BOT_ROLE, Case, Court

CHAPTER = Chapter(
    "In whose name, and when Teleport says no",
    "`bot`: the decision is the bot's review. `on_behalf`: it is the human's own review, and Teleport's roles judge "
    "him. `set_state`: the bot sets the state. Nothing falls back to another mode.",
)
_UNSUPPORTED = refused(
    Reason.ON_BEHALF_UNSUPPORTED,
    "Teleport doesn't let the bridge review in your name: its version doesn't know submit_for_users (18.11 and newer "
    "do), or the bot's role doesn't allow it for you. Whoever runs the bridge grants it, or chooses another "
    "decisions.mode; then decide again.",
)
_MFA = Expected(
    Outcome.FAILED,
    Reason.MFA_REQUIRED,
    "Teleport demands MFA of the bridge's identity, which is no bot's. Whoever runs the bridge stores a bot's "
    f"identity. {AGAIN}",
)
_LOCKED = Expected(
    Outcome.FAILED,
    Reason.IDENTITY_LOCKED,
    "Teleport denies the bridge's identity all access: most likely it is locked. Whoever runs the bridge looks at "
    f"`tctl get locks`. {AGAIN}",
)
_AUTHOR_MAY_NOT = refused(
    Reason.MAY_NOT_REVIEW,
    "Teleport's roles don't let {approver} review this request. Ask somebody who may, or Teleport's administrator.",
)
_OTHERS = "Further approvers can decide on this ticket, or in Teleport."
_ONE_VOTE = "The others have to be given in Teleport, where the bridge has this one vote."


def _recorded(how: str, reviews: tuple[str, ...], others: str) -> Expected:
    told = f"Recorded as {how}: 1 of 2 approvals. {others}"
    return Expected(Outcome.RECORDED, Reason.THRESHOLD_OPEN, told, reviews=reviews)


def _two_needed(court: Court) -> Case:
    """A request that needs two approvals or two denials."""
    thresholds = [{"name": "two", "approve": 2, "deny": 2}]
    role = court.teleport_role(f"asker-{uuid.uuid4().hex[:10]}", request={"roles": ["dba"], "thresholds": thresholds})
    return court.ask(court.requester(role=role))


def _writes(court: Court, before: int) -> int:
    calls = court.cluster.calls[before:]
    return sum(call.path.endswith(("SubmitAccessReview", "SetAccessRequestState")) for call in calls)


# ---- what each Teleport knows


@CHAPTER.case(("bot", "set_state"), APPLIED, teleport="18.0")
def an_older_teleport(court: Court) -> Ended:
    """An approver approves on a Teleport that doesn't know `submit_for_users`."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("on_behalf", _UNSUPPORTED, teleport="18.0")
def an_older_teleport_on_behalf(court: Court) -> Ended:
    """An approver approves on a Teleport that doesn't know `submit_for_users`."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("set_state", APPLIED, teleport="open source")
def open_source(court: Court) -> Ended:
    """An approver approves on an open-source cluster."""
    boss, case = court.approver(teleport=None), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("set_state", DENIED, teleport="open source")
def open_source_denied(court: Court) -> Ended:
    """An approver denies on an open-source cluster."""
    boss, case = court.approver(teleport=None), court.ask()
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case))


@CHAPTER.case(("bot", "on_behalf"), NO_REVIEWS, teleport="open source")
def reviews_on_open_source(court: Court) -> Ended:
    """An approver approves on an open-source cluster, where nobody can review: no review is tried."""
    boss, case = court.approver(teleport=None), court.ask()
    court.teleport_user(boss, "access")
    before = len(court.cluster.calls)
    item = court.decide_in_vain(court.click(boss, case), case, ReviewsUnsupported)
    assert _writes(court, before) == 0
    return Ended(case, item)


@CHAPTER.case("set_state", APPLIED, teleport="open source")
def the_mode_is_mended(court: Court) -> Ended:
    """A decision failed so on an open-source cluster; then the mode is changed and it is tried again."""
    boss, case = court.approver(teleport=None), court.ask()
    row = court.click(boss, case)
    court.rule(mode="bot")
    court.decide_in_vain(row, case, ReviewsUnsupported)
    court.rule(mode="set_state")
    return Ended(case, court.decide(row, case))


@CHAPTER.case("on_behalf", _UNSUPPORTED)
def the_bot_may_not_speak_for_him(court: Court) -> Ended:
    """The bot's role has no `submit_for_users`."""
    boss, case = court.approver(), court.ask()
    with court.bot_role(review_requests={"roles": ["*"]}):
        return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("on_behalf", _UNSUPPORTED)
def the_bot_may_speak_for_others(court: Court) -> Ended:
    """The bot's role has `submit_for_users`, and the approver is not named in it."""
    boss, case = court.approver(), court.ask()
    with court.bot_role(review_requests={"submit_for_users": ["somebody-else"]}):
        return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("on_behalf", applied_as("{approver}"))
def the_right_is_granted(court: Court) -> Ended:
    """A decision was refused so; then the right is granted, and the approver decides again."""
    boss, case = court.approver(), court.ask()
    with court.bot_role(review_requests={"roles": ["*"]}):
        court.decide(court.click(boss, case), case)
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("bot", NO_REVIEWS)
def the_bot_may_not_review(court: Court) -> Ended:
    """The bot's role has no right to review at all."""
    boss, case = court.approver(), court.ask()
    with court.bot_role():
        return Ended(case, court.decide_in_vain(court.click(boss, case), case, ReviewsUnsupported))


# ---- several approvals


@CHAPTER.case("bot", _recorded("a review by {bot}", ("{bot}",), _ONE_VOTE))
@CHAPTER.case("on_behalf", _recorded("{approver}'s own review", ("{approver}",), _OTHERS))
@CHAPTER.case("set_state", APPLIED)
def the_first_of_two(court: Court) -> Ended:
    """Two approvals are needed: the first approver approves."""
    boss, case = court.approver(), _two_needed(court)
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(
    "bot",
    refused(
        Reason.BOT_VOTE_SPENT,
        "{bot} already used its one vote on this request for an earlier decision. Give this one in Teleport: {link}",
        reviews=("{bot}",),
    ),
)
@CHAPTER.case("on_behalf", replace(applied_as("{approver}"), reviews=("{first approver}", "{approver}")))
@CHAPTER.case(
    "set_state",
    refused(
        Reason.ALREADY_RESOLVED,
        "The request was already approved in Teleport; there was nothing left to do.",
        state="APPROVED",
    ),
)
def the_second_of_two(court: Court) -> Ended:
    """Two approvals are needed: the second approver approves on the same incident."""
    first, boss, case = court.approver(), court.approver(), _two_needed(court)
    court.decide(court.click(first, case), case)
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss, "first approver": first})


@CHAPTER.case(
    "on_behalf",
    Expected(
        Outcome.RECORDED,
        Reason.THRESHOLD_OPEN,
        f"Recorded as {{approver}}'s own review: one denial of several needed. {_OTHERS}",
        reviews=("{approver}",),
    ),
)
def one_of_two_denials(court: Court) -> Ended:
    """Two denials are needed: the first approver denies."""
    boss, case = court.approver(), _two_needed(court)
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case), {"approver": boss})


@CHAPTER.case("on_behalf", replace(applied_as("{approver}"), reviews=("{colleague}", "{approver}")))
@CHAPTER.case("bot", replace(APPLIED["bot"], reviews=("{colleague}", "{bot}")))
def one_of_two_in_teleport(court: Court) -> Ended:
    """Two approvals are needed: a colleague gave his in Teleport, the second comes from ServiceNow."""
    boss, colleague, case = court.approver(), court.approver(), _two_needed(court)
    court.cluster.as_user(colleague).review(case.request_id, "APPROVED")
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss, "colleague": colleague})


@CHAPTER.case(
    MODES,
    refused(
        Reason.ALREADY_REVIEWED,
        "You already reviewed this request in Teleport, with the same vote.",
        reviews=("{approver}",),
    ),
)
def he_reviewed_already(court: Court) -> Ended:
    """Two approvals are needed: the approver himself already approved in Teleport."""
    boss, case = court.approver(), _two_needed(court)
    court.cluster.as_user(boss).review(case.request_id, "APPROVED")
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(
    ("bot", "set_state"),
    refused(
        Reason.ALREADY_REVIEWED,
        "You already reviewed this request in Teleport, with the same vote.",
        reviews=("{there}",),
    ),
)
def he_reviewed_already_under_another_name(court: Court) -> Ended:
    """Two approvals are needed: the approver already approved in Teleport, where only the table knows his name."""
    boss, case = court.approver(teleport=None), _two_needed(court)
    there = f"{boss}-there"
    court.teleport_user(there, "reviewer")
    court.rule(teleport_users={boss: there})
    court.cluster.as_user(there).review(case.request_id, "APPROVED")
    return Ended(case, court.decide(court.click(boss, case), case), {"there": there})


@CHAPTER.case(
    "bot",
    refused(
        Reason.ALREADY_REVIEWED,
        "You already reviewed this request in Teleport, with the same vote.",
        reviews=("{there}",),
    ),
)
def he_reviewed_already_by_his_trait(court: Court) -> Ended:
    """The same, where only the trait of his Teleport user says that it is he."""
    boss, there = court.approver(teleport=None), f"reviewer-{len(court.cluster.users)}"
    requester = court.requester(role="two-requester")
    court.teleport_user(requester, "two-requester", servicenow_id=[court.user_id(requester)])
    court.teleport_user(there, "reviewer", servicenow_id=[court.user_id(boss)])
    court.rule(teleport_user="trait:servicenow_id")
    case = court.ask(requester)
    court.cluster.as_user(there).review(case.request_id, "APPROVED")
    return Ended(case, court.decide(court.click(boss, case), case), {"there": there})


@CHAPTER.case(
    MODES,
    Expected(
        Outcome.CONFLICT,
        Reason.CONFLICT,
        "You reviewed this request in Teleport with the other vote, which counts there.",
        reviews=("{approver}",),
    ),
)
def he_reviewed_otherwise(court: Court) -> Ended:
    """Two votes are needed: the approver denied in Teleport, and approves in ServiceNow."""
    boss, case = court.approver(), _two_needed(court)
    court.cluster.as_user(boss).review(case.request_id, "DENIED")
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


# ---- too late


@CHAPTER.case(
    MODES,
    refused(
        Reason.ALREADY_RESOLVED,
        "The request was already approved in Teleport; there was nothing left to do.",
        state="APPROVED",
    ),
)
def resolved_already(court: Court) -> Ended:
    """Somebody approved in Teleport meanwhile (with `tctl`), and the approver approves."""
    boss, case = court.approver(), court.ask()
    court.cluster.tctl_approve(case.request_id)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(
    MODES,
    Expected(
        Outcome.CONFLICT,
        Reason.CONFLICT,
        "The request was already denied in Teleport, and Teleport has the last word.",
        state="DENIED",
    ),
)
def resolved_otherwise(court: Court) -> Ended:
    """Somebody denied in Teleport meanwhile (with `tctl`), and the approver approves."""
    boss, case = court.approver(), court.ask()
    court.cluster.tctl_deny(case.request_id)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(
    "set_state",
    Expected(
        Outcome.CONFLICT,
        Reason.CONFLICT,
        "The request was already approved in Teleport, and Teleport has the last word.",
        state="APPROVED",
    ),
)
def a_denial_too_late(court: Court) -> Ended:
    """Somebody approved in Teleport meanwhile, and the approver denies: Teleport would let the bot take it back."""
    boss, case = court.approver(), court.ask()
    court.cluster.tctl_approve(case.request_id)
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case))


@CHAPTER.case(
    "bot",
    refused(Reason.REQUEST_EXPIRED, "The access request has expired. The requester has to make a new one."),
)
def expired(court: Court) -> Ended:
    """The request's time is over, and Teleport hasn't removed it yet."""
    boss, case = court.approver(), court.ask(ttl=timedelta(minutes=30))
    row = court.click(boss, case)
    court.later = timedelta(minutes=31)
    return Ended(case, court.decide(row, case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.REQUEST_GONE, "Teleport no longer has this access request: it expired or was deleted.", state="gone"
    ),
)
def deleted(court: Court) -> Ended:
    """The request was deleted in Teleport."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.ask()
    court.cluster.tctl_rm(case.request_id)
    return Ended(case, court.decide(row, case))


# ---- rights in Teleport


@CHAPTER.case("on_behalf", _AUTHOR_MAY_NOT)
def his_roles_are_for_others(court: Court) -> Ended:
    """The approver's roles in Teleport let him review requests for other roles only."""
    boss = court.approver(role=court.teleport_role("reviewer-of-prod", review_requests={"roles": ["prod-*"]}))
    case = court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("on_behalf", _AUTHOR_MAY_NOT)
def he_may_not_review_at_all(court: Court) -> Ended:
    """The approver has no role in Teleport that lets him review."""
    boss, case = court.approver(role="access"), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(("bot", "set_state"), APPLIED)
def his_roles_do_not_count(court: Court) -> Ended:
    """The approver has no role in Teleport that lets him review; the approver group is what counts."""
    boss, case = court.approver(role="access"), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.MAY_NOT_REVIEW,
        "Teleport's roles don't let {bot} review a request for these roles. Decide in Teleport: {link}",
    ),
)
def the_bot_reviews_others(court: Court) -> Ended:
    """The bot's role lets it review requests for other roles only."""
    boss, case = court.approver(), court.ask()
    with court.bot_role(review_requests={"roles": ["prod-*"]}):
        return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("on_behalf", applied_as("{approver}"))
def the_bot_reviews_nothing_itself(court: Court) -> Ended:
    """The bot's role lets it hand in others' reviews, and give none of its own."""
    boss, case = court.approver(), court.ask()
    with court.bot_role(review_requests={"submit_for_users": [boss]}):
        return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(
    "on_behalf",
    refused(
        Reason.TELEPORT_USER_UNKNOWN,
        "Teleport has no user {approver} any more. Sign in to Teleport once, then decide again.",
    ),
)
def he_signs_out_meanwhile(court: Court) -> Ended:
    """The approver's Teleport user vanishes between the look and the review."""
    boss, case = court.approver(), court.ask()
    court.cluster.faults.fail("SubmitAccessReview", Status.NOT_FOUND, f'"user" "{boss}" does not exist')
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(MODES, _MFA)
def a_humans_identity(court: Court) -> Ended:
    """The bridge was given the identity of a human, of whom Teleport demands MFA."""
    boss, case, operator = court.approver(), court.ask(), f"operator-{uuid.uuid4().hex[:10]}"
    court.teleport_user(operator, BOT_ROLE)
    court.identity = court.cluster.identity_file(operator, shape="tsh")
    return Ended(case, court.decide_in_vain(court.click(boss, case), case, MfaRequired))


@CHAPTER.case(MODES, _LOCKED)
def the_bot_is_locked(court: Court) -> Ended:
    """The bot is locked."""
    boss, case = court.approver(), court.ask()
    court.cluster.lock(BOT)
    return Ended(case, court.decide_in_vain(court.click(boss, case), case, IdentityLocked))


@CHAPTER.case(MODES, APPLIED)
def the_lock_is_lifted(court: Court) -> Ended:
    """A decision failed so; then the lock is taken away and it is tried again."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.cluster.lock(BOT)
    court.decide_in_vain(row, case, IdentityLocked)
    court.cluster.unlock(BOT)
    return Ended(case, court.decide(row, case), {"approver": boss})


@CHAPTER.case(("bot", "on_behalf"), APPLIED)
@CHAPTER.case("set_state", replace(APPLIED["set_state"], told="The request is approved in Teleport (set by {bot})."))
def the_answer_is_lost(court: Court) -> Ended:
    """Teleport takes the decision and its answer is lost; it is tried again: one review."""
    boss, case = court.approver(), court.ask()
    row, before = court.click(boss, case), len(court.cluster.calls)
    for method in ("SubmitAccessReview", "SetAccessRequestState"):
        court.cluster.faults.drop(method, after_commit=True)
    court.decide_in_vain(row, case, OutcomeUnknown)
    item = court.decide(row, case)
    assert _writes(court, before) == 1
    return Ended(case, item, {"approver": boss})
