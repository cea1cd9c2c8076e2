"""What an answer of the Table API means: its result, or the error that says what to do next."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from access_bridge.errors import BridgeError

from .credentials import SECRET_SETTING
from .errors import CredentialsRefused, NotPermitted, Rejected, RejectionKind, Unavailable, WriteOutcomeUnknown
from .text import cut, plain

_DATA_POLICY: Final = re.compile(r"data policy", re.IGNORECASE)
_BUSINESS_RULE: Final = re.compile(r"business rule|\babort", re.IGNORECASE)
_DUPLICATE: Final = re.compile(r"unique key|duplicate", re.IGNORECASE)
_INVALID_TABLE: Final = re.compile(r"invalid table", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked: the HTTP method, what it was about (a table's name), and whether it may have written."""

    method: str
    about: str
    writes: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.about}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, as far as it matters here."""

    status: int
    content_type: str = ""
    body: bytes = b""
    retry_after: str = ""
    total_count: str = ""

    def json_object(self) -> dict[str, object] | None:
        """Return the body if it is declared as JSON and is an object, else None: a page, a fragment, a bare value."""
        if self.content_type.partition(";")[0].strip().lower() != "application/json":
            return None
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return None
        return parsed if isinstance(parsed, dict) else None

    @property
    def total(self) -> int | None:
        """How many records fulfil the query of a list, shown or not, as X-Total-Count says; None where it doesn't."""
        trimmed = self.total_count.strip()
        return int(trimmed) if trimmed.isascii() and trimmed.isdigit() else None

    @property
    def wait(self) -> float | None:
        """Seconds that Retry-After asks for; ServiceNow documents seconds, so a date counts as not given."""
        trimmed = self.retry_after.strip()
        return float(trimmed) if trimmed.isascii() and trimmed.isdigit() else None


def result_of(answer: Answer, call: Call) -> object | None:
    """Return the `result` of an answer; None when there is no such record, or none that this account sees (404).

    Raises
    ------
    Unavailable
        429 (with `after` from Retry-After), or a read without a usable answer. Nothing was written.
    WriteOutcomeUnknown
        A write that was answered with 5xx, a redirect, a page instead of JSON, JSON cut short, or both `result` and
        `error` (an instance that runs out of time may have committed).
    CredentialsRefused
        401.
    NotPermitted
        A 403 that is no data policy's and no business rule's, or a table that isn't there.
    Rejected
        403 of a data policy or a business rule, and any other 4xx in the Table API's own form.
    """
    status = answer.status
    if 200 <= status < 300:
        return _success(answer, call)
    if status == 429:
        raise Unavailable(f"{call}: ServiceNow's rate limit for this account is reached (429).", after=answer.wait)
    if status == 401:
        raise CredentialsRefused(
            SECRET_SETTING,
            f"{call}: ServiceNow refused the credentials (401).",
            "Check that the account is active and that its way of authentication is allowed for the Table API.",
        )
    if 400 <= status < 500:
        if status == 404 and answer.json_object() is not None:
            return None
        raise _refusal(answer, call)
    hint = ", a redirect: is SERVICENOW_URL the instance's own address?" if status < 400 else ""
    raise unusable(call, f"ServiceNow answered {status}{hint}", after=answer.wait)


def unusable(call: Call, problem: str, *, after: float | None = None) -> Unavailable | WriteOutcomeUnknown:
    """Return the error for a call that was sent and whose answer says nothing: of a write, it may have been applied."""
    if call.writes:
        return WriteOutcomeUnknown(f"{call}: {problem}; the write may have been applied.", after=after)
    return Unavailable(f"{call}: {problem}.", after=after)


def _success(answer: Answer, call: Call) -> object:
    body = answer.json_object()
    if body is None:
        raise unusable(
            call, f"ServiceNow answered {answer.status} without usable JSON (hibernating, in maintenance, or cut short)"
        )
    if "error" in body:
        raise unusable(call, f"ServiceNow ran out of time within its answer ({answer.status} with an error)")
    if body.get("result") is None:
        raise unusable(call, f"ServiceNow answered {answer.status} without a result")
    return body["result"]


def _refusal(answer: Answer, call: Call) -> BridgeError:
    """Return the error for a 4xx that is neither 401 nor 429: of a write, nothing was written."""
    status, body = answer.status, answer.json_object()
    said = _said(body or {})
    if status == 408 or (body is None and status != 403):
        return Unavailable(f"{call}: answered {status}, perhaps not by ServiceNow itself; nothing was written.")
    if _INVALID_TABLE.search(said):
        return NotPermitted(
            f"ServiceNow table {call.about}",
            f"{call}: the instance has no such table ({status}).",
            "Check the table's name, and that the application it belongs to is installed.",
        )
    kind = _rejected_by(status, said)
    if kind is not None:
        return Rejected(f"{call}: ServiceNow refused it ({status}): {said}", status=status, kind=kind, detail=said)
    return NotPermitted(
        f"ServiceNow rights on {call.about}",
        f"{call}: the account may not do this (403): {said or 'no detail given'}",
        "Give its roles access to this table and to the fields that are sent, and let it through the API policies.",
    )


def _rejected_by(status: int, said: str) -> RejectionKind | None:
    """Return who refused the content of a call; None where it is the account that was refused."""
    if status != 403 or _DUPLICATE.search(said):
        return RejectionKind.INVALID
    if _DATA_POLICY.search(said):
        return RejectionKind.DATA_POLICY
    return RejectionKind.BUSINESS_RULE if _BUSINESS_RULE.search(said) else None


def _said(body: dict[str, object]) -> str:
    """Return ServiceNow's own words from `{"error": {"message", "detail"}}`, where `detail` may be null."""
    error = body.get("error")
    if not isinstance(error, dict):
        return ""
    words = (error.get("message"), error.get("detail"))
    return cut(plain(": ".join(word.strip() for word in words if isinstance(word, str) and word.strip())), 400)
