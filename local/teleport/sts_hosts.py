"""The hosts of AWS's Security Token Service that Teleport 18.0.0 knows, and what stands behind each."""

from __future__ import annotations

_FIPS_REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2")
_REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
)
_OTHER_DOMAINS = (
    "sts.cn-north-1.amazonaws.com.cn",
    "sts.cn-northwest-1.amazonaws.com.cn",
    "sts.us-iso-east-1.c2s.ic.gov",
    "sts.us-iso-west-1.c2s.ic.gov",
    "sts.us-isob-east-1.sc2s.sgov.gov",
)

STS_HOSTS = tuple(
    sorted(
        [
            "sts.amazonaws.com",
            *(f"sts.{region}.amazonaws.com" for region in _REGIONS),
            *(f"sts-fips.{region}.amazonaws.com" for region in _FIPS_REGIONS),
            *_OTHER_DOMAINS,
        ]
    )
)
"""Every host that a join may name, in the order in which a refusal lists them (recorded)."""

_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov", "us-iso": "aws-iso", "us-isob": "aws-iso-b"}


def region_of(host: str) -> str:
    """The region that a host signs for; the global one is in us-east-1."""
    return "us-east-1" if host == "sts.amazonaws.com" else host.split(".")[1]


def is_fips(host: str) -> bool:
    """Whether a host counts as one of FIPS: by its name, or because all of the region's do."""
    return host.startswith("sts-fips.") or region_of(host).startswith("us-gov-")


def partition_of(host: str) -> str:
    """The partition of AWS whose identities a host knows, as in the second part of an ARN."""
    prefix = region_of(host).rsplit("-", maxsplit=2)[0]
    return _PARTITIONS.get(prefix, "aws")
