"""The part of the rules file that says which ticket, named in a request's reason, justifies the access."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from access_bridge.rules.parts import Part, Text


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return text


class Tickets(Part):
    """Tickets of one table."""

    prefix: Text = Field(description="How their numbers begin.")
    states: tuple[Text, ...] = Field(min_length=1, description="Values of state in which such a ticket justifies.")


class Justification(Part):
    """Tickets named in a request's reason. The states are those of an unchanged instance."""

    pattern: Annotated[Text, AfterValidator(_expression)] = Field(
        default=r"\b(?:INC|CHG|RITM)[0-9]{7,10}\b",
        description="Regular expression (Python's) that finds a ticket's number in the reason.",
    )
    incident: Tickets = Tickets(prefix="INC", states=("1", "2", "3"))
    change_request: Tickets = Tickets(prefix="CHG", states=("-1",))
    sc_req_item: Tickets = Tickets(prefix="RITM", states=("1", "2"))

    def tables(self) -> dict[str, Tickets]:
        """Return the tables in which a ticket is looked for, by their names in ServiceNow."""
        return {
            "incident": self.incident,
            "change_request": self.change_request,
            "sc_req_item": self.sc_req_item,
        }
