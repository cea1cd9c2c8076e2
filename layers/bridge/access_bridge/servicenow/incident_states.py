"""The incident's state model since Helsinki, as an unchanged instance has it."""

from __future__ import annotations

from typing import Final

RESOLVED: Final = "6"
CLOSED: Final = "7"
CANCELED: Final = "8"
ENDED_STATES: Final = frozenset({RESOLVED, CLOSED, CANCELED})
READ_ONLY_STATES: Final = frozenset({CLOSED, CANCELED})
"""Closed and Canceled incidents take no change but an administrator's."""

ENDINGS: Final = {RESOLVED: "resolved", CLOSED: "closed", CANCELED: "canceled"}
"""What was done to an incident that is in one of these states, in a word."""
