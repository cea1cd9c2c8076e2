"""The messages that this client sends, from plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from access_bridge.access_request import RequestState
from access_bridge.teleport.proto import teleport_pb2 as pb

LONGEST_REASON = 4096  # bytes; Teleport refuses a longer one
CUT_MARK = " … [cut]"


def request_by_id(request_id: str) -> pb.ListAccessRequestsRequest:
    """Ask for one request. With an id Teleport reads past its cache, so a write is seen at once."""
    return pb.ListAccessRequestsRequest(filter=pb.AccessRequestFilter(id=request_id), limit=1)


def request_page(limit: int, start_key: str = "") -> pb.ListAccessRequestsRequest:
    """Ask for one page of all requests, in the default order (a page asked for in another order came back empty)."""
    return pb.ListAccessRequestsRequest(filter=pb.AccessRequestFilter(), limit=limit, start_key=start_key)


def review(request_id: str, state: RequestState, reason: str, author: str = "") -> pb.AccessReviewSubmission:
    """A review by the caller, or in the name of `author`. Its time is left out: the server fills in its own."""
    return pb.AccessReviewSubmission(
        request_id=request_id,
        review=pb.AccessReview(
            author=author,
            proposed_state=state.value,
            reason=cut_reason(reason).encode(),
            submitted_on_behalf_of_author=bool(author),
        ),
    )


def state_setter(
    request_id: str, state: RequestState, reason: str, delegator: str, annotations: Mapping[str, Sequence[str]]
) -> pb.RequestStateSetter:
    """A change of a request's state. `delegator` is for the audit event alone, `annotations` stay on the request."""
    return pb.RequestStateSetter(
        id=request_id,
        state=state.value,
        delegator=delegator,
        reason=cut_reason(reason),
        annotations=_labels(annotations) if annotations else None,
    )


def cut_reason(reason: str) -> str:
    """Return the reason as Teleport takes it: at most 4096 bytes of UTF-8, cut between characters with a visible mark.

    What stands first is kept: put there what must not be lost.
    """
    data = reason.encode("utf-8", "replace")
    if len(data) <= LONGEST_REASON:
        return data.decode()
    return data[: LONGEST_REASON - len(CUT_MARK.encode())].decode("utf-8", "ignore") + CUT_MARK


def _labels(labels: Mapping[str, Sequence[str]]) -> pb.LabelValues:
    return pb.LabelValues(values={key: pb.StringValues(values=values) for key, values in labels.items()})
