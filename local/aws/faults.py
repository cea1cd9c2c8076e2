"""Trouble that AWS itself makes, on demand: what is asked for here happens before the account's server, as AWS would
answer it, and never inside a function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import requests

Kind = Literal[
    "throttled",
    "error_before",
    "error_after_commit",
    "unavailable",
    "access_denied",
    "condition_failed",
    "partly_failed",
    "drop_before",
    "drop_after_commit",
    "hold_before",
    "hold_after_commit",
]
PATH: Final = "/local/faults"
LONGEST_LOOK: Final = 5.0
"""Seconds for which one question for a hit may stay open."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble for some calls of one operation.

    Parameters
    ----------
    kind
        `throttled`: the service's own throttling error. `error_before`, `error_after_commit`: its internal error (500),
        and the call was carried out or not. `unavailable`: 503. `access_denied`: the role may not. `condition_failed`:
        DynamoDB's answer to a conditional write that another one overtook. `partly_failed`: an SQS batch of which no
        entry was taken, or all but the first. `drop_…`: the connection ends without an answer. `hold_before`: the call
        waits until it is released, and is never carried out; `hold_after_commit`: it is carried out and never answered.
    operation
        As in the API: `UpdateItem`.
    about
        Texts that all stand in the call's body.
    caller
        The access key id of whose calls it is for; empty: everybody's.
    skip
        How many matching calls go through before.
    times
        For how many it is then.
    """

    kind: Kind
    operation: str
    about: tuple[str, ...] = ()
    caller: str = ""
    skip: int = 0
    times: int = 1


class Asked:
    """A trouble that was asked for."""

    def __init__(self, url: str, fault: Fault) -> None:
        self.fault = fault
        self._url = url

    @property
    def hits(self) -> int:
        """How many calls it has met."""
        return int(_json("GET", self._url)["hits"])

    def wait_until_hit(self, timeout: float) -> bool:
        """Wait until it has met its first call; False where `timeout` seconds passed first."""
        while timeout > 0:
            look = min(timeout, LONGEST_LOOK)
            if _json("GET", f"{self._url}?wait={look:g}")["hits"]:
                return True
            timeout -= look
        return self.hits > 0

    def release(self) -> None:
        """Let go of the calls that it holds: their connections end."""
        _json("POST", f"{self._url}/release")

    def take_back(self) -> None:
        """Let it meet no further call, and let go of those that it holds."""
        _json("DELETE", self._url)


class Faults:
    """The troubles of one account. `endpoint` says where its server is, once that runs."""

    def __init__(self, endpoint: Callable[[], str]) -> None:
        self._endpoint = endpoint

    def add(self, fault: Fault) -> Asked:
        """Ask for a trouble; of several that match a call the first one is used."""
        url = f"{self._endpoint()}{PATH}"
        return Asked(f"{url}/{_json('POST', url, asdict(fault))['id']}", fault)

    def clear(self) -> None:
        """Take everything back, and let go of the calls that are held."""
        _json("DELETE", f"{self._endpoint()}{PATH}")


def _json(method: str, url: str, body: object = None) -> dict[str, Any]:
    answer = requests.request(method, url, json=body, timeout=LONGEST_LOOK + 25)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document
