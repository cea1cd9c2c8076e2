"""What each answer of the Table API means, for a read and for a write."""

import json

import pytest

from access_bridge.errors import BrokenConfiguration, OutcomeUnknown, Refused, Retry
from access_bridge.servicenow.answers import Answer, Call, result_of
from access_bridge.servicenow.errors import (
    CredentialsRefused,
    NotPermitted,
    Rejected,
    RejectionKind,
    Unavailable,
    WriteOutcomeUnknown,
)

READ = Call("GET", "incident")
WRITE = Call("PATCH", "incident", writes=True)
HIBERNATING = b"<html><body>Your instance is hibernating</body></html>"


def answer(
    status: int, body: object, *, content_type: str = "application/json;charset=UTF-8", wait: str = ""
) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, content_type=content_type, body=raw, retry_after=wait)


def refusal(status: int, detail: str | None, message: str = "Operation Failed") -> Answer:
    return answer(status, {"error": {"message": message, "detail": detail}, "status": "failure"})


@pytest.mark.parametrize(
    ("status", "result"), [(200, {"sys_id": "a"}), (200, [{"sys_id": "a"}]), (200, []), (201, {"sys_id": "a"})]
)
def test_a_good_answer_gives_its_result(status: int, result: object) -> None:
    assert result_of(answer(status, {"result": result}), READ) == result
    assert result_of(answer(status, {"result": result}), WRITE) == result


UNUSABLE = {
    "a hibernating instance": answer(200, HIBERNATING, content_type="text/html"),
    "a page that is called JSON": answer(200, HIBERNATING),
    "JSON that is called a page": answer(200, {"result": {}}, content_type="text/html"),
    "JSON cut short": answer(200, b'{"result":[{"sys_id":"a"},{"sy'),
    "both result and error": answer(200, {"result": [], "error": {"message": "Transaction cancelled"}}),
    "no result": answer(200, {"status": "ok"}),
    "an empty result": answer(200, {"result": None}),
    "a bare list": answer(200, [1]),
    "bytes that are no text": answer(200, b"\xff\xfe\xff"),
    "nothing": answer(204, b"", content_type=""),
    "a redirect": answer(302, b"", content_type=""),
    "a server error": refusal(500, "Transaction cancelled: maximum execution time exceeded"),
    "a bad gateway": answer(502, b"<html>", content_type="text/html"),
    "maintenance": answer(503, b"<html>", content_type="text/html", wait="120"),
}


@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_answer_to_a_read_is_read_again_and_to_a_write_leaves_it_in_doubt(unusable: Answer) -> None:
    with pytest.raises(Unavailable) as read:
        result_of(unusable, READ)
    with pytest.raises(WriteOutcomeUnknown) as write:
        result_of(unusable, WRITE)

    assert isinstance(read.value, Retry)
    assert not isinstance(read.value, OutcomeUnknown)
    assert isinstance(write.value, OutcomeUnknown)
    assert "GET incident" in str(read.value)
    assert "PATCH incident" in str(write.value)
    assert read.value.after == write.value.after == (120 if unusable.retry_after else None)


@pytest.mark.parametrize(("header", "seconds"), [("37", 37), (" 5 ", 5), ("", None), ("soon", None), ("-1", None)])
@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_rate_limit_says_how_long_to_wait_and_that_nothing_was_written(
    call: Call, header: str, seconds: float | None
) -> None:
    limited = answer(429, {"error": {"message": "Rate limit exceeded", "detail": ""}}, wait=header)
    with pytest.raises(Unavailable) as error:
        result_of(limited, call)
    assert error.value.after == seconds


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize("body", [HIBERNATING, b'{"error":{"message":"User Not Authenticated"}}'])
def test_refused_credentials_are_for_a_person_and_nothing_was_written(call: Call, body: bytes) -> None:
    with pytest.raises(CredentialsRefused) as error:
        result_of(answer(401, body), call)
    assert isinstance(error.value, BrokenConfiguration)
    assert error.value.setting == "SERVICENOW_SECRET_ARN"


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize("detail", ["Record doesn't exist or ACL restricts the record retrieval", None])
def test_a_record_that_is_gone_or_hidden_is_none(call: Call, detail: str | None) -> None:
    assert result_of(refusal(404, detail, "No Record found"), call) is None


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize("status", [400, 404, 408, 413])
def test_a_page_with_a_4xx_does_not_come_from_the_table_api_and_wrote_nothing(call: Call, status: int) -> None:
    with pytest.raises(Unavailable):
        result_of(answer(status, b"<html>", content_type="text/html"), call)


@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_request_that_came_too_slowly_wrote_nothing_and_may_be_repeated(call: Call) -> None:
    with pytest.raises(Unavailable):
        result_of(refusal(408, "Request timed out"), call)


@pytest.mark.parametrize(
    ("detail", "kind"),
    [
        ("Data Policy Exception: The following fields are mandatory: Resolution code", RejectionKind.DATA_POLICY),
        (
            "Operation against file 'incident' was aborted by Business Rule 'Check^1f'. Business Rule Stack:Check",
            RejectionKind.BUSINESS_RULE,
        ),
        ("Insert Failed: unique key violation, sys_id 0f exists in incident", RejectionKind.INVALID),
        ("Insert Aborted : Error during insert of incident (INC0010001)", RejectionKind.BUSINESS_RULE),
    ],
)
def test_a_403_of_a_policy_a_rule_or_a_duplicate_refuses_the_content(detail: str, kind: RejectionKind) -> None:
    with pytest.raises(Rejected) as error:
        result_of(refusal(403, detail), WRITE)
    assert isinstance(error.value, Refused)
    assert (error.value.status, error.value.kind) == (403, kind)
    assert detail in error.value.detail


@pytest.mark.parametrize(
    "forbidden",
    [
        refusal(403, "ACL Exception Update Failed due to security constraints"),
        refusal(403, "Failed API level ACL Validation", "User Not Authorized"),
        refusal(403, None),
        answer(403, b"<html>Forbidden by IP address access control</html>", content_type="text/html"),
    ],
)
@pytest.mark.parametrize("call", [READ, WRITE])
def test_any_other_403_refuses_the_account(forbidden: Answer, call: Call) -> None:
    with pytest.raises(NotPermitted) as error:
        result_of(forbidden, call)
    assert error.value.setting == "ServiceNow rights on incident"


@pytest.mark.parametrize("status", [400, 405, 406, 409, 415])
def test_any_other_4xx_is_a_refusal_in_servicenows_words(status: int) -> None:
    with pytest.raises(Rejected) as error:
        result_of(refusal(status, "because", "No"), WRITE)
    assert (error.value.status, error.value.kind, error.value.detail) == (status, RejectionKind.INVALID, "No: because")


def test_a_table_that_is_not_there_is_for_a_person() -> None:
    with pytest.raises(NotPermitted) as error:
        result_of(refusal(400, None, "Invalid table x_acbr_bridge_decision"), Call("GET", "x_acbr_bridge_decision"))
    assert error.value.setting == "ServiceNow table x_acbr_bridge_decision"


def test_servicenows_words_are_kept_short_and_harmless() -> None:
    with pytest.raises(Rejected) as error:
        result_of(refusal(400, "[code]<b>" + "x" * 10_000), WRITE)
    assert len(error.value.detail) <= 400
    assert "[code]" not in error.value.detail
