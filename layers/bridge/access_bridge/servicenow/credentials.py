"""The account that ServiceNow is called with: which of three ways of authentication it is, the secret's shape says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from access_bridge.errors import BrokenConfiguration

SECRET_SETTING: Final = "SERVICENOW_SECRET_ARN"  # noqa: S105 - the setting's name
_FIX: Final = 'Store JSON of one shape: {"username","password"}, {"client_id","client_secret"} or {"api_key"}.'


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """A user's name and password. Newly provisioned instances restrict basic authentication by default."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OAuthCredentials:
    """An OAuth client for the client-credentials grant (Washington DC and later)."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKeyCredentials:
    """An API key that is bound to a user (Washington DC and later), sent as `x-sn-apikey`."""

    api_key: str = field(repr=False)


Credentials = BasicCredentials | OAuthCredentials | ApiKeyCredentials


def parse_credentials(secret_text: str) -> Credentials:
    """Return the credentials that a secret's JSON text holds. Members of no meaning here are left alone.

    Raises
    ------
    BrokenConfiguration
        The text is no JSON object, has none of the three shapes or more than one, or a value can't be used. No value of
        the secret is in the error.
    """
    try:
        secret = json.loads(secret_text)
    except ValueError:
        raise BrokenConfiguration(SECRET_SETTING, "the secret is no JSON.", _FIX) from None
    if not isinstance(secret, dict):
        raise BrokenConfiguration(SECRET_SETTING, "the secret is JSON, but no object.", _FIX)
    shapes = [
        shape
        for shape in (("username", "password"), ("client_id", "client_secret"), ("api_key",))
        if any(member in secret for member in shape)
    ]
    if len(shapes) != 1:
        problem = "the secret has more than one shape." if shapes else "the secret has none of the known shapes."
        raise BrokenConfiguration(SECRET_SETTING, problem, _FIX)
    values = {member: _text(secret, member) for member in shapes[0]}
    match shapes[0][0]:
        case "username":
            if ":" in values["username"]:
                raise BrokenConfiguration(SECRET_SETTING, '"username" holds a colon.', "Use a user name without one.")
            return BasicCredentials(**values)
        case "client_id":
            return OAuthCredentials(**values)
        case _:
            return ApiKeyCredentials(_header_value(values["api_key"]))


def _text(secret: dict[str, object], member: str) -> str:
    value = secret.get(member)
    if not isinstance(value, str) or not value.strip():
        raise BrokenConfiguration(SECRET_SETTING, f'"{member}" is missing, empty or no text.', _FIX)
    return value


def _header_value(value: str) -> str:
    trimmed = value.strip()
    if not trimmed.isascii() or not trimmed.isprintable():
        raise BrokenConfiguration(
            SECRET_SETTING, '"api_key" holds characters that no key has.', "Copy the key again from ServiceNow."
        )
    return trimmed
