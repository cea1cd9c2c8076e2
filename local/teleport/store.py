"""Access requests as the backend keeps them, and the cache that lists are answered from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from local.teleport.ids import new_uuid
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.times import nanoseconds, now_ns, rfc3339_seconds

SortBy = pb.ListAccessRequestsRequest.SortBy
Predicate = Callable[[pb.AccessRequestV3], bool]


def _sort_key(request: pb.AccessRequestV3, by: int) -> str:
    """The key of a request in one of the four orders. A page's NextKey is the key of the next request (recorded)."""
    name, spec = request.Metadata.Name, request.Spec
    if by == SortBy.CREATED:
        return f"{rfc3339_seconds(nanoseconds(spec.Created))}/{name}"
    if by == SortBy.STATE:
        return f"{pb.RequestState.Name(spec.State)}/{name}"
    if by == SortBy.USER:
        return f"{spec.User}/{name}"
    return name


class RequestStore:
    """The requests by id. A change makes a new revision; what is handed out is a copy."""

    def __init__(self) -> None:
        self._requests: dict[str, pb.AccessRequestV3] = {}
        self._frozen: dict[str, pb.AccessRequestV3] | None = None
        self.view: Mapping[str, pb.AccessRequestV3] = MappingProxyType(self._requests)

    def get(self, request_id: str) -> pb.AccessRequestV3 | None:
        """The request as it is now, or None."""
        found = self._requests.get(request_id)
        if found is None:
            return None
        copy = pb.AccessRequestV3()
        copy.CopyFrom(found)
        return copy

    def put(self, request: pb.AccessRequestV3) -> None:
        """Stores a copy, with a new revision. The caller's own message keeps its revision (recorded: so do answers)."""
        stored = pb.AccessRequestV3()
        stored.CopyFrom(request)
        stored.Metadata.Revision = new_uuid()
        self._requests[request.Metadata.Name] = stored

    def remove(self, request_id: str) -> bool:
        """Forgets a request; False when there is none."""
        return self._requests.pop(request_id, None) is not None

    def due(self, before: int) -> list[pb.AccessRequestV3]:
        """The requests whose resource expiry lies before this time (nanoseconds since 1970)."""
        return [one for one in self._requests.values() if nanoseconds(one.Spec.ResourceExpiry) < before]

    def freeze_lists(self) -> None:
        """From now on lists show what there is now, whatever changes: the real cache lags by some ten milliseconds."""
        self._frozen = dict(self._requests)

    def thaw_lists(self) -> None:
        """Lists show what there is again."""
        self._frozen = None

    def page(
        self, query: pb.ListAccessRequestsRequest, limit: int, wanted: Predicate
    ) -> tuple[list[pb.AccessRequestV3], str]:
        """One page of a list, and the key to ask the next one with; the key is empty on the last page.

        Requests past their resource expiry are left out although they can still be read by id (recorded).
        """
        keyed = {_sort_key(one, query.Sort): one for one in self._listed()}
        keys = sorted(keyed, reverse=query.Descending)
        if query.StartKey:
            start = query.StartKey
            keys = [key for key in keys if (key <= start if query.Descending else key >= start)]
        now, found = now_ns(), list[pb.AccessRequestV3]()
        for key in keys:
            if len(found) == limit:
                return found, key
            if nanoseconds(keyed[key].Spec.ResourceExpiry) > now and wanted(keyed[key]):
                found.append(keyed[key])
        return found, ""

    def _listed(self) -> Iterator[pb.AccessRequestV3]:
        yield from (self._requests if self._frozen is None else self._frozen).values()
