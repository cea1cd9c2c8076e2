"""How a call proves who calls: basic, an OAuth token that is renewed before it ends, or an API key."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from .answers import Call, unusable
from .credentials import SECRET_SETTING, ApiKeyCredentials, BasicCredentials, Credentials, OAuthCredentials
from .errors import CredentialsRefused
from .transport import Transport

RENEW_BEFORE: Final = 60.0
"""Seconds before its end at which a token is no longer used. The instance gives out its current token again for as long
as that lives, so within the last minute each call asks for the token first."""

DEFAULT_LIFETIME: Final = 1800.0
"""Seconds that an access token lives where the answer doesn't say: the documented default of an instance."""

_TOKEN_CALL: Final = Call("POST", "oauth_token.do")
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405})


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    use_until: float


class Authentication:
    """The credentials in use, and the token that was got for them.

    Failure policy: a token is fetched before the call that needs it, so a failure here never leaves a write in doubt.
    The credentials are fetched anew (`refresh`) once where the instance refuses them, and given up after that.

    Parameters
    ----------
    refresh
        Returns the credentials as they are stored now; None where they can't change.
    clock
        Seconds that only ever grow, to age the token.
    calls
        Where token calls are counted, under `tokens`.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        transport: Transport,
        refresh: Callable[[], Credentials] | None,
        clock: Callable[[], float],
        calls: Counter[str],
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._refresh = refresh
        self._clock = clock
        self._calls = calls
        self._token: _Token | None = None

    def headers(self) -> Mapping[str, str]:
        """Return the headers that authenticate a call; may fetch a token.

        Raises
        ------
        CredentialsRefused
            The instance gives this client no token.
        Unavailable
            The token endpoint gave no usable answer.
        """
        try:
            return self._headers()
        except CredentialsRefused:
            if not self._changed():
                raise
        return self._headers()

    def renew(self) -> bool:
        """After a 401: drop the token, fetch the credentials anew, and return whether another attempt has a chance."""
        had_token = self._token is not None
        self._token = None
        return self._changed() or had_token

    def _headers(self) -> Mapping[str, str]:
        match self._credentials:
            case BasicCredentials(username, password):
                pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
                return {"Authorization": f"Basic {pair}"}
            case ApiKeyCredentials(api_key):
                return {"x-sn-apikey": api_key}
            case OAuthCredentials() as client:
                if self._token is None or self._clock() >= self._token.use_until:
                    self._token = self._fetch(client)
                return {"Authorization": f"Bearer {self._token.value}"}

    def _changed(self) -> bool:
        before = self._credentials
        if self._refresh is not None:
            self._credentials = self._refresh()
        return self._credentials != before

    def _fetch(self, client: OAuthCredentials) -> _Token:
        """Ask for a token. The endpoint takes a form only, and its errors have OAuth's form, not the Table API's."""
        asked_at = self._clock()
        self._calls["tokens"] += 1
        answer = self._transport.send(
            _TOKEN_CALL,
            self._transport.address("/oauth_token.do", {}),
            headers={},
            form={
                "grant_type": "client_credentials",
                "client_id": client.client_id,
                "client_secret": client.client_secret,
            },
        )
        body = answer.json_object() or {}
        if answer.status in _REFUSALS:
            raise _no_token(answer.status, body)
        value = body.get("access_token")
        if answer.status != 200 or not isinstance(value, str) or not _sendable(value):
            raise unusable(_TOKEN_CALL, f"ServiceNow answered {answer.status} without a token", after=answer.wait)
        return _Token(value, use_until=asked_at + _lifetime(body.get("expires_in")) - RENEW_BEFORE)


def _no_token(status: int, body: Mapping[str, object]) -> CredentialsRefused:
    code = body.get("error")
    shown = f" {code}" if isinstance(code, str) and code.replace("_", "").isalpha() else ""
    return CredentialsRefused(
        SECRET_SETTING,
        f"ServiceNow gives this OAuth client no token ({status}{shown}).",
        "Check client id and secret, that the client record names an OAuth Application User, and that the property "
        "glide.oauth.inbound.client.credential.grant_type.enabled is true.",
    )


def _sendable(value: str) -> bool:
    return value != "" and value.isascii() and value.isprintable() and " " not in value


def _lifetime(expires_in: object) -> float:
    """Return seconds from `expires_in`, a number or its text; what can't be read counts as the default lifetime."""
    text = str(expires_in) if isinstance(expires_in, (int, str)) and not isinstance(expires_in, bool) else ""
    return float(text) if text.isascii() and text.isdigit() else DEFAULT_LIFETIME
