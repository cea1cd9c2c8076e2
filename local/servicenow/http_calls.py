"""The pieces of the instance's HTTP: one call as it is remembered, and answers as values."""

import json
import time
from dataclasses import dataclass, field
from typing import Final

from local.servicenow.errors import Refused, acl_exception, not_found, unauthenticated
from local.servicenow.faults import Fault, Incoming

JSON: Final = "application/json;charset=UTF-8"
_PAGE: Final = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the instance got. `table` is `oauth_token` for the token endpoint and `whoisoncall` for who is on
    call, empty for an unknown route.

    `body` is the parsed JSON, or the raw text where it is none; `status` is 0 where the connection was dropped.
    """

    method: str
    path: str
    table: str
    query: dict[str, str]
    user: str
    status: int
    body: object


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `status` 0 means that the connection ends without one, by a reset where `resets`."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    resets: bool = False

    @classmethod
    def of_json(cls, status: int, body: object, headers: dict[str, str] | None = None) -> "Answer":
        """An answer with a JSON body."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return cls(status, text.encode("utf-8"), {"Content-Type": JSON, **(headers or {})})

    @classmethod
    def of_refusal(cls, refused: Refused) -> "Answer":
        """The answer for something refused."""
        headers = {"WWW-Authenticate": 'BASIC realm="Service-now"'} if refused.status == 401 else {}
        return cls.of_json(refused.status, refused.body(), headers)


DROPPED: Final = Answer(0)
RESET: Final = Answer(0, resets=True)
_OPERATIONS: Final = {"POST": "Insert", "PUT": "Update", "PATCH": "Update", "DELETE": "Delete"}


def instead(fault: Fault, call: Incoming) -> Answer:  # noqa: PLR0911 - one line for each kind
    """The answer of a trouble that keeps the call from the instance."""
    match fault.kind:
        case "rate_limited":
            return _rate_limited(fault)
        case "unauthorized":
            return Answer.of_refusal(unauthenticated())
        case "forbidden":
            operation = _OPERATIONS.get(call.method)
            authorized = Refused(403, "User Not Authorized", "Failed API level ACL Validation")
            return Answer.of_refusal(acl_exception(operation) if operation else authorized)
        case "hidden" if call.method == "GET" and not call.sys_id:
            return Answer.of_json(200, {"result": []})
        case "hidden":
            return Answer.of_refusal(not_found())
        case "refused_by_rule":
            rule = "Customer rule^0f1e2d3c4b5a69788796a5b4c3d2e1f0"
            detail = f"Operation against file '{call.table}' was aborted by Business Rule '{rule}'."
            return Answer.of_refusal(Refused(403, "Operation Failed", f"{detail} Business Rule Stack:Customer rule"))
        case "html_page":
            return _page(200, "Your instance is hibernating")
        case "unavailable":
            return _page(503, "Service Unavailable")
        case "drop_before" | "silent_before":
            return DROPPED
        case "reset_before":
            return RESET
        case _:
            return Answer.of_refusal(Refused(500, "Internal Server Error", "An unexpected error occurred"))


def afterwards(fault: Fault, answer: Answer) -> Answer:
    """What a trouble makes of the instance's own answer."""
    match fault.kind:
        case "error_after_commit":
            message = "Transaction cancelled: maximum execution time exceeded"
            return Answer.of_refusal(Refused(500, message, "maximum execution time exceeded"))
        case "truncated_json":
            return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
        case "empty_success":
            headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
            return Answer(answer.status, b"", headers)
        case "drop_after_commit" | "silent_after_commit" | "late_and_dropped":
            return DROPPED
        case "reset_after_commit":
            return RESET
        case _:
            return answer


def _rate_limited(fault: Fault) -> Answer:
    headers = {}
    if fault.seconds is not None:
        reset = str(int(time.time() + fault.seconds))
        headers = {"Retry-After": str(int(fault.seconds)), "X-RateLimit-Limit": "100", "X-RateLimit-Reset": reset}
        headers["X-RateLimit-Rule"] = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
    detail = "Rate limit of 100 requests per hour for Table API exceeded"
    return Answer.of_json(429, Refused(429, "Rate limit exceeded", detail).body(), headers)


def _page(status: int, title: str) -> Answer:
    return Answer(status, _PAGE.format(title).encode("ascii"), {"Content-Type": "text/html;charset=UTF-8"})
