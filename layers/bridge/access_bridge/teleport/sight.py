"""Teleport shows no request to an identity that may not see any, just as if there were none: what it takes to tell the
two apart."""

from __future__ import annotations

from access_bridge.access_request import AccessRequest
from access_bridge.teleport.client import Teleport


def look_again(teleport: Teleport, request_id: str) -> tuple[AccessRequest | None, bool]:
    """After a look that found no such request: return it where it is shown now, for rights may have come back between
    the two looks; and whether this identity sees another one, so that a request that isn't shown is surely gone.

    Raises what `Teleport.access_request` raises.
    """
    proved = any(other.id != request_id for other in teleport.access_requests(limit=2))
    return (teleport.access_request(request_id) if proved else None), proved
