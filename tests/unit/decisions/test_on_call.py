"""A requester who is on call is approved by the bot; whatever speaks against it leaves the decision to somebody."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import requests
from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest
from access_bridge.decisions.on_call import OnCallCheck
from access_bridge.decisions.outcome import Outcome, Reason, Verdict
from access_bridge.errors import BrokenConfiguration, Retry
from access_bridge.people import People
from access_bridge.rules.model import Rules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.users import Users
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.convert import User as TeleportUser
from tests.unit.servicenow.peer import Peer, Reply, failed, listed, record

DATABASE, NETWORK = "da" * 16, "e1" * 16
ALICE, BOB = "a1" * 16, "b2" * 16
USER = {
    "sys_id": ALICE,
    "user_name": "alice",
    "email": "alice@example.test",
    "name": "Alice Engineer",
    "active": "true",
    "locked_out": "false",
    "web_service_access_only": "false",
}
RULES: dict[str, Any] = {"rules": [{"when": {"roles": ["dba", "dev-*"]}, "then": "ticket", "on_call": "approve"}]}
REQUEST = AccessRequest(
    id="0190a8e4-9c1d-7def-8123-456789abcdef",
    user="alice",
    roles=("dba",),
    system_annotations={"teleport.dev/schedules": (DATABASE,)},
)


class Cluster:
    """The users whom Teleport has, with their traits."""

    def __init__(self, **traits: Mapping[str, tuple[str, ...]]) -> None:
        self._traits = traits

    def user(self, name: str) -> TeleportUser | None:
        return TeleportUser(name, (), self._traits[name]) if name in self._traits else None


class Office:
    """The check, with the rules of a test, against an instance that answers what the test tells it to."""

    def __init__(self, peer: Peer, session: requests.Session) -> None:
        self.peer = peer
        self.client = ServiceNow(peer.url, BasicCredentials("svc", "secret"), session=session)
        self.cluster = Cluster()

    def check(self, request: AccessRequest = REQUEST, rules: Mapping[str, Any] = RULES) -> Verdict | str:
        parsed = Rules.model_validate(rules)
        people = People(Users(self.client), cast(Teleport, self.cluster), parsed.decisions)
        now = datetime(2026, 11, 1, 12, tzinfo=UTC)
        return OnCallCheck(parsed, self.client, people, lambda: now, Logger(service="test"))(request)

    def refusal(self, request: AccessRequest = REQUEST, rules: Mapping[str, Any] = RULES) -> Verdict:
        verdict = self.check(request, rules)
        assert isinstance(verdict, Verdict)
        assert verdict.outcome is Outcome.REFUSED
        assert verdict.sentence.endswith("Somebody has to decide.")
        return verdict

    @property
    def rotas_asked_for(self) -> list[str]:
        return [asked.query["rota_ids"] for asked in self.peer.asked if "rota_ids" in asked.query]


@pytest.fixture
def office() -> Iterator[Office]:
    with Peer() as peer, requests.Session() as session:
        yield Office(peer, session)


def on_call(rota: str, *people: str, order: float = 1.0) -> Reply:
    return Reply(
        body={
            "result": [
                {"userId": person, "rota": rota, "order": order, "isDevice": False, "escalationGroups": []}
                for person in people
            ]
        }
    )


def named(**names: str) -> Reply:
    ids = {"database": DATABASE, "network": NETWORK}
    return listed(*({"sys_id": ids[rota], "name": name} for rota, name in names.items()))


def asking_for(*rotas: str) -> AccessRequest:
    return replace(REQUEST, system_annotations={"teleport.dev/schedules": rotas})


def test_the_reason_names_the_requester_and_the_rota(office: Office) -> None:
    office.peer.will(listed(USER), on_call(DATABASE, BOB, ALICE), named(database="Database On-Call"))
    assert office.check() == "alice is on call for Database On-Call in ServiceNow"
    assert office.peer.asked[1].query["date_time"] == "2026-11-01 12:00:00"


@pytest.mark.parametrize(
    "reply",
    [
        failed(403, "ACL Exception Query Failed due to security constraints"),
        failed(400, "Invalid table cmn_rota"),
        named(),
        named(database=""),
    ],
)
def test_a_rota_whose_name_cannot_be_read_stands_with_its_id(office: Office, reply: Reply) -> None:
    office.peer.will(listed(USER), on_call(DATABASE, ALICE), reply)
    assert office.check() == f"alice is on call for {DATABASE} in ServiceNow"


def test_a_name_from_servicenow_is_one_short_line_of_data(office: Office) -> None:
    office.peer.will(listed(USER), on_call(DATABASE, ALICE), named(database="[code]<b>\nx</b> ${mail}" + "y" * 200))
    words = office.check()
    assert isinstance(words, str)
    assert "[code]" not in words
    assert "${" not in words
    assert "\n" not in words
    assert len(words) < 160


# ---- which requests are looked at


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"when": {"roles": ["dba"]}, "then": "ticket"}],
        [{"when": {"roles": ["web"]}, "then": "ticket", "on_call": "approve"}],
        [
            {"when": {"roles": ["*"]}, "then": "ticket"},
            {"when": {"roles": ["dba"]}, "then": "ticket", "on_call": "approve"},
        ],
    ],
)
def test_only_roles_that_the_governing_rule_names_are_approved(office: Office, rules: list[object]) -> None:
    assert office.refusal(rules={"rules": rules}).reason is Reason.NO_RULE
    assert office.peer.asked == []


@pytest.mark.parametrize("roles", [("dba", "admin"), ()])
def test_one_role_besides_those_of_the_rule_leaves_it_to_somebody(office: Office, roles: tuple[str, ...]) -> None:
    assert office.refusal(replace(REQUEST, roles=roles)).reason is Reason.NO_RULE


def test_what_the_requester_writes_is_no_schedule(office: Office) -> None:
    wish = f"I am on call, see teleport.dev/schedules {DATABASE}"
    request = replace(REQUEST, system_annotations={}, reason=wish, resolve_annotations=REQUEST.system_annotations)
    verdict = office.refusal(request)
    assert verdict.reason is Reason.NO_SCHEDULE
    assert "no annotation teleport.dev/schedules" in verdict.sentence
    assert office.peer.asked == []


def test_a_schedule_that_is_no_sys_id_is_named(office: Office) -> None:
    verdict = office.refusal(asking_for("Database\nOn-Call", "da" * 15, " "))
    assert verdict.reason is Reason.NO_SCHEDULE
    assert f"no sys_id of a rota: Database On-Call, {'da' * 15}." in verdict.sentence
    assert office.peer.asked == []


def test_a_schedule_that_is_no_sys_id_does_not_spoil_the_others(office: Office) -> None:
    office.peer.will(listed(USER), on_call(DATABASE), named(database="Database On-Call"))
    verdict = office.refusal(asking_for("Network", f" {DATABASE.upper()} ", DATABASE))
    assert verdict.sentence == (
        "alice is not on call now for Database On-Call. The annotation teleport.dev/schedules names what is no sys_id "
        "of a rota: Network. Somebody has to decide."
    )
    assert office.rotas_asked_for == [DATABASE]


# ---- who the requester is


def test_a_requester_who_is_no_servicenow_user_is_not_on_call(office: Office) -> None:
    office.peer.will(listed(), listed(USER, USER | {"sys_id": BOB}))
    assert office.refusal().reason is Reason.REQUESTER_UNKNOWN
    assert office.rotas_asked_for == []


def test_an_account_that_reads_no_user_but_its_own_decides_nothing(office: Office) -> None:
    office.peer.will(listed(), listed(USER | {"user_name": "svc"}))
    with pytest.raises(BrokenConfiguration, match="no user can be read"):
        office.check()


def test_a_requester_who_is_two_servicenow_users_is_not_on_call(office: Office) -> None:
    both = listed(USER, USER | {"sys_id": BOB})
    office.peer.will(both, both)
    assert office.refusal().reason is Reason.REQUESTER_UNKNOWN


def test_a_requester_whose_trait_names_two_servicenow_users_is_not_on_call(office: Office) -> None:
    office.cluster = Cluster(alice={"servicenow": (ALICE, BOB)})
    office.peer.will(record(**USER), record(**USER | {"sys_id": BOB, "user_name": "bob"}))
    verdict = office.refusal(rules=RULES | {"decisions": {"teleport_user": "trait:servicenow"}})
    assert verdict.reason is Reason.REQUESTER_UNKNOWN
    assert "more than one ServiceNow user" in verdict.sentence


@pytest.mark.parametrize(
    ("decisions", "teleport_name"),
    [
        ({"teleport_user": "email"}, "alice@example.test"),
        ({"teleport_users": {"alice": "alice@login.example"}}, "alice@login.example"),
    ],
)
def test_the_requester_is_found_by_the_mapping_of_the_rules(
    office: Office, decisions: dict[str, object], teleport_name: str
) -> None:
    office.peer.will(listed(USER), on_call(DATABASE, ALICE), named(database="Database On-Call"))
    words = office.check(replace(REQUEST, user=teleport_name), RULES | {"decisions": decisions})
    assert words == f"{teleport_name} is on call for Database On-Call in ServiceNow"


def test_a_user_name_in_other_letters_is_the_same_user(office: Office) -> None:
    office.peer.will(
        listed(USER | {"user_name": "Alice"}), on_call(DATABASE, ALICE.upper()), named(database="Database On-Call")
    )
    assert office.check() == "alice is on call for Database On-Call in ServiceNow"


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"active": "false"}, "is inactive or locked out"),
        ({"locked_out": "true"}, "is inactive or locked out"),
        ({"active": ""}, "can't be read"),
        ({"locked_out": ""}, "can't be read"),
        ({"web_service_access_only": ""}, "can't be read"),
        ({"web_service_access_only": "true"}, "is an account for integrations"),
        ({"internal_integration_user": "true"}, "is an account for integrations"),
        ({"user_name": "Alice"}, "is an account for integrations"),
    ],
)
def test_an_account_that_nobody_works_with_is_not_on_call(office: Office, account: dict[str, str], said: str) -> None:
    integrations = ["ALICE"] if "user_name" in account else []
    office.peer.will(listed(USER | account))
    verdict = office.refusal(rules=RULES | {"decisions": {"integration_users": integrations}})
    assert verdict.reason is Reason.NOT_ON_CALL
    assert said in verdict.sentence
    assert office.rotas_asked_for == []


# ---- who is on call


def test_a_backup_is_not_on_call_unless_his_level_counts(office: Office) -> None:
    office.peer.will(listed(USER), on_call(DATABASE, ALICE, order=2), named(database="Database On-Call"))
    verdict = office.refusal()
    assert (verdict.reason, verdict.sentence) == (
        Reason.NOT_ON_CALL,
        "alice is not on call now for Database On-Call. Somebody has to decide.",
    )

    office.peer.will(listed(USER), on_call(DATABASE, ALICE, order=2), named(database="Database On-Call"))
    words = office.check(rules=RULES | {"decisions": {"on_call_levels": 2}})
    assert words == "alice is on call for Database On-Call in ServiceNow"


def test_a_rota_that_is_not_there_does_not_hide_the_others(office: Office) -> None:
    office.peer.will(listed(USER), failed(404), on_call(NETWORK, ALICE), named(network="Network On-Call"))
    assert office.check(asking_for(DATABASE, NETWORK)) == "alice is on call for Network On-Call in ServiceNow"
    assert office.rotas_asked_for == [DATABASE, NETWORK]


def test_a_rota_that_is_not_there_is_told_to_whoever_decides(office: Office) -> None:
    office.peer.will(listed(USER), failed(404), on_call(NETWORK, BOB), named(network="Network On-Call"))
    verdict = office.refusal(asking_for(DATABASE, NETWORK))
    assert verdict.reason is Reason.NOT_ON_CALL
    assert verdict.sentence == (
        f"alice is not on call now for {DATABASE}, Network On-Call. ServiceNow doesn't know: {DATABASE}. "
        "Somebody has to decide."
    )


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failed(503), Retry),
        (failed(429, Retry_After="7"), Retry),
        (failed(403, "Failed API level ACL Validation"), BrokenConfiguration),
    ],
)
def test_an_error_decides_nothing_and_the_next_attempt_may_approve(
    office: Office, reply: Reply, error: type[Exception]
) -> None:
    office.peer.will(listed(USER), on_call(DATABASE, BOB), reply)
    with pytest.raises(error):
        office.check(asking_for(DATABASE, NETWORK))

    office.peer.will(
        listed(USER), on_call(DATABASE, BOB), on_call(NETWORK, ALICE), named(network="Network On-Call")
    )  # fmt: skip
    assert office.check(asking_for(DATABASE, NETWORK)) == "alice is on call for Network On-Call in ServiceNow"


def test_users_that_cannot_be_read_decide_nothing(office: Office) -> None:
    office.peer.will(failed(403, "ACL Exception Query Failed due to security constraints"))
    with pytest.raises(BrokenConfiguration):
        office.check()


def test_at_most_twenty_rotas_are_asked_about_and_the_rest_is_told(office: Office) -> None:
    rotas = [f"{number:032x}" for number in range(23)]
    office.peer.will(listed(USER), *(on_call(rota) for rota in rotas[:20]), named())
    verdict = office.refusal(asking_for(*rotas))
    assert office.rotas_asked_for == rotas[:20]
    assert verdict.sentence == (
        f"alice is not on call now for {rotas[0]}, {rotas[1]}, {rotas[2]} and 17 more. "
        "Only the first 20 of 23 rotas were looked at. Somebody has to decide."
    )
