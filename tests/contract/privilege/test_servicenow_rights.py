"""The rights that docs/servicenow.md has an administrator give the two accounts are enough, and each is needed: without
it, something that its function does fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.credentials import BasicCredentials
from cli.servicenow import grants
from cli.servicenow.check_accounts import decisions_account, tickets_account
from local.teleport.cluster import TeleportCluster
from tests.contract.decisions.conftest import DEMO
from tests.contract.decisions.court import Court, Instance
from tests.contract.ledger_tables import Tables
from tests.contract.privilege.servicenow_needs import DECISIONS, TICKETS, Reader, desk, justifying
from tests.contract.privilege.servicenow_rights import USERS, Right, documented, leave
from tests.contract.tickets.desk import Desk

NOT_SHOWN: Final = {
    Right(
        "tickets", "incident", "write", "sys_id"
    ): "Whether choosing a record's sys_id takes a right of its own is unverified; the stand-in asks for none.",
    **{
        Right(account, table, "read", "sys_created_on"): (
            "Only sorted by. Whether that takes the right to read the column is unverified; the stand-in asks for none."
        )
        for account, table in (
            ("tickets", "incident"),
            ("tickets", "x_acbr_bridge_decision"),
            ("decisions", "incident"),
        )
    },
}
"""Rights that the stand-in can't show to be needed, and why. docs/servicenow-by-hand.md lists them as unverified."""

JUSTIFYING: Final = tuple(justifying())
RIGHTS: Final = sorted(documented())


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    with Instance.running() as running:
        yield running


@pytest.fixture(scope="session")
def cluster() -> Iterator[TeleportCluster]:
    made = TeleportCluster(on_behalf=True)
    made.apply((DEMO / "cluster.yaml").read_text(encoding="utf-8"))
    with made:
        yield made


class Trial:
    """Tries what the functions do while their accounts have some rights and no others."""

    def __init__(self, instance: Instance, cluster: TeleportCluster) -> None:
        self._instance = instance
        self._cluster = cluster
        self._missing_role = ""

    def unmet(self, account: str, rights: Iterable[Right], table: str = "") -> Iterator[str]:
        """Yield what an account's function can't do with these rights: of all, or of what works with a table."""
        given = list(rights)
        for need in (*(TICKETS if account == "tickets" else DECISIONS), *JUSTIFYING):
            if not table or table in need.tables:
                with (self._desk if account == "tickets" else self._court)(given) as (worker, reader):
                    if not need.is_met(reader if need in JUSTIFYING else worker):
                        yield need.sentence

    @contextmanager
    def without_role(self, account: str, role: str) -> Iterator[None]:
        """Within, the account lacks a role."""
        self._missing_role = role
        self._instance.servicenow.remove_role(USERS[account], role)
        try:
            yield
        finally:
            self._instance.servicenow.add_role(USERS[account], role)
            self._missing_role = ""

    @contextmanager
    def _desk(self, rights: list[Right]) -> Iterator[tuple[Desk, Reader]]:
        with desk() as made:
            leave(made.instance, "tickets", rights)
            made.instance.remove_role(USERS["tickets"], self._missing_role)
            yield made, Reader(made.instance, made.client)

    @contextmanager
    def _court(self, rights: list[Right]) -> Iterator[tuple[Court, Reader]]:
        servicenow = self._instance.servicenow
        leave(servicenow, "decisions", rights)
        try:
            court = Court(self._cluster, self._instance, Ledger(Tables(), "ledger"))
            yield court, Reader(servicenow, self._instance.client)
        finally:
            servicenow.controls.give_back()


@pytest.fixture
def trial(instance: Instance, cluster: TeleportCluster) -> Trial:
    return Trial(instance, cluster)


@pytest.mark.parametrize("account", USERS)
def test_with_these_rights_and_no_others_all_that_the_function_does_works(trial: Trial, account: str) -> None:
    assert list(trial.unmet(account, RIGHTS)) == []


@pytest.mark.parametrize("right", [right for right in RIGHTS if right not in NOT_SHOWN], ids=str)
def test_without_a_right_something_that_the_function_does_fails(trial: Trial, right: Right) -> None:
    fails = next(trial.unmet(right.account, [other for other in RIGHTS if other != right], right.table), "")
    assert fails, (
        f"{right}: docs/servicenow.md has an administrator give this right, and nothing fails without it. Take it out "
        "there, or add what needs it to tests/contract/privilege/servicenow_needs.py."
    )


@pytest.mark.parametrize(
    ("account", "role"),
    [
        *(("tickets", needed.role) for needed in grants.NEEDED_FOR_TICKETS),
        *(("decisions", needed.role) for needed in grants.NEEDED_FOR_DECISIONS),
    ],
)
def test_each_role_that_the_command_gives_an_account_is_needed(trial: Trial, account: str, role: str) -> None:
    with trial.without_role(account, role):
        assert next(trial.unmet(account, RIGHTS), ""), f"{account} has the role {role}, and nothing fails without it"


def test_the_check_of_the_accounts_wants_no_right_that_is_not_documented() -> None:
    nobody = BasicCredentials("", "")
    for account in (tickets_account("", nobody), decisions_account("", nobody)):
        wanted = {
            Right(account.side, table, "read", field)
            for table, fields in (*account.reads, *account.reads_for_votes)
            for field in fields
        }
        assert wanted - documented() == set()


def test_what_can_not_be_shown_is_still_documented() -> None:
    assert NOT_SHOWN.keys() <= documented()
