"""Plain doubles of the boto3 clients that the webhook uses: a secret with one value, a queue that takes everything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any


class SecretsManagerDouble:
    """A secret that was made long ago."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, Any]:
        """Return the current value, as Secrets Manager does."""
        assert VersionStage == "AWSCURRENT", f"{SecretId} has no other version"
        return {"SecretString": self._value, "CreatedDate": datetime(2020, 1, 1, tzinfo=UTC)}


class SqsDouble:
    """Keeps what was sent, by queue."""

    def __init__(self) -> None:
        self.sent: dict[str, list[dict[str, str]]] = {}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:
        """Take every entry."""
        self.sent.setdefault(QueueUrl, []).extend(Entries)
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}
