"""The audit log: events with the keys, the codes and the formats that were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local.teleport.identity import CertificateIdentity
from local.teleport.ids import new_uuid
from local.teleport.join_token import Token
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.times import GO_ZERO_TEXT, nanoseconds, now_ns, rfc3339_nano, round_to_milliseconds

AuditEvent = dict[str, Any]

USER_KIND_HUMAN, USER_KIND_BOT, USER_KIND_SYSTEM = 1, 2, 3

_LOOPBACK = "127.0.0.1"


def _event(cluster: str, kind: str, code: str, fields: Mapping[str, Any]) -> AuditEvent:
    """One event. Fields that have no value are left out; `ei` is always there."""
    present = {key: value for key, value in fields.items() if value not in ("", None, [], {})}
    own = {
        "cluster_name": cluster,
        "code": code,
        "ei": 0,
        "event": kind,
        "time": rfc3339_nano(round_to_milliseconds(now_ns())),
        "uid": new_uuid(),
    }
    return dict(sorted((present | own).items()))


def _annotations(values: pb.LabelValues) -> dict[str, list[str]]:
    return {key: list(values.Values[key].Values) for key in sorted(values.Values)}


def created(
    cluster: str, request: pb.AccessRequestV3, user: Mapping[str, Any], resource_names: Iterable[str]
) -> AuditEvent:
    """`access_request.create`. `user` holds the keys that tell who the requester is and who acted for him."""
    spec = request.Spec
    resources = [
        {"cluster": one.ClusterName, "kind": one.Kind, "name": one.Name}
        | ({"sub_resource": one.SubResourceName} if one.SubResourceName else {})
        for one in spec.RequestedResourceIDs
    ]
    fields = {
        "annotations": _annotations(spec.SystemAnnotations),
        "expires": rfc3339_nano(nanoseconds(spec.Expires)),
        "id": request.Metadata.Name,
        "max_duration": rfc3339_nano(nanoseconds(spec.MaxDuration)),
        "reason": spec.RequestReason,
        "resource_ids": resources,
        "resource_names": list(resource_names),
        "roles": list(spec.Roles),
        "state": pb.RequestState.Name(spec.State),
    }
    return _event(cluster, "access_request.create", "T5000I", {**fields, **user})


def updated(
    cluster: str, request: pb.AccessRequestV3, updated_by: str, delegator: str, override: Iterable[str]
) -> AuditEvent:
    """`access_request.update`: somebody set the state directly. Resolve annotations outweigh system ones (recorded)."""
    spec = request.Spec
    fields = {
        "annotations": _annotations(spec.ResolveAnnotations) or _annotations(spec.SystemAnnotations),
        "delegator": delegator,
        "expires": rfc3339_nano(nanoseconds(spec.Expires)),
        "id": request.Metadata.Name,
        "max_duration": GO_ZERO_TEXT,
        "reason": spec.ResolveReason,
        "roles": list(override),
        "state": pb.RequestState.Name(spec.State),
        "updated_by": updated_by,
    }
    return _event(cluster, "access_request.update", "T5001I", fields)


def reviewed(cluster: str, request: pb.AccessRequestV3, review: pb.AccessReview) -> AuditEvent:
    """`access_request.review`: one vote, and the state after it."""
    spec = request.Spec
    fields = {
        "expires": rfc3339_nano(nanoseconds(spec.Expires)),
        "id": request.Metadata.Name,
        "max_duration": rfc3339_nano(nanoseconds(spec.MaxDuration)),
        "proposed_state": pb.RequestState.Name(review.ProposedState),
        "reason": review.Reason,
        "reviewer": review.Author,
        "state": pb.RequestState.Name(spec.State),
        "submitted_by": review.SubmittedBy,
    }
    return _event(cluster, "access_request.review", "T5002I", fields)


def deleted(cluster: str, request_id: str, user: Mapping[str, Any]) -> AuditEvent:
    """`access_request.delete`. `user` is who deleted it, not who asked."""
    return _event(cluster, "access_request.delete", "T5003I", {"id": request_id, **user})


def expired(cluster: str, request: pb.AccessRequestV3) -> AuditEvent:
    """`access_request.expire`: also of approved requests, when the access ends (recorded)."""
    fields = {
        "expires": rfc3339_nano(nanoseconds(request.Spec.Expires)),
        "expiry": rfc3339_nano(nanoseconds(request.Spec.ResourceExpiry)),
        "id": request.Metadata.Name,
    }
    return _event(cluster, "access_request.expire", "T5005I", fields)


def lock_created(cluster: str, name: str, target: str, admin: str) -> AuditEvent:
    """`lock.created`, made by the administrator on the auth server."""
    fields = {
        "expires": GO_ZERO_TEXT,
        "lock": {"target": {"user": target}},
        "name": name,
        "target": {"user": target},
        "updated_by": admin,
        "user": admin,
        "user_kind": USER_KIND_SYSTEM,
    }
    return _event(cluster, "lock.created", "TLK00I", fields)


def bot_joined(cluster: str, bot_instance: str, token: Token, account: str, arn: str) -> AuditEvent:
    """`bot.join`: a bot joined by `iam`."""
    fields = {
        "addr.remote": _LOOPBACK,
        "attributes": {"Account": account, "Arn": arn},
        "bot_instance_id": bot_instance,
        "bot_name": token.bot_name,
        "method": token.join_method,
        "success": True,
        "token_name": token.name,
        "user_name": f"bot-{token.bot_name}",
    }
    return _event(cluster, "bot.join", "TJ001I", fields)


def bot_join_failed(cluster: str, error: str, token: Token | None) -> AuditEvent:
    """`bot.join` that failed. Recorded is one without a known token; else the event names token and bot."""
    fields: dict[str, Any] = {"addr.remote": _LOOPBACK, "error": error, "success": False}
    if token is not None:
        fields |= {"bot_name": token.bot_name, "method": token.join_method, "token_name": token.name}
    return _event(cluster, "bot.join", "TJ001E", fields)


def instance_join_failed(cluster: str, error: str, node_name: str, role: str) -> AuditEvent:
    """`instance.join` that failed: what wanted to join was no bot."""
    fields = {
        "addr.remote": _LOOPBACK,
        "error": error,
        "node_name": node_name,
        "role": role,
        "success": False,
        "token_expires": GO_ZERO_TEXT,
    }
    return _event(cluster, "instance.join", "TJ002E", fields)


def certificate_created(cluster: str, holder: CertificateIdentity, logins: Sequence[str], expires: int) -> AuditEvent:
    """`cert.create` of a join. The proxy's own client stands in `user_agent`, whoever joined."""
    who = {
        "bot_instance_id": holder.bot_instance,
        "bot_name": holder.bot_name,
        "client_ip": _LOOPBACK,
        "expires": rfc3339_nano(expires),
        "logins": list(logins),
        "prev_identity_expires": GO_ZERO_TEXT,
        "private_key_policy": "none",
        "roles": list(holder.roles),
        "route_to_cluster": cluster,
        "teleport_cluster": cluster,
        "user": holder.user,
    }
    fields = {"cert_type": "user", "identity": who, "user_agent": "grpc-go/1.72.1"}
    return _event(cluster, "cert.create", "TC000I", fields)


def impersonation_refused(cluster: str, error: str) -> AuditEvent:
    """`user.login` that failed: a certificate was asked for with roles that the caller may not take."""
    fields = {"error": error, "message": error, "method": "client.cert", "success": False}
    return _event(cluster, "user.login", "T1000W", fields)
