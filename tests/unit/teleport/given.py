"""An identity that is simply there, for tests that are about something else."""

from __future__ import annotations

from access_bridge.teleport.identity import Identity


class Given:
    """Hands out one identity. What was refused stands in `refused`."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.refused: list[Identity] = []

    def current(self) -> Identity:
        return self._identity

    def refuse(self, identity: Identity) -> None:
        self.refused.append(identity)

    def not_permitted(self, identity: Identity) -> None:
        self.refused.append(identity)
