"""Who is calling: by certificate, without one, in this process, or `tctl` on the auth host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.teleport.audit import USER_KIND_BOT, USER_KIND_HUMAN, USER_KIND_SYSTEM


@dataclass(frozen=True, slots=True)
class Caller:
    """One authenticated caller.

    `roles` are those of his certificate. `is_admin` marks `tctl` on the auth host, which no rule binds. `session_end`
    (nanoseconds since 1970) is when his certificate ends: access that he asks for ends then at the latest. Zero: never.
    `has_touched_key`: he has just answered the question for his security key. `bot_instance` and `join_attributes` are
    those of a bot's certificate.
    """

    user: str
    roles: tuple[str, ...] = ()
    impersonator: str = ""
    bot_name: str = ""
    is_admin: bool = False
    session_end: int = 0
    is_nobody: bool = False
    has_touched_key: bool = False
    bot_instance: str = ""
    join_attributes: str = ""

    def audit_keys(self, user: str = "") -> dict[str, Any]:
        """The keys of an audit event that tell who acted; `user` replaces his own name (recorded: the requester's)."""
        keys: dict[str, Any] = {"user": user or self.user}
        if self.impersonator:
            keys["impersonator"] = self.impersonator
        if self.is_admin:
            keys["user_kind"] = USER_KIND_SYSTEM
        elif self.bot_name:
            keys |= {"bot_name": self.bot_name, "user_kind": USER_KIND_BOT}
        else:
            keys["user_kind"] = USER_KIND_HUMAN
        return keys


NOBODY = Caller(user="Nop", is_nobody=True)
"""Who connects without a client certificate (recorded)."""
