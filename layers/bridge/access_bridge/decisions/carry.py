"""What every decision goes through, a human's or the bot's own: an earlier attempt is looked for, the request is read,
the attempt is recorded, and Teleport is called.

Failure policy: what can't be read or reached raises and the message comes again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.apply import Application, applied_before, apply
from access_bridge.decisions.evidence import Evidence
from access_bridge.decisions.judge_request import GONE_UNPROVED, REQUEST_GONE, judge_resolved, judge_time
from access_bridge.decisions.outcome import Outcome, Reason, Verdict, refused
from access_bridge.errors import BrokenConfiguration, OutcomeUnknown, Retry
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.people import People
from access_bridge.rules.model import Rules
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.errors import IdentityLocked, MfaRequired, OnBehalfUnsupported, ReviewsUnsupported
from access_bridge.teleport.sight import look_again


@dataclass(frozen=True, slots=True)
class Systems:
    """What a decision is decided with, for one invocation. `look` asks the tickets queue for a look at a request;
    `link` is the address of a request in Teleport."""

    ledger: Ledger
    teleport: Teleport
    evidence: Evidence
    people: People
    rules: Rules
    now: Callable[[], datetime]
    look: Callable[[str], None]
    link: Callable[[str], str]
    count: Callable[[str], None]
    log: Logger


class Decided(Exception):
    """A verdict that ends the work early."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.detail)
        self.verdict = verdict


def stop(verdict: Verdict | None) -> None:
    """End the work where there is a verdict."""
    if verdict is not None:
        raise Decided(verdict)


class Carrier:
    """One decision on its way. `item` is what the ledger is to have of it.

    Parameters
    ----------
    item
        The decision, as far as it is known.
    state
        What is to become of the request.
    systems
        What to work with.
    """

    def __init__(self, item: DecisionItem, state: RequestState, systems: Systems) -> None:
        self.item = item
        self.state = state
        self._systems = systems

    def settle(self) -> None:
        """Look for an attempt without a recorded end before anything is judged anew: what was applied, was."""
        if not self.item.attempt_mode:
            return
        request = self._systems.teleport.access_request(self.item.request_id)
        known = request or self._systems.ledger.records(self.item.request_id).ticket.snapshot
        if known is not None:
            stop(applied_before(known, self.item, self.state))

    def request(self, ticket: TicketItem) -> AccessRequest:
        """Return the request as Teleport has it; gone only where it surely is, for *may not see* looks the same. One
        whose ticket says how it ended takes no decision, whatever can be seen of it."""
        systems = self._systems
        request = systems.teleport.access_request(self.item.request_id)
        if request is not None:
            return request
        over = ticket.pending_until is not None and systems.now().timestamp() > ticket.pending_until
        if not over and not ticket.gone and not ticket.outcome:
            again, proved = look_again(systems.teleport, self.item.request_id)
            if again is not None:
                return again
            if not proved:
                systems.count("RequestNotSeen")
                raise BrokenConfiguration(
                    "Teleport role of servicenow_decisions",
                    "the request isn't shown, and no other one is either.",
                    "Give the bot's role the verbs list and read on access_request.",
                )
        raise Decided(GONE_UNPROVED if self.item.attempt_mode else REQUEST_GONE)

    def judge_open(self, request: AccessRequest) -> None:
        """End the work where the request takes no decision any more."""
        stop(applied_before(request, self.item, self.state))
        stop(judge_time(request, self._systems.now()))
        stop(judge_resolved(request, self.state))

    def apply(self, application: Application, request: AccessRequest) -> Verdict:
        """Carry it to Teleport; where Teleport certainly didn't take it, the attempt is taken back: it was none."""
        before = self.item
        try:
            verdict = apply(application, request, self._systems.teleport, self._record_attempt)
        except OutcomeUnknown:
            raise
        except OnBehalfUnsupported as error:
            # About this human alone, perhaps: others' decisions on the request must not wait until it is mended.
            self._take_back(before)
            self._systems.count("BrokenConfiguration")
            self._systems.log.warning("a review on behalf of somebody is refused", extra={"problem": str(error)})
            return ON_BEHALF_UNSUPPORTED
        except (Retry, BrokenConfiguration):
            self._take_back(before)
            raise
        if before.attempt_mode and verdict.outcome in {Outcome.REFUSED, Outcome.CONFLICT}:
            # The earlier attempt may have arrived after we looked for it: then Teleport refuses this one because of it.
            again = self._systems.teleport.access_request(self.item.request_id)
            return (applied_before(again, before, self.state) if again else None) or verdict
        return verdict

    def _record_attempt(self, mode: str, author: str) -> None:
        now = self._systems.now().timestamp()
        attempted = replace(self.item, attempt_mode=mode, attempt_author=author, attempt_at=now)
        self.item = self._systems.ledger.save_decision(attempted)

    def _take_back(self, before: DecisionItem) -> None:
        self.item = self._systems.ledger.save_decision(replace(before, version=self.item.version))


def carried(item: DecisionItem, run: Callable[[], Verdict], carrier: Carrier, systems: Systems) -> None:
    """Run the work on a decision, keep its verdict in the ledger, log it, and ask for it to be told; the one place
    where that is done. A decision that has its outcome is only asked to be told again.

    Where Teleport refuses the bridge itself in a way that a person has to mend, that is kept as `failed` at once, so
    that the ticket tells it while the message goes on being tried.

    Parameters
    ----------
    item
        The decision as the ledger had it.
    run
        The work; it may raise Decided.
    carrier
        Holds the decision as the work leaves it.
    systems
        What to work with.

    Raises
    ------
    Retry, Refused, BrokenConfiguration
        It isn't decided, or not asked to be told; the message may come again.
    """
    if not item.outcome or item.outcome == Outcome.FAILED:
        try:
            verdict = run()
        except Decided as decided:
            verdict = decided.verdict
        except BrokenConfiguration as error:
            early = _FAILING.get(type(error))
            if early is not None:
                if (item.outcome, item.code) != (early.outcome, early.reason):
                    keep(with_verdict(carrier.item, early, systems.now()), systems.ledger, systems.count, systems.log)
                systems.look(item.request_id)
            raise
        keep(with_verdict(carrier.item, verdict, systems.now()), systems.ledger, systems.count, systems.log)
    if item.failure:
        systems.ledger.clear_decision_failure(item.request_id, item.decision_id)
    systems.look(item.request_id)


def keep(item: DecisionItem, ledger: Ledger, count: Callable[[str], None], log: Logger) -> None:
    """Store a decision with its outcome, and leave its metric and its one log line: `decided`. What failed isn't
    decided yet, and says so."""
    ledger.save_decision(item)
    count(f"Decision{''.join(word.capitalize() for word in item.outcome.split('_'))}")
    log.info(
        "a decision failed so far" if item.outcome == Outcome.FAILED else "decided",
        extra={
            "decision_id": item.decision_id,
            "kind": item.kind,
            "decision": item.decision,
            "decided_by": item.decided_by,
            "ticket": item.ticket_number,
            "teleport_user": item.attempt_author,
            "mode": item.attempt_mode,
            "outcome": item.outcome,
            "code": item.code,
        },
    )


def with_verdict(item: DecisionItem, verdict: Verdict, now: datetime) -> DecisionItem:
    """Return a decision's item with what became of it, and when."""
    return replace(
        item,
        outcome=verdict.outcome.value,
        code=verdict.reason.value,
        sentence=verdict.sentence,
        decided_at=now.timestamp(),
    )


ON_BEHALF_UNSUPPORTED: Final = refused(
    Reason.ON_BEHALF_UNSUPPORTED,
    "Teleport doesn't let the bridge review in your name: its version doesn't know submit_for_users (18.11 and newer "
    "do), or the bot's role doesn't allow it for you. Whoever runs the bridge grants it, or chooses another "
    "decisions.mode; then decide again.",
)
_AGAIN: Final = "It is tried again for about twelve hours. Until that is mended, decide in Teleport."
_FAILING: Final[dict[type[BrokenConfiguration], Verdict]] = {
    ReviewsUnsupported: Verdict(
        Outcome.FAILED,
        Reason.REVIEWS_UNSUPPORTED,
        "Teleport takes no reviews from the bridge: the open-source edition has none, and elsewhere the bot's role "
        f"needs the right. Whoever runs the bridge sets decisions.mode to set_state, or mends the role. {_AGAIN}",
    ),
    MfaRequired: Verdict(
        Outcome.FAILED,
        Reason.MFA_REQUIRED,
        "Teleport demands MFA of the bridge's identity, which is no bot's. Whoever runs the bridge stores a bot's "
        f"identity. {_AGAIN}",
    ),
    IdentityLocked: Verdict(
        Outcome.FAILED,
        Reason.IDENTITY_LOCKED,
        "Teleport denies the bridge's identity all access: most likely it is locked. Whoever runs the bridge looks at "
        f"`tctl get locks`. {_AGAIN}",
    ),
}
