"""Users as the auth server serves them, and nodes as far as their names are asked for."""

from __future__ import annotations

import re

from local.teleport.caller import Caller
from local.teleport.errors import not_found
from local.teleport.new_request import node_is_labelled
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.request_rules import label_values
from local.teleport.state import ClusterState, Node, StoredUser
from local.teleport.times import SECOND, go_zero, now_ns, timestamp

_HEARTBEAT = 600 * SECOND
_PASSWORD_UNSET, _NO_DEVICE = 1, 1
_PREDICATE = re.compile(r'resource\.metadata\.name == "([^"]*)"')


def get_user(state: ClusterState, caller: Caller, query: pb.GetUserRequest) -> pb.GetUserResponse:
    """users.v1 GetUser. One's own user needs no rule, any other `read`; the name is case-sensitive (recorded)."""
    name = caller.user if query.current_user else query.name
    if not query.current_user:
        state.check_verbs(caller, "user", "read")
    stored = state.present_users().get(name)
    if stored is None:
        raise not_found(f'"user" "{name}" does not exist')
    return pb.GetUserResponse(user=_message(state, stored))


def list_users(state: ClusterState, caller: Caller, query: pb.ListUsersRequest) -> pb.ListUsersResponse:
    """users.v1 ListUsers: by name, with `list` and `read`. Keywords match names and labels, never traits (recorded).

    A page's token was recorded as the next user's name and a zero; what the server makes of the zero is not known, so
    that here the next page begins with that user.
    """
    state.check_verbs(caller, "user", "read", "list")
    present = state.present_users()
    names = sorted(name for name in present if name >= query.page_token.removesuffix("0"))
    names = [name for name in names if _is_found(present[name], list(query.filter.SearchKeywords))]
    size = query.page_size or len(names)
    token = f"{names[size]}0" if len(names) > size else ""
    users = [_message(state, present[name]) for name in names[:size]]
    return pb.ListUsersResponse(users=users, next_page_token=token)


def _is_found(stored: StoredUser, keywords: list[str]) -> bool:
    user = stored.user
    words = [user.name, *user.labels.keys(), *user.labels.values()]
    return all(any(keyword.lower() in word.lower() for word in words) for keyword in keywords)


def _message(state: ClusterState, stored: StoredUser) -> pb.UserV2:
    user = stored.user
    message = pb.UserV2(Kind="user", Version="v2")
    message.Metadata.Name = user.name
    message.Metadata.Namespace = "default"
    message.Metadata.Description = user.description
    message.Metadata.Labels.update(user.labels)
    message.Metadata.Revision = stored.revision
    if user.expires:
        message.Metadata.Expires.CopyFrom(timestamp(user.expires))
    message.Spec.Roles.extend(user.roles)
    message.Spec.Traits.CopyFrom(label_values(user.traits))
    message.Spec.Status.LockedTime.CopyFrom(go_zero())
    message.Spec.Status.LockExpires.CopyFrom(go_zero())
    message.Spec.Expires.CopyFrom(go_zero())
    message.Spec.CreatedBy.Time.CopyFrom(timestamp(stored.created) if stored.created else go_zero())
    message.Spec.CreatedBy.User.SetInParent()
    message.Status.mfa_weakest_device = _NO_DEVICE
    if stored.created:
        message.Spec.CreatedBy.User.Name = state.admin.user
        message.Status.password_state = _PASSWORD_UNSET
    return message


def list_resources(state: ClusterState, caller: Caller, query: pb.ListResourcesRequest) -> pb.ListResourcesResponse:
    """ListResources, for the nodes that a predicate of names asks for: those that the caller's roles reach.

    With the flags for it also those that he may search as, or look at as a reviewer.
    """
    rights = state.rights(caller.roles)
    names = {role.name for role in rights.roles}
    if query.UseSearchAsRoles:
        names.update(rights.search_as_roles())
    if query.UsePreviewAsRoles:
        names.update(rights.preview_as_roles())
    labels = [state.roles[name].allow.node_labels for name in names if name in state.roles]
    asked = set(_PREDICATE.findall(query.PredicateExpression))
    reached = [
        node
        for node in state.nodes
        if node.name in asked and query.ResourceType == "node" and any(node_is_labelled(one, node) for one in labels)
    ]
    return pb.ListResourcesResponse(
        Resources=[pb.PaginatedResource(Node=_node(state, one)) for one in reached[: query.Limit or None]]
    )


def _node(state: ClusterState, node: Node) -> pb.ServerV2:
    message = pb.ServerV2(Kind="node", Version="v2")
    message.Metadata.Name = node.name
    message.Metadata.Namespace = "default"
    message.Metadata.Labels.update(node.labels)
    message.Metadata.Expires.CopyFrom(timestamp(now_ns() + _HEARTBEAT))
    message.Metadata.Revision = node.revision
    message.Spec.Addr = "127.0.0.1:3022"
    message.Spec.Hostname = node.hostname
    message.Spec.Version = state.version
    rotation = message.Spec.Rotation
    schedule = rotation.Schedule
    for moment in (
        rotation.Started,
        rotation.LastRotated,
        schedule.UpdateClients,
        schedule.UpdateServers,
        schedule.Standby,
    ):
        moment.CopyFrom(go_zero())
    return message
