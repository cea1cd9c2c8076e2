"""One request's ticket, brought into line against ServiceNow's stand-in and a ledger in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest, RequestState, Review, Threshold
from access_bridge.decisions.messages import AutomaticMessage
from access_bridge.errors import BrokenConfiguration
from access_bridge.justification.find import find_justification
from access_bridge.justification.judge import Justification
from access_bridge.ledger.items import TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.people import People
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import Rules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.users import Users
from access_bridge.teleport.client import Teleport
from access_bridge.tickets.callers import Callers
from access_bridge.tickets.incidents import Incidents
from access_bridge.tickets.sync import Systems, sync
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.store import Row
from tests.contract.tickets.teleport_double import TeleportDouble

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
OTHER = "01a20646-293f-7a1b-b5ec-0850e708ae9e"
NOW = datetime.now(UTC)
BOT = "bot-access-bridge-decisions"
REQUEST = AccessRequest(
    ID,
    "alice",
    roles=("dba",),
    created=NOW,
    access_until=NOW + timedelta(hours=8),
    expires_resource=NOW + timedelta(hours=1),
    reason="restart the database",
    thresholds=(Threshold("default", approve=2, deny=1),),
    role_thresholds={"dba": ((0,),)},
    revision="r-1",
)
UNKNOWN_OUTCOME_SECONDS = 65.0


@dataclass
class Desk:
    """What a look at the request works with. `asked` are the messages for the decisions queue; `asking_fails` says that
    it isn't there."""

    instance: ServiceNowInstance
    client: ServiceNow
    ledger: Ledger
    teleport: TeleportDouble = field(default_factory=TeleportDouble)
    rules: Rules = field(default_factory=Rules)
    now: datetime = NOW
    asked: list[AutomaticMessage] = field(default_factory=list)
    asking_fails: bool = False
    counted: list[str] = field(default_factory=list)

    def use_rules(self, text: str) -> None:
        """Give the bridge these rules."""
        self.rules = load_rules(text)

    def shows(self, **changes: object) -> None:
        """Have Teleport show the request so."""
        self.teleport.requests = [replace(REQUEST, **changes)]  # type: ignore[arg-type]

    def look(self, *, ticket: bool = False) -> None:
        """One look at the request, as one message of the tickets queue causes it; `ticket`: and at its ticket."""
        teleport = cast(Teleport, self.teleport)
        log = Logger(service="test", level="CRITICAL")
        count: Callable[[str], None] = self.counted.append
        systems = Systems(
            ledger=self.ledger,
            teleport=teleport,
            incidents=Incidents(self.client, count, log),
            callers=Callers(Users(self.client), teleport, self.rules.ticket, log, count),
            rules=self.rules,
            justify=self._justify if self.rules.justification else None,
            ask=self._ask,
            web_addr="teleport.example.test:443",
            now=lambda: self.now,
            unknown_outcome_seconds=UNKNOWN_OUTCOME_SECONDS,
            count=count,
            log=log,
        )
        sync(ID, None, systems, look_at_ticket=ticket)

    def later(self, seconds: float = UNKNOWN_OUTCOME_SECONDS + 1) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def incident(self) -> Row:
        """The one incident of the request."""
        (row,) = (row for row in self.instance.rows("incident") if row["correlation_id"] == ID)
        return row

    def notes(self) -> list[str]:
        """The incident's work notes, oldest first."""
        return self.instance.work_notes(self.incident()["sys_id"])

    def item(self) -> TicketItem:
        """What the ledger knows of the ticket."""
        return self.ledger.records(ID).ticket

    def user(self, name: str) -> str:
        """The sys_id of a user."""
        return next(row["sys_id"] for row in self.instance.rows("sys_user") if row["user_name"] == name)

    def group(self, name: str) -> str:
        """The sys_id of a group."""
        return next(row["sys_id"] for row in self.instance.rows("sys_user_group") if row["name"] == name)

    def _justify(self, request: AccessRequest) -> Justification:
        assert self.rules.justification is not None
        users = Users(self.client)
        people = People(users, cast(Teleport, self.teleport), self.rules.decisions)
        return find_justification(
            request.reason, request.user, self.rules.justification, self.client, users, people, self.now
        )

    def _ask(self, message: AutomaticMessage) -> None:
        if self.asking_fails:
            raise BrokenConfiguration("DECISIONS_QUEUE_URL", "is not set.", "Set it on the function.")
        self.asked.append(message)


def vote(author: str, reason: str = "") -> Review:
    """An approval that counts for the threshold."""
    return Review(author, RequestState.APPROVED, reason, NOW, threshold_indexes=(0,))
