"""Runs the shipped scripts in an ES5 engine, with the platform's server-side classes stood in for (glide.js)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypedDict

import dukpy
import requests

from local.servicenow.access import Session
from local.servicenow.query import parse
from local.servicenow.schema import TABLES, concrete_tables
from local.servicenow.store import Row, Store

_SHIPPED: Final = Path(__file__).parents[2] / "servicenow" / "src"
_GLIDE: Final = Path(__file__).with_name("glide.js")
_CONNECT_TIMEOUT: Final = 10.0

Insert = Callable[[Session, str, Row], str | None]
"""A script's insert as a session: answers the row's `sys_id`, or None where a business rule aborts it."""

_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class OutboundRequest(TypedDict):
    """What a script gave to RESTMessageV2."""

    method: str
    url: str
    headers: dict[str, str]
    body: str
    timeout_ms: int
    substitute: bool


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """One message that the instance sent; `status` is 0 where nothing answered."""

    url: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass(slots=True)
class Outbox:
    """What the instance sent and what its scripts logged, oldest first."""

    calls: list[OutboundCall] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How a business rule left `current`: the fields that it set, and whether it aborted the operation."""

    changes: dict[str, str]
    aborted: bool


def generate_mac(key: str, algorithm: str, data: str) -> str:
    """CertificateEncryption.generateMac: the Base64 of the MAC over `data` under a Base64 key.

    Raises ValueError for a key that is no Base64, an algorithm other than HmacSHA256, and data that is not ASCII:
    ServiceNow doesn't document how it encodes other characters, so no script may rely on it.
    """
    if algorithm != "HmacSHA256":
        raise ValueError(f"algorithm {algorithm} is not supported")
    try:
        secret = base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise ValueError("the key is not Base64") from error
    return base64.b64encode(hmac.new(secret, data.encode("ascii"), hashlib.sha256).digest()).decode("ascii")


class ScriptEngine:
    """Runs shipped business rules. `outbox` gets what they send and log; `insert` takes the rows that they make."""

    def __init__(self, store: Store, outbox: Outbox, insert: Insert) -> None:
        self._store = store
        self._outbox = outbox
        self._insert = insert

    def run(self, session: Session, rule: str, table: str, row: Row) -> RuleResult:
        """Runs `servicenow/src/business-rules/<rule>.js` for a row, as the session's user.

        Server-side scripts pass by access controls. Raises dukpy.JSRuntimeError where the script throws.
        """
        engine = dukpy.JSInterpreter()
        host = _Host(self._store, self._outbox, self._insert, session)
        for name in ("get", "query", "blank", "insert", "update", "now", "mac", "credential", "send", "log"):
            engine.export_function(name, getattr(host, name))
        scope = {"user_id": session.user_id, "user_name": session.user_name, "table": table, "row": row}
        includes = sorted((_SHIPPED / "script-includes").glob("*.js"))
        sources = [_GLIDE, *includes, _SHIPPED / "business-rules" / f"{rule}.js"]
        script = ";\n".join(["var scope = dukpy.scope", *(path.read_text("utf-8") for path in sources)])
        result = engine.evaljs(f"{script};\n({{changes: current._changes, aborted: current._aborted}})", scope=scope)
        return RuleResult(result["changes"], bool(result["aborted"]))


class _Host:
    """The Python side of glide.js."""

    def __init__(self, store: Store, outbox: Outbox, insert: Insert, session: Session) -> None:
        self._store = store
        self._outbox = outbox
        self._insert = insert
        self._session = session

    def get(self, table: str, name: str, value: str) -> Row | None:
        for concrete in concrete_tables(table):
            row = self._store.find(concrete, value) if name == "sys_id" else self._store.find_by(concrete, name, value)
            if row is not None:
                return row
        return None

    def query(self, table: str, encoded: str, limit: int) -> list[Row]:
        wanted = parse(encoded, TABLES[table].fields.__contains__, self._session.user_id)
        found = [row for row in self._store.rows(table) if wanted.matches(row.__getitem__)]
        for column, descending in reversed(wanted.order):
            found.sort(key=lambda row, column=column: row[column], reverse=descending)  # type: ignore[misc]
        return found[:limit] if limit else found

    def blank(self, table: str) -> Row:
        return self._store.blank(table)

    def insert(self, table: str, values: Row) -> str | None:
        return self._insert(self._session, table, values)

    def update(self, table: str, sys_id: str, changes: Row) -> str:
        return self._store.update(table, sys_id, changes, self._session.user_name)["sys_id"]

    def now(self) -> int:
        return int(self._store.clock() * 1000)

    def mac(self, key: str, algorithm: str, data: str) -> dict[str, str]:
        try:
            return {"mac": generate_mac(key, algorithm, data)}
        except ValueError as error:
            return {"error": str(error)}

    def credential(self, alias: str) -> dict[str, str] | None:
        found = self._store.find_by("discovery_credentials", "alias", alias)
        return {"password": found["password"]} if found and found["active"] == "true" else None

    def send(self, request: OutboundRequest) -> dict[str, object]:
        text, headers = request["body"], request["headers"]
        if request["substitute"]:
            text = _VARIABLE.sub("", text)
            headers = {name: _VARIABLE.sub("", value) for name, value in headers.items()}
        body = text.encode("utf-8")
        status, answer, problem = 0, "", ""
        with requests.Session() as client:
            client.trust_env = False
            try:
                response = client.request(
                    request["method"],
                    request["url"],
                    data=body,
                    headers=headers,
                    timeout=(_CONNECT_TIMEOUT, request["timeout_ms"] / 1000),
                    allow_redirects=False,
                )
                status, answer = response.status_code, response.text
            except requests.RequestException as error:
                problem = type(error).__name__
        self._outbox.calls.append(OutboundCall(request["url"], dict(headers), body, status))
        return {"error": problem} if problem else {"status": status, "body": answer}

    def log(self, level: str, text: str) -> None:
        self._outbox.log.append(f"{level}: {text}")
