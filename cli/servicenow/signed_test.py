"""Sends the callback's address a signed test, which it answers 200 and does nothing for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from typing import Final

import requests

from cli.problem import Problem
from cli.servicenow.findings import CONFIGURE, Finding
from cli.servicenow.given import callback_url

_BODY: Final = b'{"test":true}'
_TIMEOUT: Final = (10.0, 30.0)


def check_answer(url: str, key: str, where: str) -> Iterator[Finding]:
    """Yield what is wrong with the answer of a callback's address to a test that is signed with `key` (Base64)."""
    try:
        address = callback_url(url)
    except Problem:
        yield Finding(f"The callback URL {url or '(empty)'} is no https address with a path.", where, CONFIGURE)
        return
    timestamp, event_id = str(int(time.time())), uuid.uuid4().hex
    signed = b"v1." + timestamp.encode() + b"." + event_id.encode() + b"." + _BODY
    mac = hmac.new(base64.b64decode(key), signed, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Bridge-Timestamp": timestamp,
        "X-Bridge-Event-Id": event_id,
        "X-Bridge-Signature": f"v1={base64.b64encode(mac).decode()}",
    }
    try:
        answer = requests.post(address, data=_BODY, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        what = f"The callback URL {address} doesn't answer ({type(error).__name__})."
        yield Finding(what, where, f"Compare it with the stack's output CallbackUrl. {CONFIGURE}")
        return
    if answer.status_code == requests.codes.unauthorized:
        what = "The callback URL refuses a test signed with this key (401)."
        fix = "Take the key as the stack's output CallbackKeyCommand shows it, and check this machine's clock."
        yield Finding(what, where, fix)
    elif answer.status_code != requests.codes.ok:
        what = f"The callback URL {address} answers a signed test with {answer.status_code} instead of 200."
        yield Finding(what, where, f"Compare it with the stack's output CallbackUrl. {CONFIGURE}")
