"""What a person does about what failed, by what kind of failure it was."""

from __future__ import annotations

from typing import Final

from access_bridge.ledger.items import FailureKind
from cli.dead_letters.cases import Case

_FUNCTIONS: Final = {"tickets": "teleport-events", "decisions": "servicenow-decisions"}
_ADVICE: Final = {
    FailureKind.RETRY: "See that what the reason names is up and answers. Then redrive.",
    FailureKind.REFUSED: "It will be refused again until what refused it is changed: a rule, a right, a record. Change "
    "it, then redrive.",
    FailureKind.CONFIGURATION: "The reason names what is wrong, and the fix. Mend it, then redrive.",
    FailureKind.DEFECT: "Report it: the traceback is in the log ({log}). Redrive after the update that mends it.",
    FailureKind.SILENT: "See in the log whether it ran out of time or memory ({log}). Mend that, then redrive.",
    None: "Redrive it. Where nothing is left to do, nothing is done.",
}


def advice(case: Case, stack: str) -> str:
    """Return what to do, in a sentence or two; `stack` is the stack's name, after which its logs are called."""
    log = f"aws logs tail /aws/lambda/{stack}-{_FUNCTIONS[case.subject.direction]} --since 2d"
    return _ADVICE[case.kind].format(log=log)
