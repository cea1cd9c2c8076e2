"""The life of an access request, as plain functions on the message: thresholds, votes, states, expiry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from local.teleport.access import Rights
from local.teleport.errors import access_denied, already_exists, bad_parameter, not_implemented
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.resources import Threshold

MAX_REASON_BYTES = 4096


def label_values(values: Mapping[str, Iterable[str]]) -> pb.LabelValues:
    """Labels with several values each, as a message."""
    return pb.LabelValues(Values={key: pb.StringValues(Values=list(several)) for key, several in values.items()})


def check_reason(reason: str, which: str) -> None:
    """Raises RefusedError for a reason of more than 4096 bytes. `which` is `request` or `resolve`."""
    if len(reason.encode()) > MAX_REASON_BYTES:
        middle = "" if which == "request" else f"{which} "
        raise bad_parameter(f"access request {middle}reason is too long, max {MAX_REASON_BYTES} bytes")


def set_thresholds(spec: pb.AccessRequestSpecV3, rights: Rights) -> None:
    """Writes the thresholds that the requester's roles put on the request, and which role needs which."""
    known: list[Threshold] = []
    for role in spec.Roles:
        for thresholds in rights.threshold_sets(role):
            known += [one for one in thresholds if one not in known]
            indexes = pb.ThresholdIndexSet(Indexes=[known.index(one) for one in thresholds])
            if indexes not in spec.RoleThresholdMapping[role].Sets:
                spec.RoleThresholdMapping[role].Sets.append(indexes)
    spec.Thresholds.extend(pb.AccessReviewThreshold(Name=one.name, Approve=one.approve, Deny=one.deny) for one in known)


def check_review(spec: pb.AccessRequestSpecV3, review: pb.AccessReview) -> None:
    """Raises RefusedError for a review that can't be added, in the order in which Teleport 18.0.0 looks (recorded).

    Whether the request is resolved already is the last question of all.
    """
    if review.ProposedState not in (pb.APPROVED, pb.DENIED):
        proposed = pb.RequestState.Name(review.ProposedState)
        raise bad_parameter(f"invalid state proposal: {proposed} (expected approval/denial)")
    if not spec.Thresholds:
        raise bad_parameter("request is uninitialized or does not support reviews")
    if any(earlier.Author == review.Author for earlier in spec.Reviews):
        raise already_exists(f'user "{review.Author}" has already reviewed this request')
    if review.Roles and set(review.Roles) != set(spec.Roles):
        raise not_implemented("role subselection is not yet supported in reviews, try omitting role list")
    if review.Annotations.Values:
        raise not_implemented("annotations are not yet supported in reviews, try omitting annotations field")
    check_reason(review.Reason, "resolve")
    if spec.State != pb.PENDING:
        raise access_denied(f"the access request has been already {pb.RequestState.Name(spec.State).lower()}")


def add_review(spec: pb.AccessRequestSpecV3, review: pb.AccessReview) -> None:
    """Adds a review, and resolves the request if it was the deciding one.

    Any threshold with enough denials denies. Each role needs, in each of its sets, one threshold with enough approvals.
    """
    review.ThresholdIndexes.extend(range(len(spec.Thresholds)))
    spec.Reviews.append(review)
    thresholds = list(enumerate(spec.Thresholds))
    if any(one.Deny and _votes(spec.Reviews, pb.DENIED, index) >= one.Deny for index, one in thresholds):
        decided = pb.DENIED
    elif all(_is_satisfied(spec, role) for role in spec.Roles):
        decided = pb.APPROVED
    else:
        return
    # Recorded: only a request that a review resolved has this field, and there it is empty.
    spec.accessList.SetInParent()
    spec.ResolveReason = review.Reason
    if review.HasField("AssumeStartTime"):
        spec.AssumeStartTime.CopyFrom(review.AssumeStartTime)
    resolve(spec, decided)


def resolve(spec: pb.AccessRequestSpecV3, state: pb.RequestState) -> None:
    """Sets the state. What was *pending until* becomes *access until* by an approval (recorded)."""
    spec.State = state
    if state == pb.APPROVED:
        spec.ResourceExpiry.CopyFrom(spec.Expires)


def _votes(reviews: Sequence[pb.AccessReview], state: int, threshold: int) -> int:
    return sum(one.ProposedState == state and threshold in one.ThresholdIndexes for one in reviews)


def _is_satisfied(spec: pb.AccessRequestSpecV3, role: str) -> bool:
    return all(
        any(_votes(spec.Reviews, pb.APPROVED, index) >= spec.Thresholds[index].Approve for index in one.Indexes)
        for one in spec.RoleThresholdMapping[role].Sets
    )


def set_state(request: pb.AccessRequestV3, setter: pb.RequestStateSetter) -> None:
    """Applies a direct change of the state, over whatever was there. Raises RefusedError as 18.0.0 does."""
    spec, state = request.Spec, setter.State
    if not setter.ID:
        raise bad_parameter("missing request id")
    if state == pb.NONE:
        raise bad_parameter("missing request state")
    if setter.Roles and state != pb.APPROVED:
        raise bad_parameter(f"cannot override roles when setting state: {pb.RequestState.Name(state)}")
    if state == pb.PENDING and setter.Reason:
        raise bad_parameter("pending requests cannot include resolve reason")
    if spec.State == pb.DENIED and state != pb.DENIED:
        raise bad_parameter(f'cannot set request-state "{pb.RequestState.Name(state)}" (already denied)')
    for role in setter.Roles:
        if role not in spec.Roles:
            raise bad_parameter(
                f'role "{role}" not in original request, overrides must be a subset of original role list'
            )
    check_reason(setter.Reason, "resolve")
    spec.ResolveReason = setter.Reason
    spec.ResolveAnnotations.CopyFrom(setter.Annotations)
    if setter.Roles:
        spec.Roles[:] = setter.Roles
    if setter.HasField("AssumeStartTime"):
        spec.AssumeStartTime.CopyFrom(setter.AssumeStartTime)
    resolve(spec, state)
