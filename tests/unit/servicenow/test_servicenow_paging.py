"""Long lists page by page: where one ends, and what shows that going on would pass records over."""

import pytest
import requests

from access_bridge.errors import Retry
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.errors import NotPermitted
from access_bridge.servicenow.paging import Page, pages
from access_bridge.servicenow.query import Query
from tests.unit.servicenow.peer import Peer, Reply, failed, listed

OPEN = Query().is_empty("outcome")


@pytest.fixture
def servicenow(peer: Peer, session: requests.Session) -> ServiceNow:
    return ServiceNow(peer.url, BasicCredentials("svc", "secret"), session=session)


def page(*ids: str, total: int | None) -> Reply:
    found = listed(*({"sys_id": name, "outcome": ""} for name in ids))
    return Reply(body=found.body, headers={} if total is None else {"X-Total-Count": str(total)})


def read(servicenow: ServiceNow, after: str = "") -> list[Page]:
    return list(pages(servicenow, "decision", OPEN, ["outcome"], after=after, size=2))


def ids(found: list[Page]) -> list[str]:
    return [row["sys_id"] for one in found for row in one.rows]


def test_what_fits_one_page_is_one_call(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(page("a", "b", total=2), page(total=0))
    assert [(ids([one]), one.last, one.hidden) for one in read(servicenow)] == [(["a", "b"], "", 0)]
    assert [one.last for one in read(servicenow)] == [""]
    assert len(peer.asked) == 2
    assert peer.asked[0].query["sysparm_query"] == "outcomeISEMPTY^ORDERBYsys_id"
    assert peer.asked[0].query["sysparm_limit"] == "2"
    assert "sysparm_offset" not in peer.asked[0].query


def test_each_page_goes_on_behind_the_last_record_of_the_one_before(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(page("a", "b", total=3), page("c", total=1))
    found = read(servicenow)
    assert (ids(found), [one.last for one in found]) == (["a", "b", "c"], ["b", ""])
    assert peer.asked[1].query["sysparm_query"] == "outcomeISEMPTY^sys_id>b^ORDERBYsys_id"


def test_it_goes_on_where_an_earlier_one_stopped(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(page("c", total=1))
    assert ids(read(servicenow, after="b")) == ["c"]
    assert peer.asked[0].query["sysparm_query"] == "outcomeISEMPTY^sys_id>b^ORDERBYsys_id"


def test_a_short_page_is_no_end_where_the_instance_counts_more(peer: Peer, servicenow: ServiceNow) -> None:
    """The instance cuts a page before it hides what the account may not see."""
    peer.will(page("a", total=4), page("c", "d", total=2))
    assert ids(read(servicenow)) == ["a", "c", "d"]


def test_without_a_count_only_an_empty_page_is_the_end(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(page("a", total=None), page("b", total=None), page(total=None))
    found = read(servicenow)
    assert (ids(found), found[-1].hidden) == (["a", "b"], 0)
    assert len(peer.asked) == 3


def test_records_that_are_counted_and_not_shown_are_told(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(page("a", total=4), page(total=3))
    found = read(servicenow)
    assert (ids(found), found[-1].hidden) == (["a"], 3)


@pytest.mark.parametrize("second", [("b", "c"), ("a", "c")])
def test_an_instance_that_leaves_out_where_to_go_on_is_not_believed(
    peer: Peer, servicenow: ServiceNow, second: tuple[str, str]
) -> None:
    peer.will(page("a", "b", total=9), page(*second, total=9))
    with pytest.raises(NotPermitted, match="left out the condition on sys_id"):
        read(servicenow)


def test_an_instance_that_leaves_out_the_order_is_not_believed(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(page("b", "a", total=9))
    with pytest.raises(NotPermitted, match="left out the order"):
        read(servicenow)


def test_what_was_read_before_a_failure_is_good(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(page("a", "b", total=3), failed(503))
    found = pages(servicenow, "decision", OPEN, ["outcome"], size=2)
    assert ids([next(found)]) == ["a", "b"]
    with pytest.raises(Retry):
        next(found)
