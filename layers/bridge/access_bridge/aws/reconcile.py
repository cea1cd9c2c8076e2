"""A pass over one of ServiceNow's tables as Lambda calls it: by its schedule, or by a person who only wants to see what
it would do. What it answers is for that person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from access_bridge.aws.telemetry import count, logger
from access_bridge.errors import BridgeError, BrokenConfiguration

KEY: Final = "reconcile"
RUN: Final = "run"
REPORT: Final = "report"
_MOST_LISTED: Final = 200


def reconcile(wanted: object, do: Callable[[bool], Mapping[str, Any]]) -> dict[str, Any]:
    """Do the pass and return what it found; whatever fails, the next one does its work.

    Parameters
    ----------
    wanted
        `run`, or `report` to change nothing; anything else does nothing and says so.
    do
        The pass; told whether it only reports.
    """
    if wanted not in {RUN, REPORT}:
        return {"problem": f"{KEY} must be {RUN} or {REPORT}: nothing was done."}
    report = wanted == REPORT
    try:
        return {"report": report, **do(report)}
    except BridgeError as error:
        logger.warning("this pass over ServiceNow failed; the next one does its work", extra={"problem": str(error)})
        if not report:
            count("ReconcileFailed")
            if isinstance(error, BrokenConfiguration):
                count("BrokenConfiguration")
        return {"report": report, "problem": str(error)}


def listing(found: Sequence[Any]) -> dict[str, Any]:
    """Return how many there are, and the first of them: an answer of Lambda's has its limit."""
    return {"number": len(found), "first": list(found[:_MOST_LISTED])}
