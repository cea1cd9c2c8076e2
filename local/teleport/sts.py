"""AWS's Security Token Service, as far as `GetCallerIdentity` goes: it verifies the signature and says who signed.

How it refuses is AWS's documented behaviour, not recorded: what was recorded was a stand-in too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from local.teleport.ids import new_uuid
from local.teleport.sts_hosts import partition_of, region_of
from local.teleport.sts_request import Authorization, StsRequest, parse_authorization

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_TOLERANCE = timedelta(minutes=15)
_MOMENT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class StsAnswer:
    """An HTTP answer: `200 OK` or another status with its words, and the body."""

    status: str
    body: str


@dataclass(frozen=True, slots=True)
class _Credentials:
    secret_access_key: str
    session_token: str
    arn: str


class _RefusedError(Exception):
    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def _mismatch(message: str) -> _RefusedError:
    return _RefusedError("403 Forbidden", "SignatureDoesNotMatch", message)


class Sts:
    """All of the service's hosts at once. It knows the credentials that were added, and no others."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._credentials: dict[str, _Credentials] = {}
        self.reachable = True
        """Whether the auth server gets through to it."""

    def add(self, access_key_id: str, secret_access_key: str, session_token: str, arn: str) -> None:
        """From now on these credentials stand for this ARN; a key that is known gets new ones.

        `session_token` is empty for credentials that last.
        """
        with self._mutex:
            self._credentials[access_key_id] = _Credentials(secret_access_key, session_token, arn)

    def answer(self, request: StsRequest, now: datetime) -> StsAnswer:
        """What AWS answers at this time: JSON where the request accepts it, else XML."""
        try:
            arn = self._identify(request, now)
        except _RefusedError as error:
            return StsAnswer(error.status, _error_body(error, as_json=request.wants_json))
        return StsAnswer("200 OK", _identity_body(arn, as_json=request.wants_json))

    def _identify(self, request: StsRequest, now: datetime) -> str:
        """The ARN of who signed. Raises _RefusedError."""
        authorization = parse_authorization(request.headers.get("authorization", ""))
        if authorization is None:
            raise _RefusedError("400 Bad Request", "IncompleteSignature", "The Authorization header is malformed.")
        with self._mutex:
            known = self._credentials.get(authorization.access_key_id)
        token = request.headers.get("x-amz-security-token", "")
        if known is None or not hmac.compare_digest(known.session_token.encode(), token.encode()):
            raise _invalid_token()
        _check_scope(request, authorization)
        _check_time(request, authorization, now)
        _check_headers(request, authorization)
        wanted = _signature(request, authorization, known.secret_access_key)
        if not hmac.compare_digest(wanted.encode(), authorization.signature.encode()):
            raise _mismatch("The request signature we calculated does not match the signature you provided.")
        if known.arn.split(":")[1] != partition_of(request.host):
            raise _invalid_token()
        return known.arn


def _invalid_token() -> _RefusedError:
    return _RefusedError(
        "403 Forbidden", "InvalidClientTokenId", "The security token included in the request is invalid."
    )


def _check_scope(request: StsRequest, authorization: Authorization) -> None:
    if authorization.region != region_of(request.host):
        raise _mismatch("Credential should be scoped to a valid region.")
    if (authorization.service, authorization.terminator) != ("sts", "aws4_request"):
        raise _mismatch("Credential should be scoped to correct service: 'sts'.")


def _check_time(request: StsRequest, authorization: Authorization, now: datetime) -> None:
    written = request.headers.get("x-amz-date", "")
    try:
        signed_at = datetime.strptime(written, _MOMENT).replace(tzinfo=UTC)
    except ValueError as error:
        raise _RefusedError("400 Bad Request", "IncompleteSignature", "X-Amz-Date is missing or malformed.") from error
    if authorization.date != written[:8]:
        raise _mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
    if signed_at < now - _TOLERANCE:
        limit = (now - _TOLERANCE).strftime(_MOMENT)
        raise _mismatch(f"Signature expired: {written} is now earlier than {limit} ({now.strftime(_MOMENT)} - 15 min.)")
    if signed_at > now + _TOLERANCE:
        limit = (now + _TOLERANCE).strftime(_MOMENT)
        raise _mismatch(f"Signature not yet current: {written} is still later than {limit}")


def _check_headers(request: StsRequest, authorization: Authorization) -> None:
    """`host` and all of AWS's own headers have to be signed, and what is signed has to be there."""
    signed = set(authorization.signed_headers)
    needed = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    if not needed <= signed:
        raise _mismatch(f"These headers must be signed: {', '.join(sorted(needed - signed))}.")
    if not signed <= set(request.headers):
        raise _mismatch(f"These headers are signed but missing: {', '.join(sorted(signed - set(request.headers)))}.")


def _signature(request: StsRequest, authorization: Authorization, secret_access_key: str) -> str:
    """Signature Version 4 as AWS documents it, in hexadecimal."""
    canonical = "\n".join(
        [
            request.method,
            request.target,
            "",
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in authorization.signed_headers),
            "",
            ";".join(authorization.signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], authorization.scope, digest])
    key = f"AWS4{secret_access_key}".encode()
    for part in authorization.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _identity_body(arn: str, *, as_json: bool) -> str:
    account, user_id, request_id = arn.split(":")[4], f"AROAEXAMPLE:{arn.rpartition('/')[2]}", new_uuid()
    if as_json:
        result = {"Account": account, "Arn": arn, "UserId": user_id}
        answer = {"GetCallerIdentityResult": result, "ResponseMetadata": {"RequestId": request_id}}
        return json.dumps({"GetCallerIdentityResponse": answer})
    return (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult><Arn>{escape(arn)}</Arn>'
        f"<UserId>{escape(user_id)}</UserId><Account>{account}</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


def _error_body(error: _RefusedError, *, as_json: bool) -> str:
    request_id = new_uuid()
    if as_json:
        told = {"Code": error.code, "Message": error.message, "Type": "Sender"}
        return json.dumps({"Error": told, "RequestId": request_id})
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{error.code}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
