"""The identity file in a secret: read from the cache, and anew where it has ended or was refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from access_bridge.aws.identities import StoredIdentities
from access_bridge.aws.secrets import REFETCH_SECONDS, Secrets
from access_bridge.errors import BrokenConfiguration
from tests.unit.teleport.certificates import authority, client

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:access-bridge-AbCdEf"
CLUSTER = "tele.example.test"
NOW = datetime.now(UTC)


def identity_file(user: str, ends: datetime) -> str:
    users, hosts = authority(CLUSTER, "1"), authority(CLUSTER, "2")
    key, certificate = client(users, user, (user,), ends)
    return f"{key}{certificate}{hosts.pem}"


class Vault:
    """Secrets Manager with one secret."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.reads = 0

    def get_secret_value(self, **_: Any) -> dict[str, Any]:
        self.reads += 1
        return {"SecretString": self.text, "CreatedDate": NOW}


class Stored:
    def __init__(self, text: str) -> None:
        self.vault = Vault(text)
        self.now = NOW
        self.identities = StoredIdentities(Secrets(self.vault, monotonic=self.seconds), ARN, clock=lambda: self.now)

    def seconds(self) -> float:
        return (self.now - NOW).total_seconds()


def test_it_is_read_once_and_kept_for_a_while() -> None:
    stored = Stored(identity_file("bot-a", NOW + timedelta(hours=1)))
    assert stored.identities.current().username == "bot-a"
    assert stored.identities.current().username == "bot-a"
    assert stored.vault.reads == 1


@pytest.mark.parametrize("how", ["refuse", "not_permitted"])
def test_one_that_was_refused_is_looked_up_anew(how: str) -> None:
    stored = Stored(identity_file("bot-a", NOW + timedelta(hours=1)))
    first = stored.identities.current()
    stored.vault.text = identity_file("bot-b", NOW + timedelta(hours=1))
    stored.now += timedelta(seconds=REFETCH_SECONDS)
    getattr(stored.identities, how)(first)
    assert stored.identities.current().username == "bot-b"


def test_one_that_has_ended_is_looked_up_anew_and_handed_out_all_the_same_where_there_is_no_other() -> None:
    stored = Stored(identity_file("bot-a", NOW + timedelta(minutes=1)))
    stored.identities.current()
    stored.now += timedelta(minutes=2)
    assert stored.identities.current().username == "bot-a"
    assert stored.vault.reads == 2


def test_nonsense_names_the_secrets_setting() -> None:
    with pytest.raises(BrokenConfiguration, match="TELEPORT_IDENTITY_SECRET_ARN"):
        Stored("nonsense").identities.current()
