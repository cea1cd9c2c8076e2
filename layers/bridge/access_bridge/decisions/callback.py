"""The callback from ServiceNow: is it from the holder of the key, is it fresh, and what does it point at.

It is a hint, never proof: what it says is read back from ServiceNow before anything happens.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from access_bridge.errors import BrokenConfiguration
from access_bridge.uuids import request_uuid

MAX_BODY_BYTES: Final = 16 * 1024
MAX_AGE_SECONDS: Final = 300
MIN_KEY_BYTES: Final = 32
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURE: Final = re.compile(r"v1=([A-Za-z0-9+/]{43}=)")

SysId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


def _lower_case_uuid(text: str) -> str:
    if request_uuid(text) != text:
        raise ValueError("must be a UUID in lower case")
    return text


class Callback(BaseModel):
    """The body of a callback: these members and no others, ids in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    table: Literal["incident"]
    sys_id: SysId
    request_id: Annotated[str, AfterValidator(_lower_case_uuid)]
    decision: Literal["approved", "rejected"]


class Test(BaseModel):
    """A signed body that asks for nothing but an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    test: Literal[True]


class NotGenuine(Exception):
    """The signature is missing, malformed, wrong or stale; the text says which, for our log only."""


class Malformed(Exception):
    """The signature is good and the body is not; the text says what to mend."""


def decode_keys(texts: Sequence[str]) -> tuple[bytes, ...]:
    """Return the key bytes of the shared key's Base64 texts: the current one first, then the previous one, which is
    left out where it is none.

    Raises
    ------
    BrokenConfiguration
        The current one is no Base64, or of fewer than 32 bytes.
    """
    current, *previous = (_key(text) for text in texts)
    if current is None:
        raise BrokenConfiguration(
            "CALLBACK_SECRET_ARN",
            "names a secret that is no Base64 text of at least 32 bytes.",
            "Put a new key there and in ServiceNow: openssl rand -base64 32.",
        )
    return (current, *(key for key in previous if key is not None))


def _key(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= MIN_KEY_BYTES else None


def verify(headers: Mapping[str, str], body: bytes, keys: Iterable[bytes], now: float) -> str:
    """Check that a callback is genuine and fresh, and return its event id (the sys_id of the decision row).

    Parameters
    ----------
    headers
        The call's headers, names in lower case.
    body
        The bytes as they were sent.
    keys
        The keys that may have signed it, each as bytes.
    now
        Seconds since the epoch.

    Raises
    ------
    NotGenuine
        The signature isn't valid for these bytes, or not fresh (300 s either way).
    """
    timestamp = headers.get("x-bridge-timestamp", "")
    event_id = headers.get("x-bridge-event-id", "")
    signature = _SIGNATURE.fullmatch(headers.get("x-bridge-signature", ""))
    if not signature:
        raise NotGenuine("the signature is missing or malformed")
    if not _TIMESTAMP.fullmatch(timestamp) or not event_id.isascii():
        raise NotGenuine("the timestamp or event id is missing or malformed")
    signed = b"v1." + timestamp.encode() + b"." + event_id.encode() + b"." + body
    # As text: Base64 leaves two bits of the last character free, so four texts mean the same bytes.
    matches = [hmac.compare_digest(signature[1], _mac(key, signed)) for key in keys]
    if not any(matches):
        raise NotGenuine("the signature is wrong")
    if abs(now - int(timestamp)) > MAX_AGE_SECONDS:
        raise NotGenuine("the timestamp is stale")
    return event_id


def _mac(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def read(body: bytes, event_id: str) -> Callback | None:
    """Return what a genuine callback points at; None for a test.

    Raises
    ------
    Malformed
        The body or the event id isn't as agreed; names what is wrong.
    """
    if not body.isascii():
        raise Malformed("The body must be ASCII.")
    try:
        if re.fullmatch(rb'\s*\{\s*"test"\s*:.*\}\s*', body, re.DOTALL):
            Test.model_validate_json(body)
            return None
        callback = Callback.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise Malformed(f"{where}: {first['msg']}.") from error
    if not re.fullmatch(r"[0-9a-f]{32}", event_id):
        raise Malformed("X-Bridge-Event-Id must be the sys_id of the decision row, in lower case.")
    return callback
