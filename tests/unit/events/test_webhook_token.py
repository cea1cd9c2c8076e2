"""Which calls of the webhook carry the token, and which paths are session recordings."""

from __future__ import annotations

import base64

import pytest

from access_bridge.events.credentials import is_accepted, is_session_upload, presented_token

SESSION = "01a20645-1700-710f-912d-cd7494dd7fa3"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "token"),
    [
        ("Bearer tok+en", "tok+en"),
        ("bearer   tok+en ", "tok+en"),
        (basic("teleport:tok+en"), "tok+en"),
        (basic(":tok+en"), "tok+en"),
        (basic("any user:to:ken"), "to:ken"),
        (basic("teleport:schlüssel"), "schlüssel"),
        (basic("teleport:tok+en").replace("Basic", "BASIC"), "tok+en"),
        ("", ""),
        ("Bearer", ""),
        ("tok+en", ""),
        ("Digest tok+en", ""),
        ("Basic no base64!", ""),
        ("Basic ünïcode", ""),
        ("Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), ""),
        (basic("no colon"), ""),
    ],
)
def test_the_token_of_a_header(authorization: str, token: str) -> None:
    assert presented_token(authorization) == token


@pytest.mark.parametrize("authorization", ["Bearer old", "Bearer new", basic("x:old"), basic("x:new")])
def test_the_current_and_the_previous_token_are_accepted(authorization: str) -> None:
    assert is_accepted(authorization, ("new", "old"))


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer ne", "Bearer newer", basic("new:"), "new", "Bearer \ud800"]
)
def test_anything_else_is_refused(authorization: str) -> None:
    assert not is_accepted(authorization, ("new", "old"))


def test_an_empty_token_is_never_accepted() -> None:
    assert not is_accepted("Bearer ", ("",))
    assert not is_accepted("Bearer x", ())


@pytest.mark.parametrize(
    ("path", "upload"),
    [
        (f"/teleport/events.{SESSION}.log", True),
        (f"/teleport/session.{SESSION.upper()}.log", True),
        (f"/teleport/{SESSION}.log", True),
        ("/teleport/events", False),
        ("/teleport/events.log", False),
        (f"/teleport/events.{SESSION}", False),
        (f"/teleport/events{SESSION}.log", False),
        (f"/other/events.{SESSION}.log", False),
        (f"/teleport/events.{SESSION}.log/more", False),
    ],
)
def test_where_session_recordings_are_put(path: str, upload: bool) -> None:
    assert is_session_upload(path) is upload
