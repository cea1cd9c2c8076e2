"""Basic, OAuth and API key: what is sent, when a token is renewed, and what follows on a refusal."""

import pytest
import requests

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import ApiKeyCredentials, BasicCredentials, Credentials, OAuthCredentials
from access_bridge.servicenow.errors import CredentialsRefused, Unavailable, WriteOutcomeUnknown
from tests.unit.servicenow.conftest import Clock
from tests.unit.servicenow.peer import Ending, Peer, Reply, created, failed, record, token

TICKET = "0f" * 16
OAUTH = OAuthCredentials("bridge", "hunter2")


class Secret:
    """The secret as it is stored, which may have changed since it was read."""

    def __init__(self, stored: Credentials) -> None:
        self.stored = stored
        self.times_read = 0

    def __call__(self) -> Credentials:
        self.times_read += 1
        return self.stored


def client(
    peer: Peer, session: requests.Session, credentials: Credentials, clock: Clock, secret: Secret | None = None
) -> ServiceNow:
    return ServiceNow(peer.url, credentials, session=session, clock=clock, refresh=secret)


def read(servicenow: ServiceNow) -> object:
    return servicenow.get("incident", TICKET, [])


def bearers(peer: Peer) -> list[str]:
    return [asked.headers["authorization"] for asked in peer.asked if asked.path.startswith("/api/")]


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        (BasicCredentials("svc", "pä:ss"), {"authorization": "Basic c3ZjOnDDpDpzcw=="}),
        (ApiKeyCredentials("now_abc"), {"x-sn-apikey": "now_abc"}),
    ],
)
def test_basic_and_api_key_are_sent_with_each_call(
    peer: Peer, session: requests.Session, clock: Clock, credentials: Credentials, sent: dict[str, str]
) -> None:
    peer.will(record(sys_id=TICKET))
    read(client(peer, session, credentials, clock))
    headers = peer.asked[0].headers
    assert {name: headers[name] for name in ("authorization", "x-sn-apikey") if name in headers} == sent


def test_a_token_is_fetched_by_a_form_and_used_until_a_minute_before_its_end(
    peer: Peer, session: requests.Session, clock: Clock
) -> None:
    peer.will(
        token("first", expires_in=1800), record(sys_id=TICKET), record(sys_id=TICKET),
        token("second", expires_in="1800"), record(sys_id=TICKET),
    )  # fmt: skip
    servicenow = client(peer, session, OAUTH, clock)

    read(servicenow)
    clock.now += 1739
    read(servicenow)
    clock.now += 1
    read(servicenow)

    assert bearers(peer) == ["Bearer first", "Bearer first", "Bearer second"]
    asked = peer.asked[0]
    assert (asked.method, asked.path) == ("POST", "/oauth_token.do")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in asked.headers
    assert asked.form == {"grant_type": "client_credentials", "client_id": "bridge", "client_secret": "hunter2"}
    assert servicenow.calls == {"tokens": 2, "reads": 3}


def test_the_current_token_with_little_time_left_is_used_for_this_call_only(
    peer: Peer, session: requests.Session, clock: Clock
) -> None:
    peer.will(
        token("old", expires_in=40), record(sys_id=TICKET), token("old", expires_in=39), record(sys_id=TICKET),
        token("new"), record(sys_id=TICKET), record(sys_id=TICKET),
    )  # fmt: skip
    servicenow = client(peer, session, OAUTH, clock)
    for _ in range(4):
        read(servicenow)
    assert bearers(peer) == ["Bearer old", "Bearer old", "Bearer new", "Bearer new"]


def test_a_token_that_is_refused_before_its_time_is_fetched_anew_once(
    peer: Peer, session: requests.Session, clock: Clock
) -> None:
    peer.will(token("revoked"), failed(401), token("new"), created(sys_id=TICKET, state="1"))
    servicenow = client(peer, session, OAUTH, clock)

    written = servicenow.insert("incident", {"state": "1"})

    assert written.sys_id == TICKET
    assert bearers(peer) == ["Bearer revoked", "Bearer new"]
    assert servicenow.calls == {"tokens": 2, "writes": 2}


def test_a_second_refusal_is_for_a_person(peer: Peer, session: requests.Session, clock: Clock) -> None:
    peer.will(token("one"), failed(401), token("two"), failed(401))
    with pytest.raises(CredentialsRefused):
        read(client(peer, session, OAUTH, clock))
    assert len(peer.asked) == 4


@pytest.mark.parametrize(
    ("stored", "header"),
    [(BasicCredentials("svc", "new"), "Basic c3ZjOm5ldw=="), (ApiKeyCredentials("new"), None)],
)
def test_credentials_that_were_changed_meanwhile_are_fetched_anew_once(
    peer: Peer, session: requests.Session, clock: Clock, stored: Credentials, header: str | None
) -> None:
    peer.will(failed(401), record(sys_id=TICKET), record(sys_id=TICKET))
    secret = Secret(stored)
    servicenow = client(peer, session, BasicCredentials("svc", "old"), clock, secret)
    read(servicenow)
    read(servicenow)
    assert secret.times_read == 1
    assert [asked.headers.get("authorization") for asked in peer.asked[1:]] == [header, header]


def test_credentials_that_did_not_change_are_not_tried_again(
    peer: Peer, session: requests.Session, clock: Clock
) -> None:
    peer.will(failed(401))
    same = BasicCredentials("svc", "wrong")
    with pytest.raises(CredentialsRefused) as error:
        read(client(peer, session, same, clock, Secret(same)))
    assert error.value.setting == "SERVICENOW_SECRET_ARN"
    assert len(peer.asked) == 1


def test_a_client_secret_that_was_changed_meanwhile_is_fetched_anew_once(
    peer: Peer, session: requests.Session, clock: Clock
) -> None:
    refused = Reply(status=401, body={"error": "invalid_client", "error_description": "hunter2"})
    peer.will(refused, token("good"), record(sys_id=TICKET))
    read(client(peer, session, OAUTH, clock, Secret(OAuthCredentials("bridge", "rotated"))))
    assert [asked.form["client_secret"] for asked in peer.asked[:2]] == ["hunter2", "rotated"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_an_oauth_client_without_a_token_is_for_a_person_and_nothing_was_written(
    peer: Peer, session: requests.Session, clock: Clock, status: int
) -> None:
    peer.will(Reply(status=status, body={"error": "server_error", "error_description": "access_denied hunter2"}))
    with pytest.raises(CredentialsRefused) as error:
        client(peer, session, OAUTH, clock).insert("incident", {})
    assert "OAuth Application User" in error.value.fix
    assert "hunter2" not in str(error.value)
    assert [asked.path for asked in peer.asked] == ["/oauth_token.do"]


@pytest.mark.parametrize(
    ("reply", "after"),
    [
        (Reply(status=429, headers={"Retry-After": "11"}), 11),
        (Reply(status=503), None),
        (Reply(status=302, headers={"Location": "/login.do"}), None),
        (Reply(body=b"<html>hibernating</html>", content_type="text/html"), None),
        (Reply(body={"result": {}}), None),
        (Reply(body={"access_token": ""}), None),
        (Reply(body={"access_token": "bad\r\nX-Evil: 1"}), None),
        (Reply(body={"access_token": "a" * 20}, ending=Ending.CUT), None),
        (Reply(ending=Ending.LOST), None),
    ],
)
def test_no_token_for_now_leaves_no_write_in_doubt(
    peer: Peer, session: requests.Session, clock: Clock, reply: Reply, after: float | None
) -> None:
    peer.will(reply)
    with pytest.raises(Unavailable) as error:
        client(peer, session, OAUTH, clock).insert("incident", {})
    assert not isinstance(error.value, WriteOutcomeUnknown)
    assert error.value.after == after
    assert len(peer.asked) == 1


@pytest.mark.parametrize("expires_in", [None, "", "soon", True, -5])
def test_a_token_without_a_readable_lifetime_lives_as_long_as_by_default(
    peer: Peer, session: requests.Session, clock: Clock, expires_in: object
) -> None:
    peer.will(
        token("one", expires_in), record(sys_id=TICKET), record(sys_id=TICKET), token("two"), record(sys_id=TICKET)
    )
    servicenow = client(peer, session, OAUTH, clock)
    read(servicenow)
    clock.now += 1739
    read(servicenow)
    clock.now += 1
    read(servicenow)
    assert bearers(peer) == ["Bearer one", "Bearer one", "Bearer two"]
