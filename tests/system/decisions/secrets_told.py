"""Looks for secrets where none may be."""

from __future__ import annotations

import json
from collections.abc import Iterator

from local.system import LocalSystem

AWS_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")  # AWS itself puts them there


def secret_texts(system: LocalSystem) -> set[str]:
    """Return what nobody may read: tokens, keys, passwords, and each line of a private key."""
    kept = (text for (kind, _), text in system.resources.texts().items() if kind == "secret")
    aws = {
        text for role in system.stand_ins.aws_roles.values() for text in (role.secret_access_key, role.session_token)
    }
    return {part for text in kept for part in _parts(text)} | {system.webhook_token, system.callback_key} | aws


def secrets_told(system: LocalSystem, *, lines_before: int = 0) -> list[str]:
    """Return the log lines after so many, settings and texts on tickets that hold a secret."""
    told = [json.dumps(line, ensure_ascii=False) for line in system.logs()[lines_before:]]
    for name in ("teleport_events", "servicenow_decisions"):
        own = {key: text for key, text in system.environment(name).items() if key not in AWS_CREDENTIALS}
        told.append(json.dumps(own))
    told += [row["value"] for row in system.servicenow.rows("sys_journal_field")]
    secrets = secret_texts(system)
    return [text for text in told if any(secret in text for secret in secrets)]


def _parts(text: str) -> Iterator[str]:
    if text.startswith("{"):
        yield json.loads(text)["password"]
    elif "-----BEGIN" in text:
        key = text.partition("PRIVATE KEY-----")[2].partition("-----END")[0]
        yield from (line for line in key.split("\n") if line)
    else:
        yield text
