"""Whether a webhook call carries the token: as a bearer token, or as the password of Basic, the only way in which the
event handler can carry one (user information of its URL, percent-decoded; recorded).
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable
from typing import Final

_SESSION_UPLOAD: Final = re.compile(
    r"/teleport/(.*\.)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.log", re.IGNORECASE
)


def presented_token(authorization: str) -> str:
    """Return the token of an Authorization header, or an empty text."""
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:  # no Base64, no ASCII, or no UTF-8 in it
            return ""
    return ""


def is_accepted(authorization: str, tokens: Iterable[str]) -> bool:
    """Tell in constant time whether a header carries one of the tokens."""
    presented = presented_token(authorization).encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(presented, token.encode()) for token in tokens]
    return bool(presented) and any(matches)


def is_session_upload(path: str) -> bool:
    """Tell whether a path is where the event handler puts a session recording: `<session-url>.<session id>.log`."""
    return _SESSION_UPLOAD.fullmatch(path) is not None
