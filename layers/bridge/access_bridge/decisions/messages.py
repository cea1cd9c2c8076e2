"""Messages of the decisions queue: ids and what the callback claimed, never an identity."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter

from access_bridge.decisions.callback import Callback, SysId
from access_bridge.uuids import request_uuid

RequestId = Annotated[str, AfterValidator(request_uuid)]
_CONFIG: Final = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DecisionMessage(BaseModel):
    """Look at this decision."""

    model_config = _CONFIG

    decision_id: SysId
    table: Literal["incident"]
    sys_id: SysId
    request_id: RequestId
    decision: Literal["approved", "rejected"]

    @classmethod
    def of(cls, callback: Callback, decision_id: str) -> DecisionMessage:
        """Return the message of a genuine callback."""
        return cls(decision_id=decision_id, **callback.model_dump())


class OnCallMessage(BaseModel):
    """Look whether the requester is on call."""

    model_config = _CONFIG

    request_id: RequestId
    on_call: Literal[True] = True

    @property
    def decision_id(self) -> str:
        """The id of the decision that comes of it: one for a request."""
        return f"oncall-{self.request_id}"


class JustificationMessage(BaseModel):
    """Look whether the reason names a ticket that justifies the request, and deny it where none does."""

    model_config = _CONFIG

    request_id: RequestId
    justification: Literal[True] = True

    @property
    def decision_id(self) -> str:
        """The id of the decision that comes of it: one for a request."""
        return f"justification-{self.request_id}"


class ClosedMessage(BaseModel):
    """Look whether a person ended the ticket while the request is pending, and deny it where a rule says so."""

    model_config = _CONFIG

    request_id: RequestId
    closed: Literal[True] = True

    @property
    def decision_id(self) -> str:
        """The id of the decision that comes of it: one for a request."""
        return f"closed-{self.request_id}"


AutomaticMessage = OnCallMessage | JustificationMessage | ClosedMessage
_ANY: Final[TypeAdapter[DecisionMessage | AutomaticMessage]] = TypeAdapter(DecisionMessage | AutomaticMessage)


def parse_message(body: str) -> DecisionMessage | AutomaticMessage:
    """Return the message of a body; raises pydantic's ValidationError for one that is none."""
    return _ANY.validate_json(body)
