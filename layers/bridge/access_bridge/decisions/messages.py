"""Messages of the decisions queue: ids and what the callback claimed, never an identity."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from access_bridge.decisions.callback import Callback, SysId
from access_bridge.uuids import request_uuid


class DecisionMessage(BaseModel):
    """Look at this decision."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    decision_id: SysId
    table: Literal["incident"]
    sys_id: SysId
    request_id: Annotated[str, AfterValidator(request_uuid)]
    decision: Literal["approved", "rejected"]

    @classmethod
    def of(cls, callback: Callback, decision_id: str) -> DecisionMessage:
        """Return the message of a genuine callback."""
        return cls(decision_id=decision_id, **callback.model_dump())
