"""Each part of the Teleport roles that we ship is needed: without it, something that its function does fails.

That the whole roles suffice, and what they refuse, is in `tests/contract/teleport/test_shipped_roles.py` too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final, get_args

import boto3
import pytest
import yaml

from access_bridge.ledger.table import Ledger
from access_bridge.rules.decisions import Mode
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import Identity
from access_bridge.teleport.joining.join import Joining, join
from access_bridge.times import utc_now
from local.teleport.cluster import TeleportCluster
from tests.contract.decisions.court import Court, Instance
from tests.contract.ledger_tables import Tables
from tests.contract.privilege.role_parts import Role, parts
from tests.contract.privilege.teleport_needs import ANY_ROLE, TICKETS, Customer, Need, decisions
from tests.contract.teleport import shipped
from tests.contract.teleport.join_client import Credentials, know

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
BOTS: Final = ("tickets", "decisions")
PEOPLE: Final = f"""
{{kind: role, metadata: {{name: dba}}}}
---
{{kind: role, metadata: {{name: prod-access}}}}
---
{{kind: role, metadata: {{name: {ANY_ROLE}}}}}
---
{{kind: role, metadata: {{name: asker}}, spec: {{allow: {{request: {{roles: [dba, prod-access, {ANY_ROLE}]}}}}}}}}
"""
REVIEWERS: Final = """
{kind: role, metadata: {name: any-reviewer}, spec: {allow: {review_requests: {roles: ['*']}}}}
---
{kind: user, metadata: {name: bob}, spec: {roles: [any-reviewer]}}
---
{kind: user, metadata: {name: carol}, spec: {roles: [any-reviewer]}}
"""

NewCustomer = Callable[[Mode], Customer]


def roles_of(text: str) -> dict[str, Role]:
    """The functions' roles in a YAML stream, by what their names end in."""
    found = [one for one in yaml.safe_load_all(text) if one["kind"] == "role"]
    return {one["metadata"]["name"].removeprefix("access-bridge-"): one for one in found}


def shipped_roles(mode: Mode) -> dict[str, Role]:
    """The roles in the files that are for a mode."""
    return roles_of("---\n".join(shipped.text(file) for file in shipped.FILES[mode]))


def needs(mode: Mode, bot: str, role: Role) -> tuple[Need, ...]:
    return TICKETS if bot == "tickets" else tuple(decisions(mode, role))


def joined(cluster: TeleportCluster, bot: str, credentials: Credentials) -> Identity:
    """The identity that the function joins with, by its own code."""
    session = boto3.Session(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    endpoint = Endpoint(cluster.proxy_addr, cluster.web_ca_pem)
    return join(Joining(endpoint, f"access-bridge-{bot}", f"a-function-for-{bot}", session, "us-east-1", utc_now))


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    with Instance.running() as running:
        yield running


@pytest.fixture(scope="session")
def customer(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewCustomer]:
    """Gives the customer of a mode, who created what the command wrote; one of each for this test process."""
    known: dict[Mode, Customer] = {}
    with ExitStack() as running:

        def give(mode: Mode) -> Customer:
            if mode not in known:
                cluster = TeleportCluster(
                    directory=tmp_path_factory.mktemp(mode),
                    edition="oss" if mode == "set_state" else "ent",
                    on_behalf=mode == "on_behalf",
                )
                for text in (shipped.printed(mode), PEOPLE, *((REVIEWERS,) if mode != "set_state" else ())):
                    cluster.apply(text)
                know(cluster, shipped.TICKETS, shipped.DECISIONS)
                running.enter_context(cluster)
                court = Court(cluster, instance, Ledger(Tables(), "ledger"))
                court.identity = joined(cluster, "decisions", shipped.DECISIONS)
                known[mode] = Customer(court, mode, joined(cluster, "tickets", shipped.TICKETS))
            return known[mode]

        yield give


ROLES: Final = [(mode, bot) for mode in MODES for bot in BOTS if mode == "bot" or bot == "decisions"]
PARTS: Final = [(mode, bot, part) for mode, bot in ROLES for part in parts(shipped_roles(mode)[bot])]


@pytest.mark.parametrize(("mode", "bot"), ROLES)
def test_with_the_whole_role_all_that_the_function_does_works(customer: NewCustomer, mode: Mode, bot: str) -> None:
    role = roles_of(shipped.printed(mode))[bot]
    assert [need.sentence for need in needs(mode, bot, role) if not need.is_met(customer(mode))] == []


@pytest.mark.parametrize(("mode", "bot", "part"), PARTS)
def test_without_a_part_of_the_role_something_that_the_function_does_fails(
    customer: NewCustomer, mode: Mode, bot: str, part: str
) -> None:
    role, cluster = roles_of(shipped.printed(mode))[bot], customer(mode).court.cluster
    cluster.apply(yaml.safe_dump(parts(role)[part]))
    try:
        fails = next((need.sentence for need in needs(mode, bot, role) if not need.is_met(customer(mode))), "")
    finally:
        cluster.apply(yaml.safe_dump(role))
    assert fails, (
        f"{part}: the role of {bot} (decisions.mode {mode}) in teleport/roles has it, and nothing fails without it. "
        "Take it out, or add what needs it to tests/contract/privilege/teleport_needs.py."
    )


@pytest.mark.parametrize("mode", MODES)
def test_what_the_command_writes_has_the_parts_of_the_files_and_no_others(mode: Mode) -> None:
    written, files = roles_of(shipped.printed(mode)), shipped_roles(mode)
    assert {bot: parts(role).keys() for bot, role in written.items()} == {
        bot: parts(role).keys() for bot, role in files.items()
    }


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        (lambda role: role["spec"]["allow"].update(request={"roles": ["*"]}), "request"),
        (lambda role: role["spec"].update(options={"max_session_ttl": "8h"}), "options"),
    ],
)
def test_a_part_of_a_role_that_nobody_tries_is_not_passed_over(change: Callable[[Any], None], unknown: str) -> None:
    role = shipped_roles("bot")["tickets"]
    change(role)
    with pytest.raises(AssertionError, match=unknown):
        parts(role)
