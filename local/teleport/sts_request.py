"""The signed `GetCallerIdentity` request that a joining client hands over: read, and looked at before it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import h11
from grpclib.const import Status

from local.teleport.errors import RefusedError, access_denied, bad_parameter
from local.teleport.sts_hosts import STS_HOSTS, is_fips

CHALLENGE_HEADER = "x-teleport-challenge"
_BODY = "Action=GetCallerIdentity&Version=2011-06-15"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>[^/,\s]+)/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/"
    r"(?P<end>[^/,\s]+), SignedHeaders=(?P<headers>[^,\s]+), Signature=(?P<signature>[^,\s]+)"
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """An `Authorization` header of Signature Version 4, taken apart."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """The credential scope: what follows the access key."""
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


@dataclass(frozen=True, slots=True)
class StsRequest:
    """An HTTP request. The names of `headers` are in lower case; of one that came twice the values are joined."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """The host that it is for."""
        return self.headers.get("host", "")

    @property
    def wants_json(self) -> bool:
        """Without this, AWS answers XML."""
        return "application/json" in self.headers.get("accept", "")


def go_quote(text: str) -> str:
    """A string as Go's `%q` writes it, for the characters that come up here."""
    return json.dumps(text, ensure_ascii=False)


def parse_authorization(header: str) -> Authorization | None:
    """The parts of an `Authorization` header; None for what is no Signature Version 4."""
    found = _AUTHORIZATION.fullmatch(header)
    if found is None:
        return None
    return Authorization(
        access_key_id=found["key"],
        date=found["date"],
        region=found["region"],
        service=found["service"],
        terminator=found["end"],
        signed_headers=tuple(found["headers"].split(";")),
        signature=found["signature"],
    )


def parse(raw: bytes) -> StsRequest:
    """The request in these bytes. What follows its body is not looked at, as with Go's own reader.

    Raises RefusedError for what is no HTTP/1.1 request, or less than one (status and text are not recorded).
    """
    connection = h11.Connection(h11.SERVER)
    body = b""
    try:
        connection.receive_data(raw)
        request = connection.next_event()
        if not isinstance(request, h11.Request):
            raise _malformed("unexpected EOF")
        if request.http_version != b"1.1":
            raise _malformed("malformed HTTP version")
        while isinstance(part := connection.next_event(), h11.Data):
            body += bytes(part.data)
    except h11.RemoteProtocolError as error:
        raise _malformed(str(error)) from error
    if not isinstance(part, h11.EndOfMessage):
        raise _malformed("unexpected EOF")
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in request.headers:
        name, value = name_bytes.decode("ascii"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return StsRequest(request.method.decode("ascii"), request.target.decode("ascii"), headers, body)


def _malformed(reason: str) -> RefusedError:
    return RefusedError(Status.UNKNOWN, f"parsing STS request\n\t{reason}")


def validate(request: StsRequest, challenge: str, *, fips: bool = False) -> None:
    """What Teleport demands of a request before it sends it to AWS.

    Raises RefusedError: host, challenge and body in the recorded words, the rest in words of our own (not recorded).
    """
    if request.host not in STS_HOSTS:
        raise access_denied(_unknown_host(request.host))
    if fips and not is_fips(request.host):
        raise access_denied(f"STS host {go_quote(request.host)} is not one of FIPS, which this cluster demands")
    if (request.method, request.target) != ("POST", "/"):
        raise access_denied(f"sts identity request is not a POST of / but {request.method} {request.target}")
    if request.headers.get(CHALLENGE_HEADER) != challenge:
        raise access_denied("sts identity request does not include challenge header or it does not match")
    authorization = parse_authorization(request.headers.get("authorization", ""))
    if authorization is None:
        raise bad_parameter("sts identity request has no valid Authorization header")
    if CHALLENGE_HEADER not in authorization.signed_headers:
        raise access_denied(f"sts identity request does not sign the header {CHALLENGE_HEADER}")
    if request.body != _BODY.encode():
        sent = request.body.decode("utf-8", errors="replace")
        raise bad_parameter(f"sts request body {go_quote(sent)} does not equal expected {go_quote(_BODY)}")


def _unknown_host(host: str) -> str:
    """The recorded text, word for word: a client that reads it has to see what a real server writes."""
    return (
        f"IAM join request uses unknown STS host {go_quote(host)}. This could mean that the Teleport Node attempting "
        "to join the cluster is running in a new AWS region which is unknown to this Teleport auth server. "
        "Alternatively, if this URL looks suspicious, an attacker may be attempting to join your Teleport cluster. "
        "Following is the list of valid STS endpoints known to this auth server. If a legitimate STS endpoint is not "
        f"included, please file an issue at https://github.com/gravitational/teleport. [{' '.join(STS_HOSTS)}]"
    )
