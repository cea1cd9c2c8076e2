"""An instance with tickets that people may have changed, what the ledger knows of them, and the pass over them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aws_lambda_powertools import Logger

from access_bridge.ledger.items import TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.rules.model import Outcomes
from access_bridge.servicenow.client import ServiceNow
from access_bridge.tickets.drift_pass import Found, Systems, drift_pass
from access_bridge.tickets.plan import digests
from local.servicenow.instance import ServiceNowInstance

CLUSTER = "tele.example.test"
ENDED = {"state": "6", "close_code": "No resolution provided", "close_notes": "Denied."}
_LOG = Logger(service="test", level="CRITICAL")


@dataclass
class Tickets:
    """`looks` are the requests at which, and at whose tickets, a look was asked for; `time_left` are the seconds of
    each invocation."""

    instance: ServiceNowInstance
    client: ServiceNow
    ledger: Ledger
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    time_left: float = 300.0
    page_size: int = 1000
    cluster: str = CLUSTER
    looks: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.instance.set_clock(self._clock)

    def add(self, outcome: str = "", **values: str) -> str:
        """A request with its ticket as the bridge left both; returns its id."""
        request_id = str(uuid.uuid4())
        written = ENDED if outcome else {"state": "1", "close_code": ""}
        mine = {"correlation_id": request_id, "correlation_display": f"Teleport {CLUSTER} #1", "number": "INC0012345"}
        sys_id = self.instance.insert_raw(
            "incident", {"sys_id": uuid.UUID(request_id).hex, "short_description": "asks", **mine, **written, **values}
        )
        self.ledger.save_ticket(
            TicketItem(request_id, selected=True, sys_id=sys_id, counter=1, outcome=outcome, fields=digests(written))
        )
        return request_id

    def change(self, request_id: str, **values: str) -> None:
        """A person changes a ticket now."""
        at = f"{self.now:%Y-%m-%d %H:%M:%S}"
        self.instance.update_raw("incident", uuid.UUID(request_id).hex, {"sys_updated_on": at, **values})

    def know(self, request_id: str, **values: object) -> None:
        """The ledger learns something of a ticket."""
        ticket = self.ledger.records(request_id).ticket
        self.ledger.save_ticket(replace(ticket, **values))  # type: ignore[arg-type]

    def later(self, **passed: float) -> None:
        """Let time pass."""
        self.now += timedelta(**passed)

    def run(self, *, report: bool = False) -> Found:
        """One pass."""
        systems = Systems(
            ledger=self.ledger,
            servicenow=self.client,
            cluster=self.cluster,
            outcomes=Outcomes(),
            look=self._look,
            now=lambda: self.now,
            time_left=lambda: self.time_left,
            count=self._count,
            log=_LOG,
            page_size=self.page_size,
        )
        return drift_pass(systems, report=report)

    def asked(self) -> list[str]:
        """The requests that were asked for since this was asked last."""
        found = list(self.looks)
        self.looks.clear()
        return found

    def calls(self) -> int:
        """How many calls the instance had since this was asked last."""
        number = len(self.instance.calls)
        self.instance.reset_calls()
        return number

    def _clock(self) -> float:
        return self.now.timestamp()

    def _look(self, request_ids: Sequence[str]) -> None:
        self.looks += request_ids

    def _count(self, metric: str, number: int) -> None:
        self.counted[metric] = self.counted.get(metric, 0) + number
