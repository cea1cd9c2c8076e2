"""All cases of who may decide and as whom, in the order in which the table has them."""

from __future__ import annotations

from typing import Final

from tests.contract.decisions.cases import (
    approvals,
    as_whom,
    attribution,
    closed,
    justification,
    limits,
    mapping,
    on_call,
)
from tests.contract.decisions.cases.declare import Chapter

BOOK: Final[tuple[Chapter, ...]] = (
    approvals.CHAPTER,
    mapping.CHAPTER,
    as_whom.CHAPTER,
    limits.CHAPTER,
    on_call.CHAPTER,
    justification.CHAPTER,
    closed.CHAPTER,
    attribution.CHAPTER,
)
