"""Reading Teleport's list of access requests to its end, page by page."""

from __future__ import annotations

from collections.abc import Callable

from access_bridge.access_request import AccessRequest
from access_bridge.teleport import convert
from access_bridge.teleport.errors import Unavailable
from access_bridge.teleport.proto import teleport_pb2 as pb

PAGE = 100  # requests: one can be 1 MB


def read_list(
    page: Callable[[int, str], pb.ListAccessRequestsResponse], limit: int | None = None
) -> tuple[AccessRequest, ...]:
    """Return all requests, or the first `limit` of them.

    Parameters
    ----------
    page
        Asks for one page: how many requests (the same for every page), and from which key on.

    Raises
    ------
    Unavailable
        when the pages don't end: a list that isn't whole must not be taken for one.
    """
    size = PAGE if limit is None else min(limit, PAGE)
    found: list[AccessRequest] = []
    key, seen = "", {""}
    while limit is None or len(found) < limit:
        reply = page(size, key)
        found.extend(convert.access_request(message) for message in reply.access_requests)
        key = reply.next_key
        if not key:
            break
        if key in seen:
            raise Unavailable("Teleport's list of access requests doesn't end: it gave the same page key twice.")
        seen.add(key)
    return tuple(found[:limit])
