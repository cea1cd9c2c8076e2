"""Whatever people do to a ticket, in whichever order with what happens to its request and to our calls: each thing is
told at most once, nothing of theirs is undone, and it comes to rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from access_bridge.access_request import RequestState
from access_bridge.errors import BridgeError
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from local.servicenow.errors import Refused
from local.servicenow.instance import ServiceNowInstance
from tests.contract.tickets.conftest import new_ledger
from tests.contract.tickets.desk import Desk, vote

ENDED = "in ServiceNow while its access request is pending"
STEPS = st.lists(
    st.sampled_from(
        [
            "resolve",
            "cancel",
            "reopen",
            "recode",
            "look",
            "look at ticket",
            "lose an answer",
            "lose a call",
            "approve",
            "deny",
        ]
    ),
    min_size=2,
    max_size=12,
)
PERSON = {"close_code": "User error", "close_notes": "mine"}


@contextmanager
def new_desk() -> Iterator[Desk]:
    instance = ServiceNowInstance(port=0)
    instance.start()
    account = instance.seed_demo().tickets
    try:
        with mock_aws(), requests.Session() as session:
            client = ServiceNow(instance.url, BasicCredentials(account.user_name, account.password), session=session)
            yield Desk(instance, client, new_ledger())
    finally:
        instance.stop()


class Life:
    """A request and its ticket; `closings` is how often a person ended it while the request was pending."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.state = RequestState.PENDING
        self.closings = 0
        desk.shows()
        desk.look()

    def do(self, step: str) -> None:
        """One thing happens; what the instance doesn't let a person do doesn't."""
        match step:
            case "resolve" | "cancel" | "reopen" | "recode":
                with suppress(Refused):
                    self._edit(step)
            case "look" | "look at ticket":
                self.look(ticket=step == "look at ticket")
            case "lose an answer":
                self.desk.instance.faults.error_after_commit(method="PATCH", table="incident")
            case "lose a call":
                self.desk.instance.faults.drop_before(method="PATCH", table="incident")
            case "approve" | "deny":
                self._resolve(RequestState.APPROVED if step == "approve" else RequestState.DENIED)

    def look(self, *, ticket: bool) -> None:
        """A look, which may fail; the message comes again when ServiceNow can't be working any more."""
        with suppress(BridgeError):
            self.desk.look(ticket=ticket)
        self.desk.later()

    def _edit(self, step: str) -> None:
        values = {
            "resolve": {"state": "6", **PERSON},
            "cancel": {"state": "8"},
            "reopen": {"state": "2"},
            "recode": {"close_code": "Resolved by request"},
        }[step]
        before = self.desk.incident()["state"]
        self.desk.instance.update_as("carol", "incident", self.desk.incident()["sys_id"], values)
        self.closings += step in {"resolve", "cancel"} and before not in {"6", "8"}

    def _resolve(self, state: RequestState) -> None:
        if self.state is RequestState.DENIED:
            return
        self.state = state
        self.desk.shows(state=state, revision=f"r-{state}", reviews=(vote("bob"), vote("carol")))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_each_thing_is_told_once_and_nothing_is_undone(steps: list[str]) -> None:
    with new_desk() as desk:
        life = Life(desk)
        for step in steps:
            life.do(step)
        desk.instance.faults.clear()
        for _ in range(3):
            life.look(ticket=True)
        row, notes = desk.incident(), "\n".join(desk.notes())
        desk.instance.reset_calls()
        life.look(ticket=True)
        assert [call.method for call in desk.instance.calls] in ([], ["GET"])
        assert (desk.incident(), "\n".join(desk.notes())) == (row, notes)
        assert desk.item().attempt is None
        assert notes.count(ENDED) <= life.closings
        for once in ("This ticket is open in ServiceNow", "ended in ServiceNow before its request was decided"):
            assert notes.count(once) <= 2  # approved first, and denied later
        assert notes.count("The request is denied.") <= 1
        assert notes.count("The request is approved.") <= 1
        if row["state"] in {"6", "7"} and life.state is RequestState.PENDING:
            assert notes.count(ENDED) >= 1
