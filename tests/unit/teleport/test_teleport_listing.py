"""The list of access requests, page by page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from access_bridge.teleport.errors import Unavailable
from access_bridge.teleport.listing import read_list
from access_bridge.teleport.proto import teleport_pb2 as pb

Page = Callable[[int, str], pb.ListAccessRequestsResponse]


def _pages(pages: dict[str, tuple[list[str], str]], asked: list[tuple[int, str]]) -> Page:
    """A server with these pages: for each key the ids on it, and the next key."""

    def page(limit: int, key: str) -> pb.ListAccessRequestsResponse:
        asked.append((limit, key))
        ids, following = pages[key]
        requests = [pb.AccessRequest(metadata=pb.Metadata(name=name)) for name in ids]
        return pb.ListAccessRequestsResponse(access_requests=requests, next_key=following)

    return page


def test_every_page_is_asked_for_with_the_same_size_until_there_is_no_next() -> None:
    asked: list[tuple[int, str]] = []
    pages = {"": (["a", "b"], "k1"), "k1": ([], "k2"), "k2": (["c"], "")}
    assert [request.id for request in read_list(_pages(pages, asked))] == ["a", "b", "c"]
    assert asked == [(100, ""), (100, "k1"), (100, "k2")]


@pytest.mark.parametrize(
    ("limit", "ids", "calls"), [(0, "", 0), (1, "a", 1), (2, "ab", 1), (3, "abc", 2), (9, "abc", 2)]
)
def test_a_limit_stops_as_soon_as_it_is_reached(limit: int, ids: str, calls: int) -> None:
    asked: list[tuple[int, str]] = []
    pages = {"": (["a", "b"], "k1"), "k1": (["c"], "")}
    assert "".join(request.id for request in read_list(_pages(pages, asked), limit)) == ids
    assert len(asked) == calls


@pytest.mark.parametrize(
    "pages", [{"": ([], "k1"), "k1": (["a"], "k1")}, {"": ([], "k1"), "k1": ([], "k2"), "k2": ([], "k1")}]
)
def test_a_list_that_never_ends_is_no_list(pages: dict[str, tuple[list[str], str]]) -> None:
    with pytest.raises(Unavailable, match="same page key twice"):
        read_list(_pages(pages, []))
