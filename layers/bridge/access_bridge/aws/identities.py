"""The Teleport identity that somebody else renews: an identity file in a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from access_bridge.aws.secrets import Secrets
from access_bridge.teleport.identity import Identity, parse_identity

_SETTING: Final = "TELEPORT_IDENTITY_SECRET_ARN"


class StoredIdentities:
    """Hands out the identity in the secret, as cached; one that has ended or was refused is fetched anew.

    Parameters
    ----------
    secrets
        Secrets Manager, which is asked anew every ten seconds at most.
    arn
        The secret's ARN.
    clock
        The time now, aware.
    """

    def __init__(self, secrets: Secrets, arn: str, *, clock: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._arn = arn
        self._clock = clock
        self._refused: Identity | None = None

    def current(self) -> Identity:
        """Return the identity, which may have ended all the same.

        Raises
        ------
        BrokenConfiguration
            The secret can't be read, or holds no identity file.
        Retry
            Secrets Manager can't be reached.
        """
        identity = parse_identity(self._secrets.current(_SETTING, self._arn))
        if identity == self._refused or self._clock() >= identity.not_after:
            identity = parse_identity(self._secrets.fetched_anew(_SETTING, self._arn)[0])
        return identity

    def refuse(self, identity: Identity) -> None:
        """Don't take this one from the cache again."""
        self._refused = identity

    def not_permitted(self, identity: Identity) -> None:
        """Don't take it from the cache either: somebody may store another bot's identity to mend this."""
        self.refuse(identity)
