"""The guards without which something could be lost, doubled, or decided by the wrong person; each with the change that
takes it out, and the tests that are run then. At least one of them has to fail, else the guard guards nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PACKAGE: Final = "layers/bridge/access_bridge"

_TROUBLE = "tests/system/tickets/test_sync_servicenow_trouble.py"
_SIGHT = "tests/system/tickets/test_sync_sight.py"
_ORDER = "tests/system/tickets/test_sync_order.py"
_OVERLAP = "tests/contract/tickets/test_contract_sync_overlap.py"
_TROUBLED = "tests/system/decisions/test_decisions_troubled.py"
_JUDGE = "tests/unit/decisions/test_decisions_judge.py"
_VOTES = "tests/unit/decisions/test_decisions_votes_and_limits.py"
_APPLICATION = "tests/unit/decisions/test_decisions_application.py"
_SIGNATURE = "tests/unit/decisions/test_decisions_signature.py"
_ON_CALL = "tests/unit/decisions/test_on_call.py"
_PLAN = "tests/unit/tickets/test_facts_and_plan.py"
_PASS = "tests/unit/tickets/test_minute_pass_choices.py"
_CASES = "tests/contract/decisions/test_cases.py"
_CONSUMING = "tests/unit/aws/test_consuming.py"
_SETTLED = "tests/contract/decisions/test_settled_first.py"
_OVERLAPPING = "tests/contract/decisions/test_decisions_that_overlap.py"
_LEDGER = "tests/unit/ledger/test_ledger_table.py"


@dataclass(frozen=True, slots=True)
class Break:
    """A guard, and how to take it out.

    `without` says what is missing then; `file` is below the package; `text` stands there once, and becomes `instead`;
    `tests` is the file that is run, and `only` picks some of its tests, as pytest's `-k` does.
    """

    without: str
    file: str
    text: str
    instead: str
    tests: str
    only: str = ""


BREAKS: Final = (
    # ---- one ticket, and each fact on it once ----
    Break(
        "claim: the insert isn't in the ledger before it is made",
        "tickets/sync.py",
        "ticket = self._ledger.save_ticket(replace(ticket, attempt=attempt))\n        row = self._written(",
        "ticket = replace(ticket, attempt=attempt)\n        row = self._written(",
        _OVERLAP,
        "very_first_insert",
    ),
    Break(
        "look first: after a lost insert the ticket is made again, unseen",
        "tickets/sync.py",
        "            found = self._incidents.find(self._id)\n            settled = self._adopt",
        "            found = None\n            settled = self._adopt",
        _OVERLAP,
        "very_first_insert",
    ),
    Break(
        "wait: a write is looked at while ServiceNow may still be working on it",
        "tickets/sync.py",
        "        if wait > 0:",
        "        if wait > 1e9:",
        _OVERLAP,
    ),
    Break(
        "counter: a note without a known end is written again",
        "tickets/sync.py",
        "        if shown == attempt.after:\n            return self._told(ticket, attempt)\n",
        "",
        _TROUBLE,
        "notes_that_were_written",
    ),
    Break(
        "counter: a note doesn't raise it",
        "tickets/sync.py",
        "            counter += 1\n",
        "",
        _OVERLAP,
        "never_got",
    ),
    Break(
        "ledger before note: the attempt isn't recorded before the note is written",
        "tickets/sync.py",
        "        if step.note:\n            ticket = self._ledger.save_ticket(replace(ticket, attempt=attempt))\n",
        "",
        _TROUBLE,
        "notes_that_were_written",
    ),
    Break(
        "told facts: what was told isn't kept",
        "ledger/items.py",
        "            told=self.told | frozenset(attempt.facts),\n",
        "",
        _ORDER,
        "twice_and_in_reverse",
    ),
    Break(
        "version: a second writer of a ticket's item isn't noticed",
        "ledger/table.py",
        "codec.ticket_attributes(saved), condition=_version_is(item.version))",
        "codec.ticket_attributes(saved))",
        _LEDGER,
    ),
    Break(
        "version: a second writer of a decision's item isn't noticed",
        "ledger/table.py",
        "values, condition=condition)\n        except",
        "values)\n        except",
        _OVERLAPPING,
    ),
    Break(
        "event first: an event isn't stored before anything is called",
        "tickets/sync.py",
        "            systems.ledger.put_event(event)\n        before",
        "            pass\n        before",
        _ORDER,
        "only_an_event_knows",
    ),
    Break(
        "adoption: a ticket that was found isn't taken over with what it was made with",
        "tickets/sync.py",
        "        told = ticket.tell(ticket.attempt) if ticket.attempt else ticket\n",
        "        told = ticket\n",
        _OVERLAP,
        "person_edits",
    ),
    # ---- what a person ended stays ended; an empty answer closes nothing ----
    Break(
        "proof of sight: a request that isn't shown counts as gone",
        "teleport/sight.py",
        "    proved = any(other.id != request_id for other in teleport.access_requests(limit=2))\n",
        "    proved = True\n",
        _SIGHT,
        "closes_nothing",
    ),
    Break(
        "proof of sight: a ticket that answers 404 counts as deleted",
        "servicenow/sight.py",
        "        if not client.sees(table, other_than=sys_id):",
        "        if False:",
        _SIGHT,
        "may_not_read_incidents or account_that_sees",
    ),
    Break(
        "proof of sight: a decision row that answers 404 counts as absent",
        "servicenow/sight.py",
        "        if not client.sees(table, other_than=sys_id):",
        "        if False:",
        _SETTLED,
        "hidden",
    ),
    Break(
        "proof of sight: a request that is shown again after the proof counts as gone",
        "teleport/sight.py",
        "    return (teleport.access_request(request_id) if proved else None), proved\n",
        "    return None, proved\n",
        _OVERLAP,
        "request_that_is_shown_again",
    ),
    Break(
        "proof of sight: a row that is shown again after the proof counts as absent",
        "servicenow/sight.py",
        "        found = look()\n    return found",
        "    return found",
        _SETTLED,
        "row_that_is_shown_again",
    ),
    Break(
        "whole list: the pass takes a list that shows nothing for the truth",
        "tickets/minute_pass.py",
        "        if (over or shown) and _due(ticket, mark, now):",
        "        if _due(ticket, mark, now):",
        _PASS,
    ),
    Break(
        "person's end: a ticket that a person ended is changed again",
        "tickets/plan.py",
        "    if ticket.ended_by:\n        changed = {}\n",
        "",
        _PLAN,
    ),
    # ---- a decision is applied once ----
    Break(
        "attempt first: a decision's attempt isn't recorded before Teleport is called",
        "decisions/apply.py",
        "    record_attempt(application.mode, author)\n",
        "",
        _TROUBLED,
        "killed_after or answer_is_lost",
    ),
    Break(
        "look for the id: an earlier attempt isn't looked for before the decision is judged anew",
        "decisions/carry.py",
        "            stop(applied_before(known, self.item, self.state))\n\n    def request",
        "            pass\n\n    def request",
        _SETTLED,
        "stays_applied",
    ),
    Break(
        "author: an id in anybody's review counts as ours",
        "decisions/outcome.py",
        "            if review.author == author and marked_decision(review.reason) == decision_id",
        "            if marked_decision(review.reason) == decision_id",
        _APPLICATION,
    ),
    Break(
        "unproved: the wanted state without our id counts as applied by us",
        "decisions/apply.py",
        '            Outcome.APPLIED_UNPROVED,\n            Reason.APPLIED_UNPROVED,\n            f"The request is',
        '            Outcome.APPLIED,\n            Reason.APPLIED,\n            f"The request is',
        _APPLICATION,
    ),
    Break(
        "late attempt: a refusal because of our own earlier attempt counts as one",
        "decisions/carry.py",
        "            return (applied_before(again, before, self.state) if again else None) or verdict\n",
        "            return verdict\n",
        _SETTLED,
        "arrives",
    ),
    Break(
        "last look: the request isn't read again right before it is changed",
        "decisions/decide.py",
        "        request = self._latest(request, records.ticket, user)\n",
        "",
        "tests/contract/decisions/test_last_look.py",
    ),
    # ---- who may decide ----
    Break(
        "signature: a callback needs none that is right",
        "decisions/callback.py",
        "    if not any(matches):",
        "    if False:",
        _SIGNATURE,
    ),
    Break(
        "freshness: a callback may be as old as it likes",
        "decisions/callback.py",
        "    if abs(now - int(timestamp)) > MAX_AGE_SECONDS:",
        "    if False:",
        _SIGNATURE,
    ),
    Break(
        "read-back: the row isn't held against the callback",
        "decisions/judge_row.py",
        "    if said != (message.table, message.sys_id, message.request_id, message.decision):",
        "    if False:",
        _JUDGE,
    ),
    Break(
        "read-back: who made the row isn't held against whom it names",
        "decisions/judge_people.py",
        "    if not made_it and not row.approval:",
        "    if False:",
        _JUDGE,
    ),
    Break(
        "its ticket: any ticket's decision counts",
        "decisions/judge_row.py",
        "    return None if ours else FOREIGN_TICKET",
        "    return None",
        _JUDGE,
    ),
    Break(
        "withdrawal: a later decision of the same human doesn't take this one back",
        "decisions/judge_row.py",
        "        if other.decision != row.decision and (later or same_second):",
        "        if False:",
        _JUDGE,
    ),
    Break(
        "active: a locked or inactive account decides",
        "decisions/judge_people.py",
        "    if not user.active or user.locked_out:",
        "    if False:",
        _JUDGE,
    ),
    Break(
        "integration users: an integration account decides",
        "decisions/judge_people.py",
        "    if user.user_name.casefold() in {name.casefold() for name in integration_users}:",
        "    if False:",
        _JUDGE,
    ),
    Break(
        "own request: the requester decides it himself",
        "decisions/judge_people.py",
        "    if user.sys_id in alike or mine & theirs:",
        "    if False:",
        _JUDGE,
    ),
    Break(
        "requester: who can't be told apart from the requester decides",
        "decisions/judge_people.py",
        "    if own is not None or len(requesters) == 1:",
        "    if True:",
        _JUDGE,
    ),
    Break(
        "group: anybody in ServiceNow decides",
        "decisions/judge_people.py",
        "    if member:\n        return None\n",
        "    if True:\n        return None\n",
        _VOTES,
    ),
    Break(
        "vote: an approval that a flow or a time-out gave counts",
        "decisions/judge_row.py",
        "    if not by_voter or not vote.approver or not (voter.sys_id == vote.approver or delegated):",
        "    if False:",
        _VOTES,
    ),
    Break(
        "limits: roles that are never approved from ServiceNow are",
        "decisions/judge_request.py",
        "    never = [role for role in request.roles if role_matches(role, rules.never_approve)]",
        "    never: list[str] = []",
        _VOTES,
    ),
    Break(
        "time: a request past its time takes a decision",
        "decisions/judge_request.py",
        "    if request.state is RequestState.PENDING and until and now >= until:",
        "    if False:",
        _JUDGE,
    ),
    Break(
        "bot's own check: the request isn't read again right before the write",
        "decisions/automatic.py",
        "        latest = carrier.request(ticket)\n        self._judge(latest)\n",
        "        latest = request\n",
        "tests/contract/decisions/test_last_look.py",
        "own",
    ),
    # ---- text is data; nothing is lost at the doors and queues ----
    Break(
        "text: what people write is interpreted by ServiceNow",
        "servicenow/text.py",
        '    return _SUBSTITUTION.sub("$ ", _CODE_TAG.sub("(", shown))',
        "    return shown",
        "tests/unit/servicenow/test_servicenow_text.py",
    ),
    Break(
        "text: a value is put into a query as it comes",
        "servicenow/query.py",
        '    if not value.strip() or "^" in value or',
        "    if not value.strip() or",
        "tests/unit/servicenow/test_servicenow_query.py",
    ),
    Break(
        "dropped term: what a query was answered with isn't held against it",
        "servicenow/client.py",
        "            if ignored is not None:",
        "            if False:",
        "tests/unit/servicenow/test_servicenow_client.py",
    ),
    Break(
        "kept message: an attempt that failed is done",
        "aws/consume.py",
        "backoff.seconds(attempts, wanted))\n        return False",
        "backoff.seconds(attempts, wanted))\n        return True",
        _CONSUMING,
    ),
    Break(
        "partial failure: what SQS took in part counts as sent",
        "aws/queues.py",
        "            waiting = {key: message for key, message in waiting.items() if key in failed}",
        "            waiting = {}",
        "tests/unit/aws/test_queue_sending.py",
    ),
    Break(
        "the exporter goes on: a malformed record is answered with an error",
        "events/accept.py",
        '            malformed.append(MalformedRecord(_cut(_dump(record)), "no audit event:',
        '            raise ValueError((_cut(_dump(record)), "no audit event:',
        "tests/unit/events/test_accept.py",
    ),
    # ---- what people did in ServiceNow; what nobody told ----
    Break(
        "proof of sight: an account that sees no users says who is on call",
        "decisions/on_call.py",
        "        if not found and not self.people.sees_users():",
        "        if False:",
        _ON_CALL,
        "no_user_but_its_own",
    ),
    Break(
        "closed by himself: the requester's own closing denies his request",
        "decisions/closed_check.py",
        "        if judge_own_request(user, names, self.people.alike(request.user), self.people.known_as(user)):",
        "        if False:",
        _CASES,
        "by_the_requester",
    ),
    Break(
        "closed after an approval: closing the ticket overrules whoever approved",
        "decisions/closed_check.py",
        "        if any(review.proposed_state is RequestState.APPROVED for review in request.reviews):",
        "        if False:",
        _CASES,
        "half_approved",
    ),
    Break(
        "patience: a decision is looked for while its callback may still be on its way",
        "decisions/undecided.py",
        "        return step if now - since >= first else Step.WAIT\n    again",
        "        return step\n    again",
        "tests/unit/decisions/test_undecided.py",
    ),
    Break(
        "told once: the pass over tickets asks for what was told",
        "tickets/drift_pass.py",
        "        if finding is None or not finding.is_news(ticket):",
        "        if finding is None:",
        "tests/contract/reconcile/test_changed_tickets.py",
        "told_is_not_asked",
    ),
    Break(
        "credentials: a 401 is taken for an answer about the caller's name",
        "tickets/callers.py",
        "        except CredentialsRefused:\n            raise  # not about this name\n",
        "",
        _OVERLAP,
        "credentials_are_refused",
    ),
    Break(
        "patience: what Retry-After says is passed over",
        "aws/consume.py",
        "        return max(doubled, min(math.ceil(wanted or 0), self.longest_seconds * 2))",
        "        return doubled",
        _CONSUMING,
    ),
    Break(
        "word: an attempt that was killed is noted by nobody",
        "aws/consume.py",
        "        if (attempts > 1 or last) and _noted(",
        "        if False and _noted(",
        _CONSUMING,
        "begins_is_noted",
    ),
    # ---- the way into Teleport ----
    Break(
        "one certificate: the User CA is trusted too, so that OpenSSL sends two",
        "teleport/identity.py",
        " and ca.subject != client.issuer",
        "",
        "tests/contract/teleport_client/test_joining.py",
        "each_bot_joins or user_ca",
    ),
    Break(
        "proxy's certificate: whoever answers is joined",
        "teleport/tls.py",
        "        context.load_verify_locations(certifi.where())\n",
        "        context.check_hostname = False\n        context.verify_mode = ssl.CERT_NONE\n",
        "tests/contract/teleport_client/test_joining.py",
        "trusted or another_name",
    ),
    Break(
        "auth server's certificate: whoever answers is told",
        "teleport/tls.py",
        '        context.load_verify_locations(cadata="".join(identity.host_ca_pems))\n',
        "        context.check_hostname = False\n        context.verify_mode = ssl.CERT_NONE\n",
        "tests/contract/teleport_client/test_teleport_connecting.py",
        "recorded_trial or rotated",
    ),
    Break(
        "renewal: a certificate is used until it ends",
        "teleport/joining/identities.py",
        "            if now >= held.renewal and self._pause() <= 0:",
        "            if False:",
        "tests/unit/teleport/joining/test_joined_identities.py",
    ),
    Break(
        "back-off: a failed join is tried again at once",
        "teleport/joining/identities.py",
        "                if self._failure is not None and pause > 0:",
        "                if False:",
        "tests/unit/teleport/joining/test_joined_identities.py",
    ),
)
