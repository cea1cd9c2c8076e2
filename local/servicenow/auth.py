"""Who calls: users with passwords, OAuth clients and their tokens, API keys."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from werkzeug.datastructures import Headers

from local.servicenow.access import Session, with_contained
from local.servicenow.errors import unauthenticated
from local.servicenow.store import Row, Store

TOKEN_LIFETIME: Final = 1800.0


@dataclass(slots=True)
class _Token:
    value: str
    user_name: str
    expires: float


@dataclass(slots=True)
class Accounts:
    """Credentials and roles of the users in `sys_user`. `token_lifetime` is in seconds."""

    store: Store
    token_lifetime: float = TOKEN_LIFETIME
    _passwords: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, tuple[str, str]] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, _Token] = field(default_factory=dict)

    def set_password(self, user_name: str, password: str) -> None:
        """Lets a user sign in with Basic."""
        self._passwords[user_name] = password

    def add_role(self, user_name: str, role: str) -> None:
        """Gives a user a role; one that isn't there yet is made. Raises KeyError for an unknown user."""
        user = self.session(user_name).user_id
        with self.store.lock:
            if role not in self._granted(user):
                row = self.store.find_by("sys_user_role", "name", role)
                row = row or self.store.insert("sys_user_role", {"name": role}, "admin")
                self.store.insert("sys_user_has_role", {"user": user, "role": row["sys_id"]}, "admin")

    def remove_role(self, user_name: str, role: str) -> None:
        """Takes a role from a user; one that he doesn't have is no error."""
        user = self.session(user_name).user_id
        known = self.store.find_by("sys_user_role", "name", role)
        for row in self.store.rows("sys_user_has_role"):
            if known is not None and (row["user"], row["role"]) == (user, known["sys_id"]):
                self.store.remove("sys_user_has_role", row["sys_id"])

    def add_client(self, client_id: str, secret: str, user_name: str) -> None:
        """Adds an OAuth client; an empty user leaves *OAuth Application User* unset, which refuses every token."""
        self._clients[client_id] = (secret, user_name)

    def add_key(self, key: str, user_name: str) -> None:
        """Adds an API key."""
        self._keys[key] = user_name

    def revoke_tokens(self) -> None:
        """Makes every access token that was given out worthless."""
        self._tokens.clear()

    def session(self, user_name: str) -> Session:
        """The session of a user, whoever he is. Raises KeyError for an unknown one."""
        row = self.store.find_by("sys_user", "user_name", user_name)
        if row is None:
            raise KeyError(f"no user {user_name}")
        roles = with_contained(self._granted(row["sys_id"]))
        return Session(user_name, row["sys_id"], roles, row["web_service_access_only"] == "true", row["time_zone"])

    def identify(self, headers: Headers) -> Session:
        """The session behind a request: `x-sn-apikey`, Bearer or Basic. Raises Refused (401)."""
        user_name = self._claimed(headers)
        row = self.store.find_by("sys_user", "user_name", user_name) if user_name else None
        if row is None or not may_sign_in(row):
            raise unauthenticated()
        return self.session(user_name)

    def token(self, form: Mapping[str, str]) -> dict[str, object] | None:
        """A client-credentials grant; None where it is refused.

        A request inside the lifetime of a token gives the same token again, with what is left of its seconds.
        """
        secret, user_name = self._clients.get(form.get("client_id", ""), ("", ""))
        good = secret != "" and secrets.compare_digest(secret.encode(), form.get("client_secret", "").encode())
        row = self.store.find_by("sys_user", "user_name", user_name) if user_name else None
        if form.get("grant_type") != "client_credentials" or not good or row is None or not may_sign_in(row):
            return None
        with self.store.lock:
            now = self.store.clock()
            client_id = form["client_id"]
            token = self._tokens.get(client_id)
            if token is None or token.expires <= now:
                token = _Token(secrets.token_urlsafe(48), user_name, now + self.token_lifetime)
                self._tokens[client_id] = token
        left = int(token.expires - now)
        return {"access_token": token.value, "scope": "useraccount", "token_type": "Bearer", "expires_in": left}

    def _granted(self, user: str) -> set[str]:
        """The names of the roles that a user was given, himself or as a member of a group."""
        groups = {row["group"] for row in self.store.rows("sys_user_grmember") if row["user"] == user}
        held = {row["role"] for row in self.store.rows("sys_user_has_role") if row["user"] == user}
        held |= {row["role"] for row in self.store.rows("sys_group_has_role") if row["group"] in groups}
        return {row["name"] for row in self.store.rows("sys_user_role") if row["sys_id"] in held}

    def _claimed(self, headers: Headers) -> str:
        key = headers.get("x-sn-apikey")
        if key is not None:
            return self._keys.get(key, "")
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            now = self.store.clock()
            tokens = (token for token in tuple(self._tokens.values()) if token.value == credentials.strip())
            return next((token.user_name for token in tokens if token.expires > now), "")
        return self._basic(credentials) if scheme.lower() == "basic" else ""

    def _basic(self, credentials: str) -> str:
        try:
            user_name, _, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        expected = self._passwords.get(user_name)
        good = expected is not None and secrets.compare_digest(expected.encode(), password.encode())
        return user_name if good else ""


def may_sign_in(user: Row) -> bool:
    """Whether a user may have any session: active and not locked out."""
    return user["active"] == "true" and user["locked_out"] != "true"
