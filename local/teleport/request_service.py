"""Access requests as the auth server serves them: who may call, in which order is checked, what is told.

Each function takes the cluster's state and the caller, and raises RefusedError with the status and the text that
Teleport 18.0.0 answers (recorded, where not said otherwise).
"""

from __future__ import annotations

from grpclib.const import Status

from local.teleport import audit, request_rules
from local.teleport.access import Rights
from local.teleport.caller import Caller
from local.teleport.errors import RefusedError, access_denied, bad_parameter, not_found
from local.teleport.new_request import new_request
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.state import ClusterState
from local.teleport.times import now_ns, timestamp

KIND = "access_request"
MAX_PAGE, DEFAULT_PAGE = 16000, 1000


def create(state: ClusterState, caller: Caller, asked: pb.AccessRequestV3) -> pb.AccessRequestV3:
    """CreateAccessRequestV2. The answer has no revision."""
    spec = asked.Spec
    if spec.User != caller.user or spec.State not in (pb.NONE, pb.PENDING):
        state.check_verbs(caller, KIND, "create")
        if spec.User == caller.user:
            raise access_denied("cannot create access request for self in non-pending state")
        state.check_admin_action(caller)
    request = new_request(state, caller, asked)
    if spec.DryRun:
        request.Spec.DryRunEnrichment.ReasonMode = "optional"
        return request
    state.store.put(request)
    user = caller.audit_keys(user=spec.User)
    state.emit(audit.created(state.name, request, user, _resource_names(state, request)))
    return request


def _resource_names(state: ClusterState, request: pb.AccessRequestV3) -> list[str]:
    hostnames = {node.name: node.hostname for node in state.nodes}
    return [f"/{one.Kind}/{hostnames[one.Name]}" for one in request.Spec.RequestedResourceIDs if one.Name in hostnames]


def list_requests(
    state: ClusterState, caller: Caller, query: pb.ListAccessRequestsRequest
) -> pb.ListAccessRequestsResponse:
    """ListAccessRequests. By id: that one, at once and whatever its expiry; no match is an empty success."""
    if query.Filter.ID:
        found = _visible(state, caller, query.Filter.ID)
        return pb.ListAccessRequestsResponse(AccessRequests=[found] if found else [])
    if query.Limit > MAX_PAGE:
        raise bad_parameter(f"page size of {query.Limit} is too large")

    def wanted(request: pb.AccessRequestV3) -> bool:
        return _matches(query.Filter, request, caller) and _may_see(state, caller, request)

    requests, next_key = state.store.page(query, query.Limit or DEFAULT_PAGE, wanted)
    return pb.ListAccessRequestsResponse(AccessRequests=requests, NextKey=next_key)


def stream_requests(state: ClusterState, caller: Caller, wanted: pb.AccessRequestFilter) -> list[pb.AccessRequestV3]:
    """GetAccessRequestsV2: all that match, one message each."""
    found: list[pb.AccessRequestV3] = []
    query = pb.ListAccessRequestsRequest(Filter=wanted)
    while True:
        page = list_requests(state, caller, query)
        found += page.AccessRequests
        if not page.NextKey:
            return found
        query.StartKey = page.NextKey


def set_state(state: ClusterState, caller: Caller, setter: pb.RequestStateSetter) -> None:
    """SetAccessRequestState."""
    state.check_verbs(caller, KIND, "update")
    state.check_admin_action(caller)
    if setter.State == pb.PROMOTED:
        raise bad_parameter("state promoted can be only set when promoting to access list")
    request = _visible(state, caller, setter.ID)
    if setter.ID and request is None:
        raise not_found(f'cannot set state of access request "{setter.ID}" (not found)')
    request = request or pb.AccessRequestV3()
    if setter.ID and request.Spec.User == caller.user:
        raise access_denied("directly updating the state of your own access requests is not permitted")
    request_rules.set_state(request, setter)
    state.store.put(request)
    state.emit(audit.updated(state.name, request, caller.user, setter.Delegator, setter.Roles))


def submit_review(state: ClusterState, caller: Caller, submission: pb.AccessReviewSubmission) -> pb.AccessRequestV3:
    """SubmitAccessReview. The answer has the new state, and the revision from before it (recorded).

    How reviews in another user's name are refused is not recorded: the functions below say what is known.
    """
    review = pb.AccessReview()
    review.CopyFrom(submission.Review)
    if review.ProposedState == pb.PROMOTED:
        raise bad_parameter("state promoted can be only set when promoting to access list")
    on_behalf = _take_author(state, caller, review)
    state.check_admin_action(caller)
    rights = _author_rights(state, review) if on_behalf else _reviewer_rights(state, caller)
    request = state.store.get(submission.RequestID)
    if request is None:
        raise not_found(f'cannot apply review to access request "{submission.RequestID}" (not found)')
    if review.Author == request.Spec.User or not rights.may_review(request.Spec.Roles):
        raise _may_not_review(review, request)
    if on_behalf and state.refuses_long_term_on_behalf and request.Spec.RequestKind == pb.AccessRequestSpecV3.LONG_TERM:
        raise _may_not_review(review, request)
    request_rules.check_review(request.Spec, review)
    if not review.HasField("Created"):
        review.Created.CopyFrom(timestamp(now_ns()))
    review.Annotations.SetInParent()
    request_rules.add_review(request.Spec, review)
    state.store.put(request)
    state.emit(audit.reviewed(state.name, request, review))
    return request


def _take_author(state: ClusterState, caller: Caller, review: pb.AccessReview) -> bool:
    """Fills in whom the review is by and who handed it in. True: in another user's name.

    Only a server that knows the flag, and a role with `submit_for_users`, allow that. Any other server drops the flag
    and refuses another author with the same text (recorded): the text is how a caller learns which it is.
    """
    review.Author = review.Author or caller.user
    asks_for_another = review.submitted_on_behalf_of_author
    review.ClearField("SubmittedBy")
    review.ClearField("submitted_on_behalf_of_author")
    if review.Author == caller.user:
        if not _reviewer_rights(state, caller).reviews_anything():
            raise access_denied(f'user "{caller.user}" cannot submit reviews')
        return False
    if not (state.on_behalf and asks_for_another and state.rights(caller.roles).may_submit_for(review.Author)):
        raise access_denied(f'user "{caller.user}" cannot submit reviews on behalf of "{review.Author}"')
    review.SubmittedBy = caller.user
    review.submitted_on_behalf_of_author = True
    return True


def _author_rights(state: ClusterState, review: pb.AccessReview) -> Rights:
    """What the author of a review that somebody else hands in may review, by the roles that he has now.

    The caller's own rights to review count for nothing. An author who doesn't exist (or has expired), and one without
    any right to review, are refused with the texts that Teleport has for these cases elsewhere; that it uses them here
    too is unverified. Whether a lock on the author holds his review up isn't known: here it doesn't.
    """
    author = state.user(review.Author)
    if author is None:
        raise not_found(f'"user" "{review.Author}" does not exist')
    rights = state.rights(author.roles)
    if not rights.reviews_anything():
        raise access_denied(f'user "{review.Author}" cannot submit reviews')
    return rights


def _may_not_review(review: pb.AccessReview, request: pb.AccessRequestV3) -> RefusedError:
    return access_denied(f'user "{review.Author}" cannot review request "{request.Metadata.Name}"')


def _reviewer_rights(state: ClusterState, caller: Caller) -> Rights:
    """A bot reviews with its certificate's roles, a user with those that he has now."""
    user = state.user(caller.user)
    return state.rights(caller.roles if user is None or user.bot_name else user.roles)


def delete(state: ClusterState, caller: Caller, request_id: str) -> None:
    """DeleteAccessRequest. The text for an unknown id is not recorded."""
    state.check_verbs(caller, KIND, "delete")
    state.check_admin_action(caller)
    if not state.store.remove(request_id):
        raise RefusedError(Status.NOT_FOUND, f'cannot delete access request "{request_id}" (not found)')
    state.emit(audit.deleted(state.name, request_id, caller.audit_keys()))


def _visible(state: ClusterState, caller: Caller, request_id: str) -> pb.AccessRequestV3 | None:
    found = state.store.get(request_id)
    return found if found is not None and _may_see(state, caller, found) else None


def _may_see(state: ClusterState, caller: Caller, request: pb.AccessRequestV3) -> bool:
    """Who has `list` and `read` sees all, anybody else his own and what he may review."""
    if caller.is_admin or not state.rights(caller.roles).missing_verbs(KIND, ["list", "read"]):
        return True
    return request.Spec.User == caller.user or _reviewer_rights(state, caller).may_review(request.Spec.Roles)


def _matches(wanted: pb.AccessRequestFilter, request: pb.AccessRequestV3, caller: Caller) -> bool:
    spec, scope = request.Spec, pb.AccessRequestFilter
    has_reviewed = any(review.Author == caller.user for review in spec.Reviews)
    in_scope = {
        scope.DEFAULT: True,
        scope.MY_REQUESTS: spec.User == caller.user,
        scope.NEEDS_REVIEW: spec.User != caller.user and spec.State == pb.PENDING and not has_reviewed,
        scope.REVIEWED: has_reviewed,
    }
    words = [request.Metadata.Name, spec.User, *spec.Roles, *(one.Name for one in spec.RequestedResourceIDs)]
    return (
        (not wanted.User or wanted.User == spec.User)
        and wanted.State in (pb.NONE, spec.State)
        and in_scope.get(wanted.scope, False)
        and all(any(keyword.lower() in word.lower() for word in words) for keyword in wanted.SearchKeywords)
    )
