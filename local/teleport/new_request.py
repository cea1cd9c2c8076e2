"""Turns what somebody asks for into the request that is stored: roles, thresholds, annotations and all the times."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from local.teleport.access import Rights
from local.teleport.caller import Caller
from local.teleport.errors import access_denied, bad_parameter, not_found
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.request_rules import check_reason, label_values, set_thresholds
from local.teleport.state import ClusterState, Node
from local.teleport.times import nanoseconds, now_ns, timestamp


def new_request(state: ClusterState, caller: Caller, asked: pb.AccessRequestV3) -> pb.AccessRequestV3:
    """The request to store. The id is the server's own; the client's is dropped.

    Raises RefusedError for roles that the user may not ask for, a reason that is too long and times that can't be.
    """
    user = state.user(asked.Spec.User)
    if user is None:
        raise not_found(f'"user" "{asked.Spec.User}" does not exist')
    rights = state.rights(user.roles)
    check_reason(asked.Spec.RequestReason, "request")

    request = pb.AccessRequestV3(Kind="access_request", Version="v3")
    request.Metadata.Name = state.request_ids.next()
    request.Metadata.Namespace = "default"
    if asked.Metadata.HasField("Expires"):
        request.Metadata.Expires.CopyFrom(asked.Metadata.Expires)

    spec = request.Spec
    spec.User = asked.Spec.User
    spec.State = asked.Spec.State or pb.PENDING
    spec.RequestReason = asked.Spec.RequestReason
    spec.DryRun = asked.Spec.DryRun
    if state.on_behalf:  # 18.0.0 knows no kinds and drops this
        spec.RequestKind = asked.Spec.RequestKind
    spec.RequestedResourceIDs.extend(asked.Spec.RequestedResourceIDs)
    spec.SuggestedReviewers.extend(asked.Spec.SuggestedReviewers or rights.suggested_reviewers())
    spec.Roles.extend(_roles(state, rights, asked.Spec))
    spec.ResolveAnnotations.SetInParent()
    spec.SystemAnnotations.CopyFrom(label_values(rights.annotations(spec.Roles)))
    set_thresholds(spec, rights)
    _set_times(state, caller, asked, request)
    return request


def _roles(state: ClusterState, rights: Rights, asked: pb.AccessRequestSpecV3) -> list[str]:
    for role in asked.Roles:
        allowed = role in rights.search_as_roles() if asked.RequestedResourceIDs else rights.may_request(role)
        if not allowed:
            raise bad_parameter(f'user "{asked.User}" can not request role "{role}"')
    if asked.Roles:
        return list(asked.Roles)
    wanted = {one.Name for one in asked.RequestedResourceIDs}
    nodes = [node for node in state.nodes if node.name in wanted]
    roles = [role for role in rights.search_as_roles() if all(_reaches(state, role, node) for node in nodes)]
    if not wanted or not roles:
        who = f'none found for user "{asked.User}"'
        raise access_denied(f'Resource Access Requests require usable "search_as_roles", {who}')
    return roles


def _reaches(state: ClusterState, role: str, node: Node) -> bool:
    return node_is_labelled(state.roles[role].allow.node_labels, node) if role in state.roles else False


def node_is_labelled(wanted: object, node: Node) -> bool:
    """Do a role's `node_labels` reach this node?"""
    if not isinstance(wanted, dict) or not wanted:
        return False
    return wanted.get("*") == "*" or all(node.labels.get(key) == value for key, value in wanted.items())


def _set_times(state: ClusterState, caller: Caller, asked: pb.AccessRequestV3, request: pb.AccessRequestV3) -> None:
    """Access ends with the shortest session of the roles, with the caller's own session, or when he says (recorded)."""
    now, spec = now_ns(), request.Spec
    ends = [now + role.max_session_ttl for role in state.rights(spec.Roles).roles]
    if caller.session_end:
        ends.append(caller.session_end)
    if asked.Spec.HasField("MaxDuration"):
        ends.append(_after(now, asked.Spec.MaxDuration, "invalid maxDuration: must be greater than creation time"))
    access_until = min(ends)
    pending_until = access_until
    if asked.Metadata.HasField("Expires"):
        past = "invalid request TTL: Access Request can not be created in the past"
        pending_until = min(access_until, _after(now, asked.Metadata.Expires, past))
    session_until = access_until
    if asked.Spec.HasField("SessionTTL"):
        past = "invalid sessionTTL: must be greater than creation time"
        session_until = min(access_until, _after(now, asked.Spec.SessionTTL, past))
    if asked.Spec.HasField("AssumeStartTime"):
        start = _after(now, asked.Spec.AssumeStartTime, "request start time is in the past")
        if start > access_until:
            raise bad_parameter("request start time is after expiration")
        spec.AssumeStartTime.CopyFrom(asked.Spec.AssumeStartTime)
    spec.Created.CopyFrom(timestamp(now))
    spec.Expires.CopyFrom(timestamp(access_until))
    spec.MaxDuration.CopyFrom(timestamp(access_until))
    spec.SessionTTL.CopyFrom(timestamp(session_until))
    spec.ResourceExpiry.CopyFrom(timestamp(pending_until))


def _after(now: int, value: Timestamp, refusal: str) -> int:
    if nanoseconds(value) <= now:
        raise bad_parameter(refusal)
    return nanoseconds(value)
