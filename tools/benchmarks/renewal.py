"""Renewal under load: whether decisions notice that the functions' certificates are renewed all the time.

The same load runs with certificates that live for seconds and with those of an hour, in turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles
from typing import Any, Final

import yaml

from local.system import LocalSystem, Options
from local.system.options import DEMO
from local.system.settings import FUNCTIONS
from local.system.stand_ins import BOTS
from tools.benchmarks.errors import NotMeasured
from tools.benchmarks.load import Decided, Team
from tools.benchmarks.telling import Teller, milliseconds

PAIRS: Final = 8
LIFETIME: Final = 6
"""Seconds. A certificate's end has whole seconds, so it lives up to one less."""
WORKERS: Final = 5
"""How many requests each queue works on at a time: the default of template.yaml."""

_APPLIED: Final = "applied"
_DECISIONS: Final = "servicenow_decisions"
_TICKETS: Final = "teleport_events"
_KEPT: Final = "the message is kept and comes again"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one run.

    `environments` and `joins` of each function, and `joins_failed` of both, are those of the whole run; `kept` are the
    log lines of messages that were put back; `reviews` says how many reviews there are of each request.
    """

    decided: Sequence[Decided]
    environments: Mapping[str, int]
    joins: Mapping[str, int]
    joins_failed: int
    kept: Sequence[Mapping[str, Any]]
    reviews: Mapping[str, int]

    @property
    def failed(self) -> int:
        """Decisions whose outcome is another than *applied*, or that have none."""
        return sum(one.outcome != _APPLIED for one in self.decided)

    @property
    def tried_again(self) -> int:
        """Decisions whose first attempt failed."""
        return sum(line["function"] == _DECISIONS and line["attempts"] == 1 for line in self.kept)

    @property
    def reviewed_again(self) -> int:
        """Requests with more than one review."""
        return sum(number > 1 for number in self.reviews.values())

    def started(self, function: str) -> int:
        """How many environments of a function there were."""
        return self.environments[function]

    def renewals(self, function: str) -> int:
        """How often a function joined beyond once in each environment. Some that only serve a door never join, so there
        may be more."""
        return max(0, self.joins[function] - self.environments[function])


def short_lived_bots(seconds: int) -> str:
    """Return the bots' roles (YAML) as the local system has them, with certificates of so many seconds at most."""
    text = (DEMO / "cluster.yaml").read_text(encoding="utf-8")
    bots = {user.removeprefix("bot-") for user in BOTS.values()}
    roles = [one for one in yaml.safe_load_all(text) if one["kind"] == "role" and one["metadata"]["name"] in bots]
    for role in roles:
        role["spec"]["options"] = {"max_session_ttl": f"{seconds}s"}
    return yaml.safe_dump_all(roles)


def tell(teller: Teller, rounds: int, seconds: float) -> None:
    """Measure and print: so many runs of each kind, of so many seconds. Raises NotMeasured."""
    teller.title("Renewal under load")
    teller.say(
        f"{PAIRS} requests under way at a time, for {seconds:g} s: {rounds} runs with certificates of {LIFETIME} s in "
        f"turns with {rounds} of an hour. Times: from the click to the outcome, in ms; of these runs the least, the "
        "median and the most."
    )
    short: list[Load] = []
    hour: list[Load] = []
    with teller.progress("runs", 2 * rounds) as done:
        for _ in range(rounds):
            for lifetime, loads in ((LIFETIME, short), (None, hour)):
                loads.append(measure(lifetime, seconds))
                done()
    teller.table("Certificates of", (f"{LIFETIME} s", "an hour"), _rows(short, hour))
    problems = Counter(str(line.get("problem")) for load in (*short, *hour) for line in load.kept)
    for problem, number in problems.most_common(5):
        teller.say(f"{number} kept: {problem}")


def measure(lifetime: int | None, seconds: float) -> Load:
    """Run the load on a new system, with certificates of so many seconds, or of the hour that the bridge asks for.

    Raises
    ------
    NotMeasured
        An incident didn't appear within a minute, or there weren't two decisions in that time.
    """
    with LocalSystem(Options(queue_workers=WORKERS)) as system:
        if lifetime is not None:
            system.teleport.apply(short_lived_bots(lifetime))
            for function in FUNCTIONS:
                system.restart(function)
        team = Team(system, PAIRS)
        team.decide_once()  # so that the environments are there
        decided = team.decide_for(seconds)
        if len(decided) < 2:
            raise NotMeasured(f"there were no two decisions in {seconds:g} s")
        system.settle(timeout=60)
        log = system.teleport.audit_log
        return Load(
            decided,
            environments=Counter(metric.function for metric in system.metrics("ColdStart")),
            joins=Counter(metric.function for metric in system.metrics("TeleportJoined")),
            joins_failed=sum(event["event"] == "bot.join" and not event["success"] for event in log),
            kept=[line for line in system.logs() if line.get("message") == _KEPT],
            reviews=Counter(str(event["id"]) for event in log if event["event"] == "access_request.review"),
        )


def _rows(*columns: Sequence[Load]) -> Iterable[Sequence[str]]:
    def total(name: str, number: Callable[[Load], int]) -> Sequence[str]:
        return (name, *(str(sum(map(number, loads))) for loads in columns))

    yield total("decisions", lambda load: len(load.decided))
    yield total("  failed", lambda load: load.failed)
    yield total("  tried again", lambda load: load.tried_again)
    yield total("  reviewed again", lambda load: load.reviewed_again)
    yield total("messages kept, both functions", lambda load: len(load.kept))
    for function in (_TICKETS, _DECISIONS):
        yield total(f"{function}: renewals, at least", partial(Load.renewals, function=function))
        yield total("  in environments", partial(Load.started, function=function))
    yield total("joins that failed", lambda load: load.joins_failed)
    yield ("click to outcome, median", *(milliseconds(map(_median, loads)) for loads in columns))
    yield ("  95th percentile", *(milliseconds(map(_late, loads)) for loads in columns))


def _median(load: Load) -> float:
    return median(one.seconds for one in load.decided)


def _late(load: Load) -> float:
    return quantiles((one.seconds for one in load.decided), n=20)[-1]
