"""Who gets in, and who may do what."""

import base64
from typing import Any

import pytest

from local.servicenow.errors import Refused
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts
from tests.contract.servicenow.conftest import Rest, RestFactory

INCIDENT = {"correlation_id": "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001", "correlation_display": "Teleport example #1"}


def _token(anyone: Rest, **form: str) -> tuple[int, dict[str, Any]]:
    answer = anyone.session.post(f"{anyone.instance.url}/oauth_token.do", data=form, timeout=10)
    return answer.status_code, answer.json()


def _bearer(anyone: Rest, token: str) -> int:
    return anyone.call("GET", "incident", headers={"Authorization": f"Bearer {token}"}).status_code


CLIENT = {"grant_type": "client_credentials", "client_id": "bridge", "client_secret": "s3cret"}


@pytest.fixture
def oauth(sn: ServiceNowInstance, accounts: DemoAccounts) -> None:
    sn.add_oauth_client("bridge", "s3cret", accounts.tickets.user_name)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic " + base64.b64encode(b"svc.access.bridge:wrong").decode()},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer nothing"},
        {"x-sn-apikey": "nothing"},
    ],
)
def test_without_good_credentials_nothing_is_answered(
    accounts: DemoAccounts, anyone: Rest, headers: dict[str, str]
) -> None:
    answer = anyone.call("GET", "incident", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {"message": "User Not Authenticated", "detail": "Required to provide Auth information"},
        "status": "failure",
    }
    assert answer.headers["WWW-Authenticate"].startswith("BASIC")


@pytest.mark.parametrize("change", [{"active": "false"}, {"locked_out": "true"}])
def test_users_who_are_inactive_or_locked_out_do_not_get_in(
    sn: ServiceNowInstance, tickets: Rest, change: dict[str, str]
) -> None:
    user = next(row for row in sn.rows("sys_user") if row["user_name"] == "svc.access.bridge.tickets")
    sn.update_raw("sys_user", user["sys_id"], change)
    assert tickets.get("incident").status_code == 401


def test_an_api_key_stands_for_its_user(sn: ServiceNowInstance, accounts: DemoAccounts, anyone: Rest) -> None:
    sn.add_api_key("k3y", accounts.tickets.user_name)
    assert anyone.call("GET", "incident", headers={"x-sn-apikey": "k3y"}).status_code == 200


@pytest.mark.usefixtures("oauth")
def test_a_second_token_request_gets_the_same_token_with_less_time_left(anyone: Rest) -> None:
    clock = [1_000_000.0]
    anyone.instance.set_clock(lambda: clock[0])
    status, first = _token(anyone, **CLIENT)
    assert (status, first["token_type"], first["expires_in"]) == (200, "Bearer", 1800)
    assert "refresh_token" not in first
    clock[0] += 1700
    second = _token(anyone, **CLIENT)[1]
    assert (second["access_token"], second["expires_in"]) == (first["access_token"], 100)
    assert _bearer(anyone, first["access_token"]) == 200
    clock[0] += 101
    assert _bearer(anyone, first["access_token"]) == 401
    assert _token(anyone, **CLIENT)[1]["access_token"] != first["access_token"]


@pytest.mark.usefixtures("oauth")
def test_a_revoked_token_is_refused_and_the_next_one_is_new(sn: ServiceNowInstance, anyone: Rest) -> None:
    token = _token(anyone, **CLIENT)[1]["access_token"]
    sn.revoke_tokens()
    assert _bearer(anyone, token) == 401
    assert _token(anyone, **CLIENT)[1]["access_token"] != token


@pytest.mark.usefixtures("oauth")
@pytest.mark.parametrize("change", [{"client_secret": "wrong"}, {"client_id": "other"}, {"grant_type": "password"}])
def test_a_token_is_refused_without_saying_why(anyone: Rest, change: dict[str, str]) -> None:
    refused = {"error": "server_error", "error_description": "access_denied"}
    assert _token(anyone, **{**CLIENT, **change}) == (401, refused)


@pytest.mark.usefixtures("oauth")
def test_a_token_is_asked_for_as_a_form_only_and_needs_an_application_user(
    sn: ServiceNowInstance, anyone: Rest
) -> None:
    assert anyone.call("POST", "", api="/oauth_token.do", body=CLIENT).status_code == 401
    sn.add_oauth_client("userless", "s3cret")
    assert _token(anyone, **{**CLIENT, "client_id": "userless"})[0] == 401


def test_what_may_not_be_read_looks_as_if_it_were_not_there(
    sn: ServiceNowInstance, accounts: DemoAccounts, tickets: Rest
) -> None:
    sys_id = tickets.post("incident", {}).json()["result"]["sys_id"]
    sn.remove_role(accounts.tickets.user_name, "sn_incident_write")
    own = tickets.get(f"incident/{sys_id}")
    other = tickets.get(f"incident/{sn.rows('incident')[0]['sys_id']}")
    absent = tickets.get("incident/0123456789abcdef0123456789abcdef")
    assert own.status_code == 200
    assert (other.status_code, other.json()) == (absent.status_code, absent.json()) == (404, absent.json())


def test_a_page_is_cut_before_hidden_rows_are_taken_out(sn: ServiceNowInstance, rest_as: RestFactory) -> None:
    sn.seed_demo()
    sn.set_password("alice", "alice")
    alice = rest_as("alice", "alice")
    listed = alice.get("incident")
    assert listed.status_code == 200
    assert (len(listed.json()["result"]), listed.headers["X-Total-Count"]) == (2, "3")
    pages = [alice.get("incident", sysparm_limit="1", sysparm_offset=str(n)).json()["result"] for n in range(3)]
    assert sorted(len(page) for page in pages) == [0, 1, 1]


def test_the_decisions_account_reads_but_never_writes(sn: ServiceNowInstance, decisions: Rest) -> None:
    sys_id = sn.rows("incident")[0]["sys_id"]
    for table in ("incident", "sys_user", "sys_user_group", "sys_user_grmember"):
        assert decisions.get(table).json()["result"] != []
    for answer, operation in (
        (decisions.post("incident", {}), "Insert"),
        (decisions.patch(f"incident/{sys_id}", {"work_notes": "x"}), "Update"),
    ):
        assert answer.status_code == 403
        assert answer.json()["error"]["detail"] == f"ACL Exception {operation} Failed due to security constraints"


def test_journals_are_hidden_from_ordinary_users(sn: ServiceNowInstance, tickets: Rest, admin: Rest) -> None:
    tickets.post("incident", {"work_notes": "x"})
    assert tickets.get("sys_journal_field").json()["result"] == []
    assert len(admin.get("sys_journal_field").json()["result"]) == 1


def test_a_user_table_can_be_closed_to_an_account(sn: ServiceNowInstance, tickets: Rest) -> None:
    assert tickets.get("sys_user", sysparm_query="user_name=alice").json()["result"] != []
    sn.disallow("sys_user", "read", "x_acbr_bridge.tickets")
    assert tickets.get("sys_user", sysparm_query="user_name=alice").json()["result"] == []


def test_a_field_that_may_not_be_read_is_blank(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.controls.restrict_field("sys_user", "email", "read")
    record = tickets.get("sys_user", sysparm_query="user_name=alice").json()["result"][0]
    assert (record["user_name"], record["email"]) == ("alice", "")


@pytest.mark.parametrize("who", ["bridge", "tickets", "decisions", "admin"])
def test_no_integration_user_and_no_admin_makes_a_decision(
    sn: ServiceNowInstance, accounts: DemoAccounts, rest_as: RestFactory, admin: Rest, who: str
) -> None:
    ticket = sn.insert_raw("incident", INCIDENT)
    account = getattr(accounts, who, None)
    rest = admin if account is None else rest_as(account.user_name, account.password)
    if account is not None:
        # Not even with the approver's role: it is no person's session.
        sn.add_role(account.user_name, "x_acbr_bridge.approver")
    answer = rest.post("x_acbr_bridge_decision", {"ticket": ticket, "decision": "approved"})
    assert answer.status_code == 403
    assert sn.rows("x_acbr_bridge_decision") == []


def test_the_server_says_who_decided_and_on_what(sn: ServiceNowInstance, rest_as: RestFactory) -> None:
    sn.seed_demo()
    sn.set_password("bob", "bob")
    users = {row["user_name"]: row["sys_id"] for row in sn.rows("sys_user")}
    ticket = sn.insert_raw("incident", INCIDENT)
    body = {
        "ticket": ticket,
        "decision": "approved",
        "decided_by": users["carol"],
        "sys_created_by": "carol",
        "cluster": "other",
        "request_id": "0190ffff-bbbb-7ccc-8ddd-eeeeffff0001",
        "ticket_table": "change_request",
        "outcome": "applied",
    }
    answer = rest_as("bob", "bob").post("x_acbr_bridge_decision", body)
    assert answer.status_code == 201
    row = sn.row("x_acbr_bridge_decision", answer.json()["result"]["sys_id"])
    assert (row["decided_by"], row["sys_created_by"]) == (users["bob"], "bob")
    assert (row["cluster"], row["request_id"]) == ("example", INCIDENT["correlation_id"])
    assert (row["ticket_table"], row["outcome"]) == ("incident", "")


def test_only_its_outcome_is_written_on_a_decision(sn: ServiceNowInstance, tickets: Rest, decisions: Rest) -> None:
    decision = sn.decide("bob", sn.insert_raw("incident", INCIDENT), "rejected", "no")
    path = f"x_acbr_bridge_decision/{decision}"
    assert decisions.get(path).json()["result"]["reason"] == "no"
    assert decisions.patch(path, {"outcome": "applied"}).status_code == 403
    written = tickets.patch(path, {"outcome": "applied", "outcome_detail": "ok: done", "decision": "approved"})
    record = written.json()["result"]
    assert (record["outcome"], record["outcome_detail"], record["decision"]) == ("applied", "ok: done", "rejected")


@pytest.mark.parametrize(
    ("ticket", "decision"),
    [({}, "approved"), ({"correlation_id": "x"}, "approved"), (INCIDENT, "maybe"), (INCIDENT, "")],
)
def test_a_click_that_makes_no_sense_is_refused(
    sn: ServiceNowInstance, accounts: DemoAccounts, ticket: dict[str, str], decision: str
) -> None:
    with pytest.raises(Refused, match="aborted by Business Rule 'Fill decision"):
        sn.decide("bob", sn.insert_raw("incident", ticket), decision)
    assert sn.rows("x_acbr_bridge_decision") == []


def test_only_approvers_with_a_session_of_their_own_decide(sn: ServiceNowInstance, accounts: DemoAccounts) -> None:
    ticket = sn.insert_raw("incident", INCIDENT)
    for user, message in (("alice", "ACL Exception"), (accounts.bridge.user_name, "can't sign in")):
        with pytest.raises(Refused, match=message):
            sn.decide(user, ticket)


def test_an_approver_votes_on_his_own_approval_only(sn: ServiceNowInstance, accounts: DemoAccounts) -> None:
    bob = next(row["sys_id"] for row in sn.rows("sys_user") if row["user_name"] == "bob")
    approval = sn.insert_raw("sysapproval_approver", {"approver": bob, "sysapproval": sn.rows("incident")[0]["sys_id"]})
    with pytest.raises(Refused):
        sn.update_as("carol", "sysapproval_approver", approval, {"state": "approved"})
    row = sn.update_as("bob", "sysapproval_approver", approval, {"state": "approved"})
    assert (row["state"], row["sys_updated_by"]) == ("approved", "bob")
