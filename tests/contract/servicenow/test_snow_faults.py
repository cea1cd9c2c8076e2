"""Trouble on demand: each kind looks as it does on a real instance, and then it is over."""

import threading

import pytest
import requests

from local.servicenow.faults import Fault
from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow.conftest import Rest


def _made(sn: ServiceNowInstance) -> int:
    return sum(row["description"] == "new" for row in sn.rows("incident"))


def _post(rest: Rest, timeout: float = 10) -> requests.Response:
    return rest.call("POST", "incident", body={"description": "new"}, timeout=timeout)


def test_a_rate_limit_says_when_to_come_back(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.faults.rate_limited(2, retry_after=7)
    for _ in range(2):
        answer = _post(tickets)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        assert {"X-RateLimit-Limit", "X-RateLimit-Reset", "X-RateLimit-Rule"} <= set(answer.headers)
        assert answer.json()["error"]["message"] == "Rate limit exceeded"
    assert _made(sn) == 0
    assert _post(tickets).status_code == 201


def test_a_500_may_have_committed_or_not(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.faults.error_before()
    assert _post(tickets).status_code == 500
    assert _made(sn) == 0
    sn.faults.error_after_commit()
    answer = _post(tickets)
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "Transaction cancelled: maximum execution time exceeded"
    assert _made(sn) == 1


def test_a_commit_comes_though_the_caller_went_away(sn: ServiceNowInstance, tickets: Rest) -> None:
    late = sn.faults.late(60, method="POST")
    with pytest.raises(requests.Timeout):
        _post(tickets, timeout=0.2)
    assert late.wait_until_hit(5)
    assert _made(sn) == 0
    late.release()
    assert sn.wait_for_calls()
    assert _made(sn) == 1


@pytest.mark.parametrize(("fault", "status"), [("html_page", 200), ("unavailable", 503)])
def test_a_page_instead_of_json(sn: ServiceNowInstance, tickets: Rest, fault: str, status: int) -> None:
    getattr(sn.faults, fault)()
    answer = _post(tickets)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert _made(sn) == 0


def test_a_success_that_can_not_be_read(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.faults.truncated_json()
    answer = _post(tickets)
    assert answer.status_code == 201
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    sn.faults.empty_success()
    answer = _post(tickets)
    assert (answer.status_code, answer.content) == (201, b"")
    assert _made(sn) == 2


def test_a_connection_that_ends_before_or_after_the_commit(sn: ServiceNowInstance, tickets: Rest) -> None:
    for fault, made in ((sn.faults.drop_before, 0), (sn.faults.drop_after_commit, 1)):
        fault()
        with pytest.raises(requests.ConnectionError):
            _post(tickets)
        assert sn.wait_for_calls()
        assert _made(sn) == made


def test_a_connection_that_is_reset_before_or_after_the_commit(sn: ServiceNowInstance, tickets: Rest) -> None:
    for fault, made in ((sn.faults.reset_before, 0), (sn.faults.reset_after_commit, 1)):
        fault()
        with pytest.raises(requests.ConnectionError) as raised:
            _post(tickets)
        assert "ConnectionResetError" in repr(raised.value)
        assert _made(sn) == made


def test_no_answer_at_all_with_and_without_a_commit(sn: ServiceNowInstance, tickets: Rest) -> None:
    for fault, made in ((sn.faults.silent_before, 0), (sn.faults.silent_after_commit, 1)):
        silent = fault(60)
        with pytest.raises(requests.Timeout):
            _post(tickets, timeout=0.3)
        assert _made(sn) == made
        silent.release()
        assert sn.wait_for_calls()
        assert _made(sn) == made


def test_a_lost_connection_whose_commit_comes_later(sn: ServiceNowInstance, tickets: Rest) -> None:
    late = sn.faults.late_and_dropped(60)
    with pytest.raises(requests.ConnectionError):
        _post(tickets)
    assert _made(sn) == 0
    late.release()
    assert sn.wait_for_calls()
    assert _made(sn) == 1


def test_a_rate_limit_may_not_say_when_to_come_back(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.faults.rate_limited(retry_after=None)
    answer = _post(tickets)
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers


def test_credentials_access_controls_and_hidden_records(sn: ServiceNowInstance, tickets: Rest) -> None:
    sys_id = _post(tickets).json()["result"]["sys_id"]
    sn.faults.unauthorized()
    assert tickets.get(f"incident/{sys_id}").status_code == 401
    sn.faults.forbidden()
    refused = tickets.patch(f"incident/{sys_id}", {"description": "x"})
    assert (refused.status_code, refused.json()["error"]["detail"]) == (
        403,
        "ACL Exception Update Failed due to security constraints",
    )
    sn.faults.hidden(2)
    assert tickets.get(f"incident/{sys_id}").status_code == 404
    assert tickets.get("incident").json() == {"result": []}
    assert tickets.get(f"incident/{sys_id}").json()["result"]["description"] == "new"


def test_something_else_can_happen_together_with_it(sn: ServiceNowInstance, tickets: Rest) -> None:
    made: list[int] = []
    for kind in ("drop_before", "drop_after_commit"):
        sn.faults.add(Fault(kind, then=lambda: made.append(_made(sn))))
        with pytest.raises(requests.ConnectionError):
            _post(tickets)
    assert made == [0, 1]


def test_a_customers_rule_refuses(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.faults.refused_by_rule()
    answer = _post(tickets)
    assert answer.status_code == 403
    assert "was aborted by Business Rule" in answer.json()["error"]["detail"]


def test_trouble_hits_only_the_calls_it_is_for(sn: ServiceNowInstance, tickets: Rest) -> None:
    fault = sn.faults.error_before(
        method="PATCH", table="incident", when=lambda call: isinstance(call.body, dict) and "state" in call.body
    )
    sys_id = _post(tickets).json()["result"]["sys_id"]
    assert tickets.patch(f"incident/{sys_id}", {"description": "x"}).status_code == 200
    assert tickets.get("sys_user").status_code == 200
    assert tickets.patch(f"incident/{sys_id}", {"state": "2"}).status_code == 500
    assert tickets.patch(f"incident/{sys_id}", {"state": "2"}).status_code == 200
    assert [call.sys_id for call in fault.seen] == [sys_id]


def test_the_first_calls_may_go_through(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.faults.add(Fault("error_before", method="POST", skip=1))
    assert [_post(tickets).status_code for _ in range(3)] == [201, 500, 201]


def test_a_stopped_instance_refuses_connections_and_comes_back_with_its_data(
    sn: ServiceNowInstance, tickets: Rest
) -> None:
    url = sn.url
    _post(tickets)
    sn.stop()
    with pytest.raises(requests.ConnectionError):
        _post(tickets)
    sn.start()
    assert sn.url == url
    assert _post(tickets).status_code == 201
    assert _made(sn) == 2


def test_calls_are_remembered_with_who_and_what(sn: ServiceNowInstance, tickets: Rest, anyone: Rest) -> None:
    tickets.get("incident", sysparm_query="number=INC1")
    _post(tickets)
    anyone.get("sys_user")
    sn.faults.drop_before()
    with pytest.raises(requests.ConnectionError):
        _post(tickets)
    assert sn.wait_for_calls()
    assert [(call.method, call.table, call.user, call.status) for call in sn.calls] == [
        ("GET", "incident", "svc.access.bridge.tickets", 200),
        ("POST", "incident", "svc.access.bridge.tickets", 201),
        ("GET", "sys_user", "", 401),
        ("POST", "incident", "svc.access.bridge.tickets", 0),
    ]
    assert sn.calls[0].query == {"sysparm_query": "number=INC1"}
    assert sn.calls[1].body == {"description": "new"}
    sn.reset_calls()
    assert sn.calls == []


def test_two_inserts_of_one_id_at_a_time_make_one_record(sn: ServiceNowInstance, tickets: Rest) -> None:
    body = {"sys_id": "5e3fd9b6a1c94f9f8f1b0c9d1e2f3a4b", "description": "new"}
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(tickets.post("incident", body).status_code)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 403, 403, 403]
    assert _made(sn) == 1
