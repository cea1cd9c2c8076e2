"""Messages of the tickets queue: look at this request, or also at what people did to its ticket; with an event, what
only that knows.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from access_bridge.events.audit_event import AuditEvent
from access_bridge.uuids import request_uuid


class TicketMessage(BaseModel):
    """Look at this request; with `ticket` also at its ticket, as it is in ServiceNow now."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    request_id: Annotated[str, AfterValidator(request_uuid)]
    event: AuditEvent | None = None
    ticket: bool = False
