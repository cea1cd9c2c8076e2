"""The proof of who we are to AWS: a signed `sts:GetCallerIdentity` request, which Teleport's auth server sends to STS.
This program never calls STS itself.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import UnknownRegionError

from access_bridge.errors import BrokenConfiguration

REGION_SETTING: Final = "TELEPORT_JOIN_REGION"
_BODY: Final = b"Action=GetCallerIdentity&Version=2011-06-15"


def sts_host(session: boto3.Session, region: str, *, fips: bool) -> str:
    """Return the host name of a region's STS endpoint, in the region's own partition.

    Parameters
    ----------
    session
        AWS's session, which knows its endpoints.
    fips
        Whether the cluster runs in FIPS mode: it then takes no others (read in Teleport's source, not tried).

    Raises
    ------
    BrokenConfiguration
        when no AWS region has that name.
    """
    try:
        session.get_partition_for_region(region)
    except UnknownRegionError as error:
        raise BrokenConfiguration(
            REGION_SETTING, "it names no AWS region.", "Use a name such as eu-central-1."
        ) from error
    # An endpoint of somebody's own choice, as the environment may name one, is none that Teleport would ask.
    config = Config(ignore_configured_endpoint_urls=True, use_fips_endpoint=fips)  # type: ignore[call-arg]
    endpoint = session.client("sts", region_name=region, config=config).meta.endpoint_url
    return urlsplit(endpoint).hostname or ""


def signed_request(challenge: str, credentials: ReadOnlyCredentials, region: str, host: str) -> bytes:
    """Return the whole HTTP/1.1 request, as bytes, that proves our AWS identity for one challenge of Teleport's.

    Teleport demands exactly this request line and body, the challenge among the signed headers, and JSON as the answer
    (facts recorded on 18.0.0). Headers that its own HTTP client would add are left out, for they aren't signed.
    """
    request = AWSRequest(
        method="POST",
        url=f"https://{host}/",
        data=_BODY,
        headers={
            "Host": host,
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "Content-Length": str(len(_BODY)),
            "X-Teleport-Challenge": challenge,
        },
    )
    SigV4Auth(credentials, "sts", region).add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode("ascii") + _BODY
