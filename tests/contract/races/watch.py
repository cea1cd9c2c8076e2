"""Watches over one ticket that people end: once the bridge has seen that they did, it doesn't change its state."""

from __future__ import annotations

import re
from typing import Final

import requests

from tests.contract.races.steps import Invocation

_INCIDENT: Final = re.compile(r"/table/incident(/|\?|$)")


class Watch:
    """`wrongs` are the changes that must not have been. Between the bridge's look at the ticket and its write a person
    may still end it, and is overruled then: the Table API has no compare-and-set."""

    def __init__(self) -> None:
        self.wrongs: list[str] = []
        self._moment = 0
        self._ended_at: int | None = None
        self._looked_at: dict[Invocation, int] = {}
        self._ended_by_us = False

    def moment(self) -> None:
        """Another moment begins: what happens in two of them has an order."""
        self._moment += 1

    def ended(self) -> None:
        """A person ends the ticket."""
        if not self._ended_by_us:
            self._ended_at = self._moment

    def opened(self) -> None:
        """A person opens it again."""
        self._ended_at = None

    def deleted(self) -> None:
        """A person deletes it; another one may come, where the bridge had not learned of this one."""
        self._ended_at, self._ended_by_us = None, False

    def seen(self, invocation: Invocation, request: requests.PreparedRequest) -> None:
        """A call reaches the instance."""
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        if not _INCIDENT.search(request.path_url or ""):
            return
        if request.method == "GET":
            self._looked_at[invocation] = self._moment
        elif request.method == "PATCH" and b'"state"' in body:
            looked = self._looked_at.get(invocation)
            if looked is None:
                self.wrongs.append("the state of a ticket was changed without a look at it")
            elif self._ended_at is not None and self._ended_at <= looked:
                self.wrongs.append("the state of a ticket that a person had ended was changed")
            else:
                self._ended_by_us = True
