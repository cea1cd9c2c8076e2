"""`python -m tools.benchmarks [cold-start | renewal | backlog]`: measures, and prints tables. Without a name, all."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from tools.benchmarks.errors import NotMeasured


def main() -> int:
    """Measure what is asked for; return 0, or 1 where it couldn't be measured."""
    parser = argparse.ArgumentParser(prog="python -m tools.benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", choices=("cold-start", "renewal", "backlog"), help="only this one")
    parser.add_argument(
        "--runs", type=_positive, default=7, help="processes for each figure of a cold start (default: 7)"
    )
    parser.add_argument(
        "--rounds", type=_positive, default=3, help="runs of each kind of a renewal under load (default: 3)"
    )
    parser.add_argument("--seconds", type=_positive, default=30, help="how long each of those takes (default: 30)")
    parser.add_argument("--events", type=_positive, default=10_000, help="of the backlog (default: 10000)")
    given = parser.parse_args()
    # Here, because each process of a cold start imports this module anew, and needs none of it.
    from local.aws.environment import EnvironmentLost  # noqa: PLC0415
    from tools.benchmarks import backlog, cold_start, renewal  # noqa: PLC0415
    from tools.benchmarks.telling import Teller  # noqa: PLC0415

    teller = Teller()
    teller.say(
        f"On {os.cpu_count()} cores with Python {platform.python_version()}, where {os.getloadavg()[0]:.1f} processes "
        "wanted to run in the last minute. AWS, Teleport and ServiceNow are stand-ins on this machine."
    )
    try:
        if given.part in (None, "cold-start"):
            cold_start.tell(teller, given.runs)
        if given.part in (None, "renewal"):
            renewal.tell(teller, given.rounds, given.seconds)
        if given.part in (None, "backlog"):
            backlog.tell(teller, given.events)
    except (NotMeasured, EnvironmentLost, AssertionError) as error:  # the last: the system doesn't come to rest
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
