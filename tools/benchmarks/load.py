"""People at work on both sides of the local system, several at a time, and what became of their decisions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import yaml

from local.servicenow.access import APPROVER
from local.servicenow.schema import DECISION
from local.servicenow.seed import APPROVERS_GROUP
from local.system import LocalSystem
from tools.benchmarks.errors import NotMeasured

NO_OUTCOME: Final = "none"
_LOOK_EVERY: Final = 0.01
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: its outcome (`none`: there was none within a minute), and seconds from the click until then."""

    outcome: str
    seconds: float


class Team:
    """So many pairs of one who asks in Teleport and one who decides in ServiceNow, all at work at the same time."""

    def __init__(self, system: LocalSystem, pairs: int) -> None:
        self._pairs = [_Pair(system, number) for number in range(pairs)]

    def decide_once(self) -> None:
        """One decision by each pair. Raises NotMeasured, as `decide_for` does."""
        self._all(lambda pair: [pair.decide()])

    def decide_for(self, seconds: float) -> list[Decided]:
        """Decide one request after the other for so long.

        Raises
        ------
        NotMeasured
            An incident didn't appear within a minute.
        """
        end = time.monotonic() + seconds

        def work(pair: _Pair) -> list[Decided]:
            found = []
            while time.monotonic() < end:
                found.append(pair.decide())
            return found

        return self._all(work)

    def _all(self, work: Callable[[_Pair], Sequence[Decided]]) -> list[Decided]:
        with ThreadPoolExecutor(len(self._pairs)) as threads:
            return [one for found in threads.map(work, self._pairs) for one in found]


class _Pair:
    def __init__(self, system: LocalSystem, number: int) -> None:
        self._system = system
        self._asks, self._decides = f"asks-{number}", f"decides-{number}"
        user = {
            "kind": "user",
            "version": "v2",
            "metadata": {"name": self._asks},
            "spec": {"roles": ["requester"], "traits": {"email": [f"{self._asks}@example.test"]}},
        }
        system.teleport.apply(yaml.safe_dump(user))
        system.servicenow.add_user(self._asks, email=f"{self._asks}@example.test")
        system.servicenow.add_user(
            self._decides, email=f"{self._decides}@example.test", roles=("itil", APPROVER), groups=(APPROVERS_GROUP,)
        )

    def decide(self) -> Decided:
        request_id = self._system.teleport.as_user(self._asks).create_request(["dba"], "a reason")
        incident = request_id.replace("-", "")  # the id that the bridge asks for, and this instance takes
        # Until the ledger has it too: no human is so quick to click before that, and the decision would have to wait.
        if not (_wait(lambda: self._ticketed(incident)) and _wait(lambda: self._noted(request_id))):
            raise NotMeasured(f"no incident appeared within {_PATIENCE:g} s\n{self._system.describe()}")
        row, clicked = self._system.servicenow.decide(self._decides, incident, "approved", "fine"), time.monotonic()
        outcome = _wait(lambda: self._system.servicenow.row(DECISION, row)["outcome"])
        return Decided(outcome or NO_OUTCOME, time.monotonic() - clicked)

    def _ticketed(self, incident: str) -> str:
        try:
            return self._system.servicenow.row("incident", incident)["number"]
        except KeyError:
            return ""

    def _noted(self, request_id: str) -> str:
        return next((str(item["sys_id"]) for item in self._system.ledger(request_id) if item.get("sys_id")), "")


def _wait(look: Callable[[], str]) -> str:
    """Look until there is something to see, and return it; empty after a minute."""
    end = time.monotonic() + _PATIENCE
    while not (found := look()) and time.monotonic() < end:
        time.sleep(_LOOK_EVERY)
    return found
