"""Who has the token may post events, however it is sent; nobody else can. Session recordings are waved through."""

from __future__ import annotations

import base64
import uuid

import pytest
import requests

from local.system import PATIENCE, LocalSystem
from local.teleport.forwarder import event_body
from tests.system.tickets.asking import Since, events_in_ledger, made_up_event


def _event() -> tuple[str, bytes]:
    event = made_up_event("access_request.expire", str(uuid.uuid4()))
    return event["id"], event_body(event)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _post(system: LocalSystem, body: bytes, authorization: str | None) -> requests.Response:
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    return requests.post(system.webhook_url, data=body, headers=headers, timeout=PATIENCE)


@pytest.mark.parametrize("scheme", ["Bearer {}", "bearer {}", "Basic teleport", "Basic ", "Basic who:ever"])
def test_the_token_is_taken_as_bearer_token_or_as_password_of_any_user(system: LocalSystem, scheme: str) -> None:
    token = system.webhook_token
    name = scheme.removeprefix("Basic ").partition(":")[0]
    request_id, body = _event()
    answer = _post(system, body, _basic(name, token) if scheme.startswith("Basic") else scheme.format(token))
    assert answer.status_code == 200
    system.settle()
    assert events_in_ledger(system, request_id)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer {token}x",
        "Token {token}",
        "{token}",
        _basic("teleport", "wrong"),
        _basic("{token}", ""),
        "Basic {token}",
        "Basic \xff\xfe",
    ],
)
def test_anything_else_is_401_and_nothing_of_it_is_kept(system: LocalSystem, authorization: str | None) -> None:
    since = Since(system)
    request_id, body = _event()
    given = authorization.format(token=system.webhook_token) if authorization else authorization
    answer = _post(system, body, given)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "credentials"
    assert since.counted("WebhookUnauthorized") == 1
    system.settle()
    assert (events_in_ledger(system, request_id), system.dead_letters()) == (set(), [])


def test_a_malformed_body_without_the_token_is_401_too(system: LocalSystem) -> None:
    assert _post(system, b"{{{", None).status_code == 401
    assert system.dead_letters() == []


def test_after_the_token_is_changed_the_old_one_is_good_for_a_while_and_the_new_one_at_once(
    system: LocalSystem,
) -> None:
    old, new = system.webhook_token, "n" * 44
    assert _post(system, b"[]", f"Bearer {old}").status_code == 200
    system.put_secret("teleport_events", "WEBHOOK_SECRET_ARN", new)
    system.restart("teleport_events")
    assert [_post(system, b"[]", f"Bearer {one}").status_code for one in (new, old, "o" * 44)] == [200, 200, 401]


def test_a_session_recording_is_answered_unread_without_credentials(system: LocalSystem) -> None:
    url = f"{system.webhook_url.rsplit('/', 1)[0]}/session"
    session = str(uuid.uuid4())
    statuses = system.forwarder.upload_session(url, session, [{"event": "session.start", "uid": "u"}])
    assert statuses == [200]
    for path in (f"/teleport/events.{session}.log", f"/teleport/a/b.{session}.log"):
        assert requests.post(system.gateway.url + path, data=b"\x00", timeout=PATIENCE).status_code == 200
    assert system.dead_letters() == []


@pytest.mark.parametrize("path", ["/teleport/other", "/teleport/session.log", "/teleport/events.notauuid.log"])
def test_other_paths_are_not_found(system: LocalSystem, path: str) -> None:
    assert requests.post(system.gateway.url + path, data=b"{}", timeout=PATIENCE).status_code == 404


def test_the_token_stands_in_no_log_line(system: LocalSystem) -> None:
    _post(system, b"not json", f"Bearer {system.webhook_token}")
    _post(system, b"[]", f"Bearer {system.webhook_token}x")
    assert system.webhook_token not in str(system.logs())
