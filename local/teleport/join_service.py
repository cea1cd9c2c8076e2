"""`proto.JoinService`: a bot joins the cluster by the `iam` method, without any secret of the cluster's.

The order of the checks and the words of the refusals were recorded, but for those whose docstrings say otherwise.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from grpclib.const import Status

from local.teleport import audit
from local.teleport.errors import RefusedError, access_denied, bad_parameter, not_found, within
from local.teleport.identity import CertificateIdentity, unusable_logins
from local.teleport.ids import new_uuid
from local.teleport.issuing import Issuer, PublicKeys, parse_keys
from local.teleport.join_token import Token
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.state import ClusterState
from local.teleport.sts import Sts
from local.teleport.sts_request import StsRequest, go_quote, parse, validate
from local.teleport.times import SECOND, moment, nanoseconds, now_ns

_DEFAULT_LIFETIME = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class AwsIdentity:
    """Who AWS says has signed."""

    account: str
    arn: str


def new_challenge() -> str:
    """32 random bytes in Base64 without padding, as recorded."""
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


class JoinService:
    """What the auth server does with a join; the proxy passes it on."""

    def __init__(self, state: ClusterState, issuer: Issuer, sts: Sts) -> None:
        self._state = state
        self._issuer = issuer
        self._sts = sts
        self.mixes_up_challenges = False
        """Whether each answer is held against another challenge than the one that its client got."""

    def register(self, challenge: str, request: pb.RegisterUsingIAMMethodRequest) -> pb.Certs:
        """The bot's certificates for a request that answers this challenge.

        Raises RefusedError. Either way the audit log tells of it.
        """
        if self.mixes_up_challenges:
            challenge = new_challenge()
        with self._state.mutex:
            try:
                return self._register(challenge, request)
            except RefusedError as error:
                self._tell_failure(request.register_using_token_request, error.message)
                raise

    def _register(self, challenge: str, request: pb.RegisterUsingIAMMethodRequest) -> pb.Certs:
        asked = request.register_using_token_request
        with within("validating request parameters"):
            keys = _check_parameters(request)
        with within("completing common token checks"):
            token = self._token(asked)
        with within("checking iam request"):
            if token.join_method != "iam":
                raise access_denied("this token does not support the IAM join method")
            who = self._identify(challenge, request.sts_identity_request)
            with within("checking allow rules"):
                if not token.allows(who.account, who.arn):
                    raise access_denied(f"instance {who.arn} did not match any allow rules in token {token.name}")
        return self._issue(token, who, asked, keys)

    def _token(self, asked: pb.RegisterUsingTokenRequest) -> Token:
        """The token that was named. That it lacks the role is refused in words of ours (not recorded)."""
        token = self._state.tokens.get(asked.Token)
        if token is None or token.has_expired():
            raise access_denied(
                f"{go_quote(asked.NodeName)} can not join the cluster with role {go_quote(asked.Role)}, "
                "token expired or not found"
            )
        if asked.Role not in token.roles:
            raise access_denied(
                f"node {go_quote(asked.NodeName)} can not join the cluster, the token does not allow role "
                f"{go_quote(asked.Role)}"
            )
        return token

    def _identify(self, challenge: str, raw: bytes) -> AwsIdentity:
        request = parse(raw)
        with within("validating STS request"):
            validate(request, challenge, fips=self._state.fips)
        with within("executing STS request"):
            return self._ask_aws(request)

    def _ask_aws(self, request: StsRequest) -> AwsIdentity:
        """What AWS says. Recorded are the status of an unreachable AWS and the words for one that refuses.

        XML instead of JSON is refused as Go's parser would (not recorded).
        """
        if not self._sts.reachable:
            reason = f'Post "https://{request.host}/": dial tcp: lookup {request.host}: no such host'
            raise RefusedError(Status.UNKNOWN, reason)
        answer = self._sts.answer(request, datetime.now(UTC))
        if answer.status != "200 OK":
            told = f"aws sts api returned status: {go_quote(answer.status)} body: {go_quote(answer.body)}"
            raise access_denied(told)
        try:
            found = json.loads(answer.body)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
        except ValueError as error:
            reason = f"invalid character '{answer.body[:1]}' looking for beginning of value"
            raise RefusedError(Status.UNKNOWN, reason) from error
        return AwsIdentity(found["Account"], found["Arn"])

    def _issue(self, token: Token, who: AwsIdentity, asked: pb.RegisterUsingTokenRequest, keys: PublicKeys) -> pb.Certs:
        """The certificates: for as long as was asked for, else an hour, and at most what the bot's role allows.

        The refusals here are not recorded.
        """
        user = f"bot-{token.bot_name}"
        if token.bot_name not in self._state.bots or self._state.user(user) is None:
            raise not_found(f'"user" "{user}" does not exist')
        if user in self._state.locked:
            raise access_denied(f'lock targeting User:"{user}" is in force')
        now = now_ns()
        wanted = nanoseconds(asked.Expires) if asked.HasField("Expires") else now + _DEFAULT_LIFETIME
        if wanted <= now:
            raise bad_parameter("the wanted expiry has passed")
        end = min(wanted, now + self._state.roles[user].max_session_ttl)
        attributes = {
            "meta": {"join_token_name": token.name, "join_method": "iam"},
            "iam": {"account": who.account, "arn": who.arn},
        }
        holder = CertificateIdentity(
            user,
            (user,),
            bot_name=token.bot_name,
            bot_instance=new_uuid(),
            join_attributes=json.dumps(attributes, separators=(",", ":")),
        )
        logins = unusable_logins()
        certs = self._issuer.issue(holder, keys, logins, moment(end), with_host_ca=True)
        cluster = self._state.name
        self._state.emit(audit.certificate_created(cluster, holder, logins, end))
        self._state.emit(audit.bot_joined(cluster, holder.bot_instance, token, who.account, who.arn))
        return certs

    def _tell_failure(self, asked: pb.RegisterUsingTokenRequest, error: str) -> None:
        cluster = self._state.name
        if asked.Role == "Bot":
            self._state.emit(audit.bot_join_failed(cluster, error, self._state.tokens.get(asked.Token)))
        else:
            self._state.emit(audit.instance_join_failed(cluster, error, asked.NodeName, asked.Role))


def _check_parameters(request: pb.RegisterUsingIAMMethodRequest) -> PublicKeys:
    """Recorded is the missing HostID; when a real server looks at the keys is not."""
    asked = request.register_using_token_request
    if asked.Role != "Bot" and not asked.HostID:
        raise bad_parameter("missing parameter HostID")
    if not asked.Token:
        raise bad_parameter("missing parameter Token")
    if not request.sts_identity_request:
        raise bad_parameter("missing parameter StsIdentityRequest")
    if not asked.PublicTLSKey:
        raise bad_parameter("missing parameter PublicTLSKey")
    if not asked.PublicSSHKey:
        raise bad_parameter("missing parameter PublicSSHKey")
    return parse_keys(asked.PublicTLSKey, asked.PublicSSHKey)
