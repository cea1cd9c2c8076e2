"""The cells of the matrix: which trouble comes at which call of which flow, and what an invariant then allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.faults import kinds
from tests.faults.bench import Mode
from tests.faults.calls import CALLS, AwsCall, Call, ServiceNowCall, TeleportCall
from tests.faults.flows import FLOWS
from tests.faults.oracle import Allowance, Meant


@dataclass(frozen=True, slots=True)
class Cell:
    """One trouble at one call of one flow; without a call, to the flow's messages."""

    flow: str
    call: Call | None
    kind: str

    @property
    def step(self) -> str:
        """The call's name."""
        return self.call.name if self.call else "its messages"

    @property
    def name(self) -> str:
        """By which it is asked for."""
        return f"{self.flow} / {self.step} / {self.kind}"

    @property
    def mode(self) -> Mode:
        """How decisions are applied in the system that it needs."""
        modes: dict[str, Mode] = {"state set": "set_state", "create, ids ignored": "own ids"}
        return modes.get(self.flow, "bot")

    @property
    def allowed(self) -> Allowance | None:
        """What an invariant allows to be otherwise."""
        return allowance(self)


def cells() -> Iterator[Cell]:
    """All cells that apply, flow by flow."""
    for flow in FLOWS:
        for call in (*CALLS[flow], None):
            for kind in kinds.kinds_at(call):
                yield Cell(flow, call, kind)


# ---- what is allowed

_ROW_REFUSED: Final = Allowance(
    "mechanics: a 403 at the decision row doesn't hold up the ticket, on which the outcome stands",
    row_open=True,
)
_WHY_REFUSED: Final = "I4: what can't be read refuses, and the refusal is told"
_GONE_IN_TELEPORT: Final = "design 6: Teleport has the last word; it says that the request is gone"


def allowance(cell: Cell) -> Allowance | None:  # noqa: PLR0911 - one line for each sentence of the invariants
    """What an invariant allows to be otherwise in a cell."""
    match cell.call, cell.kind:
        case ServiceNowCall(name="PATCH decision row"), kinds.FORBIDDEN | kinds.RULE:
            return _ROW_REFUSED
        case ServiceNowCall(name="GET user"), kinds.HIDDEN:
            return Allowance(_WHY_REFUSED, becomes=Meant("refused", "approver_unknown"))
        case ServiceNowCall(name="GET group member"), kinds.HIDDEN:
            return Allowance(_WHY_REFUSED, becomes=Meant("refused", "not_in_group"))
        case ServiceNowCall(name="GET who is on call"), kinds.HIDDEN:
            return Allowance(
                "docs/decisions.md: a rota that answers 404 has nobody on call", becomes=Meant("refused", "not_on_call")
            )
        case ServiceNowCall(name="GET who is on call"), kinds.FORBIDDEN:
            return Allowance(
                "docs/decisions.md: an account that may not ask decides nothing; somebody has to",
                becomes=Meant("refused", "check_refused"),
            )
        case TeleportCall(writes=True), kinds.HIDDEN:
            return Allowance(_GONE_IN_TELEPORT, becomes=Meant("refused", "request_gone"), untold=cell.flow == "on-call")
    return None


# ---- why the others don't apply

REASONS: Final[dict[type[Call], dict[str, str]]] = {
    ServiceNowCall: {
        "throttled, partly failed, conditional write lost": "are AWS's",
        "Lambda timed out": "comes at the AWS calls around each of these: the call itself ends sooner",
        "committed, at a GET": "a read commits nothing, and no business rule refuses one",
    },
    TeleportCall: {
        f"{kinds.LATE}, {kinds.SLOW}": "the deadline goes with the call: Teleport gives it up then, as a timeout",
        f"{kinds.HTML}, {kinds.TRUNCATED}, {kinds.EMPTY}": "what is no gRPC frame is a broken connection: reset",
        f"{kinds.LIMITED_FOR}": "gRPC has no such header",
        f"{kinds.RULE}": "is ServiceNow's",
        f"{kinds.HIDDEN}, at a read": "what may not be seen looks so: the situation of an identity that sees nothing",
    },
    AwsCall: {
        "401, 404, 429, HTML, truncated or empty": "AWS's SDK repeats such a call, and it ends as one of those here",
        kinds.OVERTAKEN: "only where the write has a condition",
        kinds.PARTLY: "only where a batch is sent",
    },
}
