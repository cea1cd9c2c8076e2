"""Runs the shipped scripts in an ES5 engine, with the platform's server-side classes stood in for (glide.js)."""

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, TypedDict
from xml.etree import ElementTree

import dukpy
import requests

from local.servicenow.access import Session
from local.servicenow.query import parse
from local.servicenow.schema import TABLES, concrete_tables
from local.servicenow.store import Row, Store

_SHIPPED: Final = Path(__file__).parents[2] / "servicenow" / "src"
_UPDATE_SET: Final = _SHIPPED.parent / "dist" / "access-bridge-update-set.xml"
_GLIDE: Final = Path(__file__).with_name("glide.js")
_CONNECT_TIMEOUT: Final = 10.0

Insert = Callable[[Session, str, Row], str | None]
"""A script's insert as a session: answers the row's `sys_id`, or None where a business rule aborts it."""

_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class RestMethod(TypedDict):
    """An HTTP method of a REST message: what is sent where a script says nothing else."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


class OutboundRequest(RestMethod):
    """What a script gave to RESTMessageV2."""

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


@dataclass(frozen=True, slots=True)
class ClickResult:
    """What a UI action did: the rows that it made, by `sys_id`, and what the form then says."""

    made: list[str]
    told: list[str]
    errors: list[str]


@cache
def rest_methods() -> dict[tuple[str, str], RestMethod]:
    """The HTTP methods of the REST messages in the shipped update set, by message and method."""
    payloads = [element.text or "" for element in ElementTree.parse(_UPDATE_SET).iter("payload")]
    records = [record for payload in payloads for record in ElementTree.fromstring(payload)]
    names = {_text(record, "sys_id"): _text(record, "name") for record in records if record.tag == "sys_rest_message"}
    found: dict[tuple[str, str], RestMethod] = {}
    for record in records:
        if record.tag == "sys_rest_message_fn":
            headers = [one for one in records if _text(one, "rest_message_function") == _text(record, "sys_id")]
            found[names[_text(record, "rest_message")], _text(record, "function_name")] = {
                "method": _text(record, "http_method"),
                "url": _text(record, "rest_endpoint"),
                "headers": {_text(one, "name"): _text(one, "value") for one in headers},
                "body": _text(record, "content"),
            }
    return found


def _text(record: ElementTree.Element, column: str) -> str:
    return record.findtext(column) or ""


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
    """Runs shipped business rules and UI actions.

    `outbox` gets what they send and log; `insert` takes the rows that they make; `throws` says whether `execute()`
    throws where nothing answers (else its status is 0: the documentation leaves it open).
    """

    def __init__(self, store: Store, outbox: Outbox, insert: Insert, throws: Callable[[], bool]) -> None:
        self._store = store
        self._outbox = outbox
        self._insert = insert
        self._throws = throws

    def run(self, session: Session, rule: str, table: str, row: Row) -> RuleResult:
        """Runs `servicenow/src/business-rules/<rule>.js` for a row, as the session's user.

        Server-side scripts pass by access controls. Raises dukpy.JSRuntimeError where the script throws.
        """
        host = self._host(session, interactive=False)
        source = _SHIPPED / "business-rules" / f"{rule}.js"
        result = _evaluate(host, table, row, source, "{changes: current._changes, aborted: current._aborted}")
        return RuleResult(result["changes"], bool(result["aborted"]))

    def click(self, session: Session, action: str, table: str, row: Row) -> ClickResult:
        """Runs `servicenow/src/ui-actions/<action>.js` for a row as a form shows it, as a person in his own session.

        Server-side scripts pass by access controls. Raises dukpy.JSRuntimeError where the script throws.
        """
        host = self._host(session, interactive=not session.machine)
        _evaluate(host, table, row, _SHIPPED / "ui-actions" / f"{action}.js", "null")
        return ClickResult(host.made, host.told, host.errors)

    def _host(self, session: Session, *, interactive: bool) -> "_Host":
        return _Host(self._store, self._outbox, self._insert, session, interactive=interactive, throws=self._throws())


def _evaluate(host: "_Host", table: str, row: Row, source: Path, answer: str) -> Any:
    engine = dukpy.JSInterpreter()
    for name in _Host.FUNCTIONS:
        engine.export_function(name, getattr(host, name))
    sources = [_GLIDE, *sorted((_SHIPPED / "script-includes").glob("*.js")), source]
    script = ";\n".join(["var scope = dukpy.scope", *(path.read_text("utf-8") for path in sources)])
    return engine.evaljs(f"{script};\n({answer})", scope={**host.scope(), "table": table, "row": row})


class _Host:
    """The Python side of glide.js."""

    FUNCTIONS: Final = (
        *("get", "query", "blank", "insert", "update", "now", "mac", "credential", "send", "log"),
        *("property", "guid", "rest_method", "info_message", "error_message"),
    )

    def __init__(  # noqa: PLR0913 - what a script's platform consists of
        self, store: Store, outbox: Outbox, insert: Insert, session: Session, *, interactive: bool, throws: bool
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._insert = insert
        self._session = session
        self._interactive = interactive
        self._throws = throws
        self.made: list[str] = []
        self.told: list[str] = []
        self.errors: list[str] = []

    def scope(self) -> dict[str, object]:
        return {
            "user_id": self._session.user_id,
            "user_name": self._session.user_name,
            "roles": sorted(self._session.roles),
            "interactive": self._interactive,
        }

    def property(self, name: str) -> str | None:
        found = self._store.find_by("sys_properties", "name", name)
        return found["value"] if found else None

    def guid(self) -> str:
        return uuid.uuid4().hex

    def rest_method(self, message: str, method: str) -> RestMethod | None:
        return rest_methods().get((message, method))

    def info_message(self, text: str) -> None:
        self.told.append(text)

    def error_message(self, text: str) -> None:
        self.errors.append(text)

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
        sys_id = self._insert(self._session, table, values)
        if sys_id is not None:
            self.made.append(sys_id)
        return sys_id

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
        found = self._store.find_by("discovery_credentials", "tag", alias)
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
        if problem and self._throws:
            return {"error": problem}
        return {"status": status, "body": answer, "problem": problem}

    def log(self, level: str, text: str) -> None:
        self._outbox.log.append(f"{level}: {text}")
