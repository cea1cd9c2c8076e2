"""An instance with decision rows of which the bridge may not have heard, and the pass over them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aws_lambda_powertools import Logger

from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.undecided import Found, Systems, undecided_pass
from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.client import ServiceNow
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import DECISION

CLUSTER = "tele.example.test"
_LOG = Logger(service="test", level="CRITICAL")


@dataclass
class Rows:
    """`sent` are the decisions that were put on their queue, `looks` the requests whose tickets are to be looked at;
    `time_left` are the seconds of each invocation."""

    instance: ServiceNowInstance
    client: ServiceNow
    ledger: Ledger
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    time_left: float = 300.0
    page_size: int = 1000
    sent: list[DecisionMessage] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    def add(self, minutes: float = 10, **values: str) -> str:
        """Put a row into the database that was made so long ago; returns its sys_id."""
        made = f"{self.now - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"
        honest = {
            "ticket_table": "incident",
            "ticket": uuid.uuid4().hex,
            "request_id": str(uuid.uuid4()),
            "cluster": CLUSTER,
            "decision": "approved",
            "sys_created_by": "bob",
            "sys_created_on": made,
            "sys_id": uuid.uuid4().hex,
        }
        return self.instance.insert_raw(DECISION, honest | values)

    def run(self, *, report: bool = False) -> Found:
        """One pass."""
        systems = Systems(
            ledger=self.ledger,
            servicenow=self.client,
            cluster=CLUSTER,
            send=self._send,
            look=self.looks.extend,
            now=lambda: self.now,
            time_left=lambda: self.time_left,
            count=self._count,
            log=_LOG,
            page_size=self.page_size,
        )
        return undecided_pass(systems, report=report)

    def taken(self) -> list[str]:
        """The sys_ids of the rows that were sent since this was asked last."""
        found = [message.decision_id for message in self.sent]
        self.sent.clear()
        return found

    def request_of(self, row: str) -> str:
        """The access request that a row is for."""
        return self.instance.row(DECISION, row)["request_id"]

    def calls(self) -> int:
        """How many calls the instance had since this was asked last."""
        number = len(self.instance.calls)
        self.instance.reset_calls()
        return number

    def _send(self, messages: Sequence[DecisionMessage]) -> None:
        self.sent += messages

    def _count(self, metric: str, number: int) -> None:
        self.counted[metric] = self.counted.get(metric, 0) + number
