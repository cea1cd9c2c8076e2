"""Where a decision is decided without Lambda and queues: the product's `decide` with its own clients, against a
Teleport cluster and a ServiceNow instance on loopback, and a ledger. Each case has people and requests of its
own.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import yaml
from aws_lambda_powertools import Logger

from access_bridge.decisions.automatic import decide_automatically
from access_bridge.decisions.carry import Systems
from access_bridge.decisions.closed_check import ClosedCheck
from access_bridge.decisions.decide import decide
from access_bridge.decisions.evidence import Evidence
from access_bridge.decisions.justification_check import JustificationCheck
from access_bridge.decisions.messages import ClosedMessage, DecisionMessage, JustificationMessage, OnCallMessage
from access_bridge.decisions.on_call import OnCallCheck
from access_bridge.decisions.outcome import without_mark
from access_bridge.errors import BridgeError
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.people import People
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import Rules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.users import Users
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import Identity, parse_identity
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import DECISION
from local.teleport.audit import AuditEvent
from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.unit.teleport.given import Given

GROUP = "Access approvers"
APPROVER_ROLE = "x_acbr_bridge.approver"
BOT = "bot-access-bridge-decisions"
BOT_ROLE = "access-bridge-decisions"
BOT_REVIEWS: Mapping[str, Any] = {"review_requests": {"roles": ["*"], "submit_for_users": ["*"]}}
RULES: Mapping[str, Any] = {"decisions": {"approvers": {"group": GROUP}}}


class _Kept(logging.Handler):
    """Keeps the last lines of the log, as their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[Mapping[str, Any]] = deque(maxlen=200)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(dict(vars(record)))


_KEPT = _Kept()
_LOG = Logger(service="court", level="INFO", logger_handler=_KEPT)


@dataclass(frozen=True, slots=True)
class Case:
    """An access request and the incident that stands for it."""

    request_id: str
    requester: str
    ticket: str
    number: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A ServiceNow instance, and the client of the account of `servicenow_decisions`."""

    servicenow: ServiceNowInstance
    client: ServiceNow

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Instance]:
        """An instance with the demo's groups and accounts."""
        servicenow = ServiceNowInstance()
        servicenow.start()
        try:
            account = servicenow.seed_demo().decisions
            with requests.Session() as session:
                credentials = BasicCredentials(account.user_name, account.password)
                yield cls(servicenow, ServiceNow(servicenow.url, credentials, session=session))
        finally:
            servicenow.stop()


@dataclass(slots=True)
class Court:
    """A cluster, an instance and a ledger.

    `rules` is the rules file as a mapping; `later` is added to the present, to look from another time; `identity` is
    what to work with where it isn't the bot's identity file: another such file, or what a join gave.
    """

    cluster: TeleportCluster
    instance: Instance
    ledger: Ledger
    rules: Mapping[str, Any] = field(default_factory=lambda: dict(RULES))
    later: timedelta = timedelta()
    identity: str | Identity = ""
    looks: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)

    # ---- people

    def requester(
        self, *, name: str = "", role: str = "requester", email: str = "", known: bool = True, **traits: Sequence[str]
    ) -> str:
        """Add somebody who asks in Teleport; `known`: under the same name in ServiceNow too. Returns the name."""
        user = name or _name("asker")
        address = email or f"{user}@example.test"
        self.teleport_user(user, role, email=[address], **traits)
        if known:
            self.instance.servicenow.add_user(user, email=address, name=f"{user.title()} Engineer")
        return user

    def approver(self, *, name: str = "", teleport: str | None = "", role: str = "reviewer", **user: Any) -> str:
        """Add somebody who may decide in ServiceNow; in the approver group unless `groups` says otherwise.

        `teleport` is his name in Teleport: empty for the same one, None for none. Returns the ServiceNow user name.
        """
        who = name or _name("boss")
        self.instance.servicenow.add_user(
            who,
            **{
                "email": f"{who}@example.test",
                "name": f"{who.title()} Manager",
                "roles": ("itil", APPROVER_ROLE),
                "groups": (GROUP,),
                **user,
            },
        )
        if teleport is not None:
            self.teleport_user(teleport or who, role, email=[f"{who}@example.test"])
        return who

    def teleport_user(self, name: str, *roles: str, **traits: Sequence[str]) -> None:
        """Add a Teleport user, or change him."""
        spec = {"roles": list(roles), "traits": {key: list(values) for key, values in traits.items()}}
        self.apply({"kind": "user", "version": "v2", "metadata": {"name": name}, "spec": spec})

    def teleport_role(self, name: str, **allow: Any) -> str:
        """Add a Teleport role, or change it. Returns the name."""
        self.apply({"kind": "role", "version": "v7", "metadata": {"name": name}, "spec": {"allow": allow}})
        return name

    def apply(self, *resources: Mapping[str, Any]) -> None:
        """Do what `tctl create -f` does."""
        self.cluster.apply(yaml.safe_dump_all(resources))

    @contextmanager
    def bot_role(self, **allow: Any) -> Iterator[None]:
        """Inside, this is what the bot's role allows; it may always read requests and users, and set a state."""
        rules = [
            {"resources": ["access_request"], "verbs": ["list", "read", "update"]},
            {"resources": ["user"], "verbs": ["read"]},
        ]
        self.teleport_role(BOT_ROLE, rules=rules, **allow)
        try:
            yield
        finally:
            self.teleport_role(BOT_ROLE, rules=rules, **BOT_REVIEWS)

    def rule(self, **decisions: Any) -> None:
        """Change the section `decisions` of the rules file."""
        self.rules = {**self.rules, "decisions": {**self.rules["decisions"], **decisions}}

    def remove_member(self, group: str, user_name: str) -> None:
        """Take a user out of a group, both by name."""
        servicenow, user = self.instance.servicenow, self.user_id(user_name)
        (group_id,) = (row["sys_id"] for row in servicenow.rows("sys_user_group") if row["name"] == group)
        for row in servicenow.rows("sys_user_grmember"):
            if (row["user"], row["group"]) == (user, group_id):
                servicenow.delete("sys_user_grmember", row["sys_id"])

    def user_id(self, user_name: str) -> str:
        """Return the sys_id of a ServiceNow user."""
        rows = self.instance.servicenow.rows("sys_user")
        return next(row["sys_id"] for row in rows if row["user_name"] == user_name)

    # ---- requests and decisions

    def ask(
        self, requester: str = "", roles: Sequence[str] = ("dba",), reason: str = "fix the nightly job", **asked: Any
    ) -> Case:
        """Make an access request with its incident, as the tickets' side leaves both."""
        who = requester or self.requester()
        request_id = self.cluster.as_user(who).create_request(list(roles), reason, **asked)
        display = f"Teleport {self.cluster.name} #1"
        values = {"correlation_id": request_id, "correlation_display": display, "short_description": "asks"}
        ticket = self.instance.servicenow.insert_raw("incident", values)
        self.ledger.save_ticket(TicketItem(request_id, selected=True, sys_id=ticket, counter=1))
        return Case(request_id, who, ticket, self.instance.servicenow.row("incident", ticket)["number"])

    def click(self, user: str, case: Case, decision: str = "approved", reason: str = "fine with me") -> str:
        """A person's click on the incident. Returns the decision row's sys_id."""
        return self.instance.servicenow.decide(user, case.ticket, decision, reason)

    def ask_for_approval(self, approver: str, case: Case) -> str:
        """Ask somebody for approval of the incident. Returns the sys_id of the approval."""
        return self.instance.servicenow.request_approval(case.ticket, approver)

    def vote(self, user: str, approval: str, state: str = "approved") -> str:
        """A person's vote on an approval. Returns the sys_id of the decision row that came of it."""
        self.instance.servicenow.vote(user, approval, state)
        return self.row_of(approval)

    def vote_without_person(self, approval: str, by: str, state: str = "approved") -> str:
        """Something sets an approval's state past all access controls, under the name `by`. Returns the decision row
        that came of it."""
        self.instance.servicenow.approve_by_system(approval, by, state)
        return self.row_of(approval)

    def row_of(self, approval: str) -> str:
        """Return the newest decision row that came of an approval."""
        assert self.instance.servicenow.wait_for_callbacks()
        rows = self.instance.servicenow.rows(DECISION)
        return [row["sys_id"] for row in rows if row["approval"] == approval][-1]

    def decide(self, row: str, case: Case, said: str = "") -> DecisionItem:
        """Decide as for the callback of a decision row, and return what the ledger has of it then.

        The callback said `said`, by default what the row says.
        """
        said = said or self.instance.servicenow.row(DECISION, row)["decision"]
        message = DecisionMessage.model_validate(
            {
                "decision_id": row,
                "table": "incident",
                "sys_id": case.ticket,
                "request_id": case.request_id,
                "decision": said,
            }
        )
        with self.systems() as systems:
            decide(message, systems)
        return self.ledger.decision(case.request_id, row)

    def decide_in_vain(self, row: str, case: Case, error: type[BridgeError]) -> DecisionItem:
        """Decide, which raises this error: the message would come again."""
        with pytest.raises(error):
            self.decide(row, case)
        return self.ledger.decision(case.request_id, row)

    def check_on_call(self, case: Case) -> DecisionItem:
        """Decide as for an on-call look, and return what the ledger has of it then."""
        message = OnCallMessage(request_id=case.request_id)
        with self.systems() as systems:
            check = OnCallCheck(systems.rules, self.instance.client, systems.people, systems.now, systems.log)
            decide_automatically(message, check, systems)
        return self.ledger.decision(case.request_id, message.decision_id)

    def on_call_item(self, case: Case) -> DecisionItem:
        """Return what the ledger has of the on-call look at a request."""
        return self.ledger.decision(case.request_id, OnCallMessage(request_id=case.request_id).decision_id)

    def check_justification(self, case: Case) -> DecisionItem:
        """Decide as for a look at the justification, and return what the ledger has of it then."""
        message = JustificationMessage(request_id=case.request_id)
        with self.systems() as systems:
            users = Users(self.instance.client)
            check = JustificationCheck(systems.rules, self.instance.client, users, systems.people, systems.now)
            decide_automatically(message, check, systems)
        return self.ledger.decision(case.request_id, message.decision_id)

    def check_closed(self, case: Case) -> DecisionItem:
        """Decide as for a look at a ticket that was ended, and return what the ledger has of it then."""
        message = ClosedMessage(request_id=case.request_id)
        with self.systems() as systems:
            decide_automatically(message, ClosedCheck.of(systems), systems)
        return self.ledger.decision(case.request_id, message.decision_id)

    def end(self, user: str, case: Case, state: str = "8", **values: str) -> None:
        """A person resolves (6), closes (7) or cancels (8) the incident."""
        codes = {"close_code": "User error", "close_notes": "not needed"}
        self.instance.servicenow.update_as(user, "incident", case.ticket, {"state": state, **codes, **values})

    @contextmanager
    def systems(self) -> Iterator[Systems]:
        """What one invocation of servicenow_decisions works with."""
        identity = self.identity
        if not isinstance(identity, Identity):
            identity = parse_identity(identity or self.cluster.identity_file(BOT, shape="tbot"))
        with connect(Given(identity), Endpoint(self.cluster.proxy_addr, self.cluster.web_ca_pem)) as teleport:
            yield self._systems(teleport, load_rules(yaml.safe_dump(dict(self.rules))))

    def _systems(self, teleport: Teleport, rules: Rules) -> Systems:
        users = Users(self.instance.client)
        return Systems(
            ledger=self.ledger,
            teleport=teleport,
            evidence=Evidence(self.instance.client, users),
            people=People(users, teleport, rules.decisions),
            rules=rules,
            now=lambda: datetime.now(UTC) + self.later,
            look=self.looks.append,
            link=self.link,
            count=self.counted.append,
            log=_LOG,
        )

    # ---- what is there then

    def link(self, request_id: str) -> str:
        """Return the address of a request in Teleport."""
        return f"https://{self.cluster.proxy_addr}/web/requests/{request_id}"

    def request(self, case: Case) -> pb.AccessRequestV3:
        """Return the access request as Teleport has it."""
        return self.cluster.requests[case.request_id]

    def state(self, case: Case) -> str:
        """Return the access request's state."""
        return pb.RequestState.Name(self.request(case).Spec.State)

    def told_in_teleport(self, case: Case) -> str:
        """Return what Teleport shows people as the reason of the last decision, without the decision's id."""
        spec = self.request(case).Spec
        return without_mark(spec.Reviews[-1].Reason if spec.Reviews else spec.ResolveReason)

    def log_lines(self, decision_id: str) -> list[Mapping[str, Any]]:
        """Return the fields of the log's lines about a decision that was made."""
        lines = [line for line in _KEPT.lines if line["msg"] == "decided"]
        return [line for line in lines if line["decision_id"] == decision_id]

    def audit(self, case: Case, event: str) -> list[AuditEvent]:
        """Return the audit events of one kind about the access request."""
        return [one for one in self.cluster.audit_log if one.get("id") == case.request_id and one["event"] == event]


def _name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:10]}"
