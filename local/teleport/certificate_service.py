"""`GenerateUserCerts`, as far as bots use it: a certificate with the roles that the bot may take.

Every refusal but the one for missing keys was recorded.
"""

from __future__ import annotations

from local.teleport import audit
from local.teleport.access import matches
from local.teleport.caller import Caller
from local.teleport.errors import access_denied, bad_parameter, not_found, not_implemented
from local.teleport.identity import CertificateIdentity, unusable_logins
from local.teleport.issuing import Issuer, parse_keys
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.resources import Role
from local.teleport.state import ClusterState
from local.teleport.times import SECOND, moment, nanoseconds, now_ns

_LONGEST = 7 * 24 * 3600 * SECOND


def generate(state: ClusterState, issuer: Issuer, caller: Caller, request: pb.UserCertsRequest) -> pb.Certs:
    """A certificate for the caller himself with requested roles, and the User CA; never the Host CA.

    It ends when asked for, and before that when a requested role's sessions end, or after seven days. Raises
    RefusedError; without a request for roles as UNIMPLEMENTED, because the stand-in renews nobody's certificate.
    """
    if caller.impersonator == caller.user:
        raise access_denied("impersonated roles can not request other roles")
    if request.Username != caller.user:
        raise access_denied("access denied: impersonation is not allowed")
    now, wanted = now_ns(), nanoseconds(request.Expires)
    if wanted < now:
        raise access_denied("access denied: client credentials have expired, please relogin.")
    if not request.UseRoleRequests and not request.RoleRequests:
        raise not_implemented("the stand-in makes certificates for requested roles only")
    roles = _requested(state, caller, list(dict.fromkeys(request.RoleRequests)))
    keys = parse_keys(request.TLSPublicKey, request.SSHPublicKey)
    if keys.tls is None and keys.ssh is None:
        raise bad_parameter("a TLS or an SSH public key is required")
    end = min(wanted, now + _LONGEST, *(now + role.max_session_ttl for role in roles))
    holder = CertificateIdentity(
        caller.user,
        tuple(role.name for role in roles),
        impersonator=caller.user,
        bot_name=caller.bot_name,
        bot_instance=caller.bot_instance,
        join_attributes=caller.join_attributes,
    )
    return issuer.issue(holder, keys, unusable_logins(), moment(end), with_host_ca=False)


def _requested(state: ClusterState, caller: Caller, names: list[str]) -> list[Role]:
    """The roles of these names. One role of the caller has to let him take all of them."""
    if not names:
        raise bad_parameter("at least one role request is required")
    for name in names:
        if name not in state.roles:
            raise not_found(f"role {name} is not found")
    held = state.rights(caller.roles).roles
    if not any(all(matches(one.allow.impersonate_roles, name) for name in names) for one in held):
        quoted = " ".join(f'"{name}"' for name in names)
        refusal = f'user "{caller.user}" has requested role impersonation for [{quoted}]'
        state.emit(audit.impersonation_refused(state.name, refusal))
        raise access_denied(refusal)
    return [state.roles[name] for name in names]
