"""The stand-in by HTTPS: who trusts its authority gets in, nobody else is answered or in the way."""

import socket

import pytest
import requests
from pysnc import ServiceNowClient, ServiceNowClientCredentialsFlow
from pysnc.exceptions import AuthenticationException, InstanceException

from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts
from tests.contract.servicenow_pysnc.conftest import Client, found, new_incident
from tests.contract.servicenow_pysnc.private_authority import PrivateAuthority


def test_who_trusts_the_private_authority_gets_in(sn: ServiceNowInstance, tickets: Client) -> None:
    assert sn.url.startswith("https://127.0.0.1:")
    assert found(tickets, new_incident(tickets).get_value("sys_id"))


def test_who_does_not_trust_it_sends_nothing(sn: ServiceNowInstance, accounts: DemoAccounts) -> None:
    account = accounts.tickets
    stranger = ServiceNowClient(sn.url, (account.user_name, account.password), auto_retry=False)
    stranger.session.trust_env = False
    with stranger.session, pytest.raises(requests.exceptions.SSLError):
        stranger.GlideRecord("incident").get("0f" * 16)
    assert sn.calls == []


def test_pysnc_speaks_to_no_instance_without_tls() -> None:
    plain = ServiceNowInstance()
    plain.start()
    try:
        assert plain.url.startswith("http://")
        with pytest.raises(InstanceException):
            ServiceNowClient(plain.url, ("erin", "erin's password"))
    finally:
        plain.stop()


def test_plain_http_is_not_answered(sn: ServiceNowInstance, capfd: pytest.CaptureFixture[str]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.ConnectionError):
            session.get(sn.url.replace("https:", "http:"), timeout=5)
    assert sn.calls == []
    assert capfd.readouterr().err == ""


def test_one_who_never_shakes_hands_holds_up_nobody(sn: ServiceNowInstance, tickets: Client) -> None:
    port = int(sn.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        assert new_incident(tickets)


def test_an_instance_comes_back_with_its_data_and_its_certificate(sn: ServiceNowInstance, tickets: Client) -> None:
    sys_id = new_incident(tickets).get_value("sys_id")
    sn.stop()
    sn.start()
    assert found(tickets, sys_id)


def test_links_lead_back_by_https(sn: ServiceNowInstance, tickets: Client) -> None:
    caller = sn.rows("incident")[0]["caller_id"]
    sys_id = new_incident(tickets, caller_id=caller).get_value("sys_id")
    record = tickets.GlideRecord("incident")
    record.exclude_reference_link = False
    assert record.get(sys_id)
    assert record.caller_id.get_link() == f"{sn.url}/api/now/table/sys_user/{caller}"


def test_client_credentials_are_exchanged_for_a_token(
    sn: ServiceNowInstance, accounts: DemoAccounts, authority: PrivateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PySNC gets its tokens with what the environment trusts, whatever the client was told to verify with.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    sn.add_oauth_client("bridge", "secret", accounts.tickets.user_name)
    client = ServiceNowClient(sn.url, ServiceNowClientCredentialsFlow("bridge", "secret"))
    with client.session:
        assert new_incident(client).get_value("sys_created_by") == accounts.tickets.user_name
    with pytest.raises(AuthenticationException, match="access_denied"):
        ServiceNowClient(sn.url, ServiceNowClientCredentialsFlow("bridge", "guessed"))
