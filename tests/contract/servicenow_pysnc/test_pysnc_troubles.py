"""Trouble of the instance, as PySNC takes it: reads are tried again by themselves, writes never."""

import time
from collections.abc import Callable

import pytest
import requests
from pysnc.exceptions import RequestException

from local.servicenow.faults import Fault, Faults
from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow_pysnc.conftest import Client, found, new_incident

Trouble = Callable[[Faults], Fault]


def _statuses(sn: ServiceNowInstance) -> list[int]:
    return [call.status for call in sn.calls]


def _made(sn: ServiceNowInstance) -> int:
    return sum(row["description"] == "new" for row in sn.rows("incident"))


@pytest.fixture
def sys_id(sn: ServiceNowInstance, tickets: Client) -> str:
    made = str(new_incident(tickets).get_value("sys_id"))
    sn.reset_calls()
    return made


def test_a_read_that_is_rate_limited_comes_back_when_it_may(
    sn: ServiceNowInstance, tickets: Client, sys_id: str
) -> None:
    sn.faults.rate_limited(retry_after=1)
    asked = time.monotonic()
    assert found(tickets, sys_id)
    assert time.monotonic() - asked >= 1
    assert _statuses(sn) == [429, 200]


@pytest.mark.parametrize(
    ("trouble", "status"), [(Faults.error_before, 500), (Faults.unavailable, 503), (Faults.drop_before, 0)]
)
def test_a_read_is_tried_again(
    sn: ServiceNowInstance, tickets: Client, sys_id: str, trouble: Trouble, status: int
) -> None:
    trouble(sn.faults)
    assert found(tickets, sys_id)
    assert _statuses(sn) == [status, 200]


@pytest.mark.parametrize(
    ("trouble", "said", "made"),
    [
        (Faults.rate_limited, "Rate limit exceeded", 0),
        (Faults.unavailable, "<!DOCTYPE html>", 0),
        (Faults.error_before, "Internal Server Error", 0),
        (Faults.error_after_commit, "Transaction cancelled: maximum execution time exceeded", 1),
    ],
)
def test_an_insert_is_not_tried_again(
    sn: ServiceNowInstance, tickets: Client, trouble: Trouble, said: str, made: int
) -> None:
    trouble(sn.faults)
    with pytest.raises(RequestException, match=said):
        new_incident(tickets, description="new")
    assert len(sn.calls) == 1
    assert _made(sn) == made


@pytest.mark.parametrize(("trouble", "made"), [(Faults.drop_before, 0), (Faults.drop_after_commit, 1)])
def test_an_insert_without_an_answer_may_have_been_made(
    sn: ServiceNowInstance, tickets: Client, trouble: Trouble, made: int
) -> None:
    trouble(sn.faults)
    with pytest.raises(requests.ConnectionError):
        new_incident(tickets, description="new")
    assert sn.wait_for_calls()
    assert _statuses(sn) == [0]
    assert _made(sn) == made


@pytest.mark.parametrize(("trouble", "made"), [(Faults.html_page, 0), (Faults.truncated_json, 1)])
def test_a_success_that_is_no_json_is_no_success(
    sn: ServiceNowInstance, tickets: Client, trouble: Trouble, made: int
) -> None:
    trouble(sn.faults)
    with pytest.raises(requests.JSONDecodeError):
        new_incident(tickets, description="new")
    assert _made(sn) == made


def test_the_page_of_a_hibernating_instance_is_no_record(sn: ServiceNowInstance, tickets: Client, sys_id: str) -> None:
    sn.faults.html_page(2)
    with pytest.raises(requests.JSONDecodeError):
        tickets.GlideRecord("incident").get(sys_id)
    with pytest.raises(requests.JSONDecodeError):
        tickets.GlideRecord("incident").query()
