"""A function that joins with its AWS role leaves nothing of Teleport's anywhere."""

from __future__ import annotations

from local.demo.stored import teleport_credentials
from local.system import LocalSystem
from tests.system.decisions.office import FUNCTION, Office


def test_after_a_request_was_decided_no_teleport_credential_is_kept_anywhere(system: LocalSystem) -> None:
    office = Office(system)
    assert office.told(office.decide(office.approver(), office.ask())).outcome == "applied"
    joins = {event["bot_name"] for event in system.teleport.audit_log if event["event"] == "bot.join"}
    assert joins == {"access-bridge-tickets", "access-bridge-decisions"}
    assert teleport_credentials(system) == []


def test_an_identity_file_in_a_secret_would_be_found(system: LocalSystem) -> None:
    system.use_identity_file(FUNCTION, system.teleport.identity_file("bot-access-bridge-decisions", shape="tbot"))
    assert teleport_credentials(system) == [f"secret {FUNCTION}/teleport-identity"]
