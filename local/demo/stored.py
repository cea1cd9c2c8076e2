"""Looks for Teleport credentials wherever a function could keep one."""

from __future__ import annotations

import json
from collections.abc import Iterator

from local.system.local_system import LocalSystem
from local.system.settings import FUNCTIONS

_MARKS = ("PRIVATE KEY-----", "-cert-v01@openssh.com")


def teleport_credentials(system: LocalSystem) -> list[str]:
    """Return the places that hold a private key or a certificate for it; certificates of CAs are no secret."""
    return [place for place, text in _places(system) if any(mark in text for mark in _MARKS)]


def _places(system: LocalSystem) -> Iterator[tuple[str, str]]:
    for function in FUNCTIONS:
        for name, value in system.environment(function).items():
            yield f"{function}, environment variable {name}", value
        for path in system.files(function):
            yield f"{function}, file {path.name}", path.read_text(encoding="utf-8", errors="replace")
    for (kind, name), text in system.resources.texts().items():
        yield f"{kind} {name}", text
    for line in system.logs():
        yield "log", json.dumps(line)
