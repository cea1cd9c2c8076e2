"""Puts a world into both systems, lets things happen in it, and looks after each whether what became of the requests in
Teleport has a human with the authority behind it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import singledispatchmethod
from typing import Any, Final, TypeVar

import yaml
from aws_lambda_powertools import Logger

from access_bridge.decisions.carry import Systems
from access_bridge.decisions.decide import decide
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.errors import BrokenConfiguration, Retry
from access_bridge.ledger.table import Ledger
from access_bridge.rules.load import load_rules
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import parse_identity
from local.servicenow.errors import Refused
from local.servicenow.schema import APPROVAL, DECISION, DELEGATE
from local.teleport.errors import RefusedError
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.decisions import authority_world as happens
from tests.contract.decisions.authority_truth import Approval, Decision, Human, Truth
from tests.contract.decisions.authority_world import Account, Action, Mail, Vote, World
from tests.contract.decisions.court import APPROVER_ROLE, BOT, Case, Court
from tests.contract.ledger_tables import Tables
from tests.unit.teleport.given import Given

INTEGRATION: Final = "svc.access.bridge.tickets"
_PEOPLE: Final = ("alice", "bob", "carol", "dave")
_GROUPS: Final = ("Authority zero", "Authority one")
_TRAIT: Final = "servicenow"
_TELEPORT: Final[dict[Vote, Any]] = {"approved": "APPROVED", "rejected": "DENIED"}
_PEOPLE_TABLES: Final = ("sys_user", "sys_user_grmember", DELEGATE, APPROVAL, DECISION, "incident")

_QUIET: Final = Logger(service="authority", level="CRITICAL")
_TTL: Final = timedelta(hours=1)

_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class LastingCourt(Court):
    """A court that keeps its connection to Teleport; what it knows of people it forgets after each decision."""

    teleport: Teleport
    rota: str

    @contextmanager
    def systems(self) -> Iterator[Systems]:
        """What one invocation of servicenow_decisions works with."""
        yield replace(self._systems(self.teleport, load_rules(yaml.safe_dump(dict(self.rules)))), log=_QUIET)


@contextmanager
def lasting(court: Court) -> Iterator[LastingCourt]:
    """A court for any number of worlds, one after the other, with the groups, roles and the rota that they share."""
    servicenow = court.instance.servicenow
    known = {row["name"] for row in servicenow.rows("sys_user_group")}
    for group in _GROUPS:
        if group not in known:
            servicenow.add_group(group)
    rota = servicenow.add_rota("Authority rota")
    for needed in (1, 2):
        thresholds = [{"name": "needed", "approve": needed, "deny": 1}]
        asked = {"roles": ["dba", "prod-access"], "annotations": {"teleport.dev/schedules": [rota]}}
        court.teleport_role(f"authority-asks-{needed}", request={**asked, "thresholds": thresholds})
    identity = parse_identity(court.cluster.identity_file(BOT, shape="tbot"))
    with connect(Given(identity), Endpoint(court.cluster.proxy_addr, court.cluster.web_ca_pem)) as teleport:
        yield LastingCourt(court.cluster, court.instance, Ledger(Tables(), "ledger"), teleport=teleport, rota=rota)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as Teleport has it."""

    state: str
    reviews: tuple[pb.AccessReview, ...]
    reason: str


@dataclass
class Trial:
    """One world in both systems, from `begun` on; `do` lets something happen and looks what became of it."""

    court: LastingCourt
    world: World
    truth: Truth
    cases: list[Case]
    rows: list[str] = field(default_factory=list)
    approvals: list[str] = field(default_factory=list)
    before: list[Seen] = field(default_factory=list)
    offset: float = 0.0
    told: list[str] = field(default_factory=list)
    """What became of requests, for the statistics."""

    # ---- beginning and end

    @classmethod
    @contextmanager
    def begun(cls, court: LastingCourt, world: World) -> Iterator[Trial]:
        """Put the world there, and take it away again."""
        servicenow = court.instance.servicenow
        there = {table: {row["sys_id"] for row in servicenow.rows(table)} for table in _PEOPLE_TABLES}
        users, requests = set(court.cluster.users), set(court.cluster.requests)
        try:
            truth = Truth(world, _settle(court, world))
            court.rules = _rules(truth)
            trial = cls(court, world, truth, [_ask(court, truth, place) for place in range(len(world.asks))])
            trial.before = trial.seen()
            trial.wait((2 * _TTL).total_seconds() if any(ask.begins == "expired" for ask in world.asks) else 0)
            yield trial
        finally:
            servicenow.wait_for_callbacks()
            servicenow.set_clock(time.time)
            servicenow.take_off_call(court.rota)
            for table in _PEOPLE_TABLES:
                for row in servicenow.rows(table):
                    if row["sys_id"] not in there[table]:
                        servicenow.delete(table, row["sys_id"])
            for name in set(court.cluster.users) - users:
                court.cluster.remove_user(name)
            for request in set(court.cluster.requests) - requests:
                court.cluster.remove_request(request)

    # ---- looking

    def seen(self) -> list[Seen]:
        """Return the requests as Teleport has them."""
        found = [self.court.request(case).Spec for case in self.cases]
        return [Seen(pb.RequestState.Name(one.State), tuple(one.Reviews), one.ResolveReason) for one in found]

    def look(self, decision: Decision | None, on_call: int | None = None) -> None:
        """Raise AssertionError if a request changed without a human with the authority, or a requester on call."""
        now = self.seen()
        for place, (was, is_now) in enumerate(zip(self.before, now, strict=True)):
            if (was.state, len(was.reviews)) != (is_now.state, len(is_now.reviews)):
                self._judge(place, was, is_now, decision, on_call)
        self.before = now

    def _judge(self, place: int, was: Seen, now: Seen, decision: Decision | None, on_call: int | None) -> None:
        new = now.reviews[len(was.reviews) :]
        assert len(new) <= 1, "one decision became several reviews"
        state = pb.RequestState.Name(new[0].ProposedState) if new else now.state
        vote: Vote = "approved" if state == "APPROVED" else "rejected"
        assert now.state in {was.state, state}, "a review came to something else than it says"
        text = new[0].Reason if new else now.reason
        author = new[0].Author if new else ""
        assert (self.world.mode == "set_state") == (not new)
        if on_call is not None:
            assert on_call == place
            assert vote == "approved"
            problem = self.truth.on_call(place)
            assert not problem, f"approved as on call, but {problem}"
            assert author in {BOT, ""}
            assert "automatically" in text
            self.told.append("on call")
            return
        problem = self.truth.why_not(decision, place, vote)
        assert not problem, f"{vote} in Teleport, but {problem}"
        assert decision is not None
        self._judge_attribution(decision, place, author, text, vote)
        self.told.append(f"{vote} {self.world.mode}")
        self.truth.spent.add(decision.number)

    def _judge_attribution(self, decision: Decision, place: int, author: str, text: str, vote: Vote) -> None:
        human = self.truth.people[decision.who]
        verb = "Approved" if vote == "approved" else "Denied"
        assert f"] {verb} in ServiceNow by {human.name} ({human.user_name}" in text
        if author:
            known = human.mail.casefold() == human.address.casefold()
            assert not known or (decision.who, place) not in self.truth.reviewed, "the same human counts twice"
            self.truth.reviewed.add((decision.who, place))
        if self.world.mode == "on_behalf":
            assert author in human.accounts, f"the review is by {author}, who is somebody else"
            assert human.accounts[author].reviewer, "that Teleport user has no right to review"
        elif author:
            assert author == BOT

    # ---- what happens

    def do(self, action: Action) -> None:
        """Let something happen. What a system refuses doesn't."""
        with suppress(Refused, RefusedError):
            self._do(action)
        self.look(None)

    @singledispatchmethod
    def _do(self, action: Action) -> None:
        raise NotImplementedError(action)

    @_do.register
    def _(self, action: happens.Click) -> None:
        who = self.truth.people[action.who]
        row = self.court.click(who.user_name, self.cases[action.ticket], action.vote)
        self._note_row(row, self.truth.decided(action.who, action.ticket, action.vote))
        self._send_if(row, sent=action.sent)

    @_do.register
    def _(self, action: happens.Forge) -> None:
        who, case = self.truth.people[action.who], self.cases[action.request]
        approval = _pick(self.approvals, action.approval)
        row = self.court.instance.servicenow.insert_raw(
            DECISION,
            {
                "ticket_table": "incident",
                "ticket": self.cases[action.ticket].ticket,
                "request_id": case.request_id,
                "cluster": self.court.cluster.name,
                "decision": action.vote,
                "reason": "forged",
                "decided_by": self.truth.people[action.decided_by].sys_id,
                "approval": approval or "",
                "sys_created_by": {"who": who.user_name, "system": "system", "nobody": ""}[action.made_by],
            },
        )
        own = action.made_by == "who" and action.who == action.decided_by and action.ticket == action.request
        decision = self.truth.decided(action.who, action.request, action.vote) if own and not approval else None
        self._note_row(row, decision, approval or "")
        self._send_if(row, sent=action.sent)

    @_do.register
    def _(self, action: happens.Send) -> None:
        row = _pick(self.rows, action.row)
        if row is not None:
            self._send(row, request=action.request, ticket=action.ticket, flipped=action.flipped)

    @_do.register
    def _(self, action: happens.AskApproval) -> None:
        who = self.truth.people[action.who].user_name
        approval = self.court.instance.servicenow.request_approval(self.cases[action.ticket].ticket, who)
        self.truth.approvals[approval] = Approval(action.ticket, action.who)
        self.approvals.append(approval)

    @_do.register
    def _(self, action: happens.CastVote) -> None:
        approval = _pick(self.approvals, action.approval)
        if approval is None:
            return
        servicenow, known = self.court.instance.servicenow, self.truth.approvals[approval]
        before = servicenow.row(APPROVAL, approval)["state"]
        servicenow.vote(self.truth.people[action.who].user_name, approval, action.vote)
        if before != action.vote:
            may = action.who == known.approver or (known.approver, action.who) in self.truth.delegates
            instead_of = None if action.who == known.approver else known.approver
            known.last = self.truth.decided(action.who, known.request, action.vote, instead_of) if may else None
        self._send_votes(approval, sent=action.sent)

    @_do.register
    def _(self, action: happens.AutoVote) -> None:
        approval = _pick(self.approvals, action.approval)
        if approval is not None:
            servicenow = self.court.instance.servicenow
            if servicenow.row(APPROVAL, approval)["state"] != action.vote:
                self.truth.approvals[approval].last = None
            servicenow.approve_by_system(approval, action.by, action.vote)
            self._send_votes(approval, sent=action.sent)

    @_do.register
    def _(self, action: happens.RepeatVote) -> None:
        approval = _pick(self.approvals, action.approval)
        if approval is not None:
            self.court.instance.servicenow.repeat_vote_rule(approval)
            self._send_votes(approval, sent=True)

    @_do.register
    def _(self, action: happens.Comment) -> None:
        approval = _pick(self.approvals, action.approval)
        if approval is not None:
            approver = self.truth.people[self.truth.approvals[approval].approver].user_name
            self.court.instance.servicenow.update_as(approver, APPROVAL, approval, {"comments": "I have seen this"})

    @_do.register
    def _(self, action: happens.Delegate) -> None:
        people = self.truth.people
        self.court.instance.servicenow.add_delegate(people[action.who].user_name, people[action.to].user_name)
        self.truth.delegates.add((action.who, action.to))

    @_do.register
    def _(self, action: happens.SetMail) -> None:
        who = self.truth.people[self.world.cheat]
        who.mail = _address(self.truth.people, action.mail)
        values = {"email": who.mail}
        self.court.instance.servicenow.update_raw("sys_user", who.sys_id, values)

    @_do.register
    def _(self, action: happens.Administer) -> None:
        who, servicenow = self.truth.people[action.who], self.court.instance.servicenow
        match action.what:
            case "group_0" | "group_1":
                group = int(action.what[-1])
                _leave(self.court, who, group)
            case "rename":
                if who.status != "integration":
                    who.user_name = f"{who.user_name}.new"
                    servicenow.update_raw("sys_user", who.sys_id, {"user_name": who.user_name})
                    for role in ("itil", APPROVER_ROLE):
                        servicenow.add_role(who.user_name, role)
            case "deactivate":
                who.status = "inactive"
                servicenow.update_raw("sys_user", who.sys_id, {"active": "false"})
            case "account":
                asked = {case.requester for case in self.cases}
                name = min(who.accounts, default="")
                if name and not (name in asked and self.world.mode == "on_behalf"):
                    del who.accounts[name]
                    self.court.cluster.remove_user(name)

    @_do.register
    def _(self, action: happens.OwnReview) -> None:
        accounts = list(self.truth.people[action.who].accounts)
        if accounts:
            request = self.cases[action.request].request_id
            self.court.cluster.as_user(accounts[0]).review(request, _TELEPORT[action.vote])
            self.truth.reviewed.add((action.who, action.request))
            self.before = self.seen()

    @_do.register
    def _(self, action: happens.LookOnCall) -> None:
        with suppress(Retry, BrokenConfiguration):
            self.court.check_on_call(self.cases[action.request])
        self.look(None, on_call=action.request)

    @_do.register
    def _(self, action: happens.Retarget) -> None:
        values = {"correlation_id": self.cases[action.request].request_id}
        self.court.instance.servicenow.update_raw("incident", self.cases[action.ticket].ticket, values)

    @_do.register
    def _(self, action: happens.Wait) -> None:
        self.wait(action.seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass, for ServiceNow and the product; what Teleport has stays as it is."""
        self.offset += seconds
        offset = self.offset
        self.court.instance.servicenow.set_clock(lambda: time.time() + offset)
        self.court.later = timedelta(seconds=offset)

    # ---- rows and callbacks

    def _note_row(self, row: str, decision: Decision | None, approval: str = "") -> None:
        self.rows.append(row)
        self.truth.rows[row] = decision
        self.truth.row_approvals[row] = approval

    def _send_votes(self, approval: str, *, sent: bool) -> None:
        servicenow = self.court.instance.servicenow
        assert servicenow.wait_for_callbacks()
        for row in servicenow.rows(DECISION):
            if row["approval"] == approval and row["sys_id"] not in self.truth.rows:
                self._note_row(row["sys_id"], None, approval)
                self._send_if(row["sys_id"], sent=sent)

    def _send_if(self, row: str, *, sent: bool) -> None:
        if sent:
            self._send(row)

    def _send(self, row: str, *, request: int | None = None, ticket: int | None = None, flipped: bool = False) -> None:
        self.look(None)
        has = self.court.instance.servicenow.row(DECISION, row)
        other = {"approved": "rejected", "rejected": "approved"}[has["decision"]]
        message = DecisionMessage.model_validate(
            {
                "decision_id": row,
                "table": "incident",
                "sys_id": has["ticket"] if ticket is None else self.cases[ticket].ticket,
                "request_id": has["request_id"] if request is None else self.cases[request].request_id,
                "decision": other if flipped else has["decision"],
            }
        )
        with suppress(Retry, BrokenConfiguration), self.court.systems() as systems:
            decide(message, systems)
        self.look(self.truth.stands_for(row))


# ---- putting people and requests there


def _settle(court: LastingCourt, world: World) -> list[Human]:
    tag = uuid.uuid4().hex[:6]
    people: list[Human] = []
    for place, (person, plain) in enumerate(zip(world.people, _PEOPLE, strict=False)):
        user, address = f"{plain}-{tag}", f"{plain}-{tag}@example.test"
        names = {"user_name": user, "upper": user.upper(), "email": address, "other": f"{user}-adm"}
        accounts = {names[account.naming]: account for account in person.accounts}
        name = f"{plain.title()} {tag}"
        people.append(
            Human(place, user, name, "", address, "", person.status, set(person.groups), accounts, person.level)
        )
    for human, person in zip(people, world.people, strict=True):
        roles = ["itil"] + [APPROVER_ROLE] * person.clicks + ["admin"] * person.admin
        human.mail = _address(people, person.mail)
        human.sys_id = court.instance.servicenow.add_user(
            human.user_name,
            email=human.mail,
            name=human.name,
            roles=roles,
            groups=[_GROUPS[group] for group in person.groups],
            active=person.status != "inactive",
            locked_out=person.status == "locked_out",
            web_service_access_only=person.status == "web_services_only",
        )
        for name, account in human.accounts.items():
            held = [f"authority-asks-{world.threshold}"] + ["reviewer"] * account.reviewer
            traits = {"email": [human.address]} | ({_TRAIT: [human.sys_id]} if account.trait else {})
            court.teleport_user(name, *held, **traits)
        if human.level:
            court.instance.servicenow.put_on_call(court.rota, human.user_name, human.level)
    return people


def _address(people: Sequence[Human], mail: Mail) -> str:
    of = people[mail.of % len(people)]
    text = {
        "address": of.address,
        "user_name": of.user_name,
        "account": min(of.accounts, default=""),
        "shared": f"team-{people[0].address}",
        "none": "",
    }[mail.kind]
    return text.upper() if mail.upper else text


def _rules(truth: Truth) -> dict[str, Any]:
    world, people = truth.world, truth.people
    approvers: dict[str, Any] = {"group": _GROUPS[0]}
    if world.by_role:
        approvers["by_role"] = [{"roles": ["dba"], "group": _GROUPS[1]}]
    table = {
        human.user_name: _nth(human.accounts, person.listed)
        for human, person in zip(people, world.people, strict=True)
        if person.listed is not None
    }
    integrations = [INTEGRATION, *(human.user_name for human in people if human.status == "integration")]
    decisions: dict[str, Any] = {
        "mode": world.mode,
        "teleport_user": world.mapping,
        "teleport_users": table,
        "integration_users": integrations,
        "never_approve": ["dba"] if world.never else [],
    }
    if world.grouped:
        decisions["approvers"] = approvers
    on_call = [{"when": {"roles": ["dba"]}, "then": "ticket", "on_call": "approve"}]
    return {"decisions": decisions, "rules": on_call if world.on_call else []}


def _ask(court: LastingCourt, truth: Truth, place: int) -> Case:
    ask = truth.world.asks[place]
    asked: dict[str, Any] = {}
    if ask.begins == "expired":
        asked["ttl"] = _TTL
    if ask.begins == "long_term":
        asked["long_term"] = True
    case = court.ask(_nth(truth.people[place].accounts, ask.account), ask.roles, **asked)
    if ask.begins == "approved":
        court.cluster.tctl_approve(case.request_id)
    if ask.begins == "denied":
        court.cluster.tctl_deny(case.request_id)
    return case


def _leave(court: LastingCourt, who: Human, group: int) -> None:
    who.groups.discard(group)
    servicenow = court.instance.servicenow
    ids = {row["sys_id"] for row in servicenow.rows("sys_user_group") if row["name"] == _GROUPS[group]}
    for row in servicenow.rows("sys_user_grmember"):
        if row["user"] == who.sys_id and row["group"] in ids:
            servicenow.delete("sys_user_grmember", row["sys_id"])


def _nth(accounts: dict[str, Account], place: int) -> str:
    return list(accounts)[place % len(accounts)]


def _pick(some: Sequence[_T], place: int | None) -> _T | None:
    return some[place % len(some)] if some and place is not None else None
