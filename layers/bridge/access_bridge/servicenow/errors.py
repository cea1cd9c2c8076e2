"""What can go wrong when ServiceNow is called: each error says whether a retry, a look or a person helps."""

from __future__ import annotations

from enum import StrEnum

from access_bridge.errors import BrokenConfiguration, OutcomeUnknown, Refused, Retry


class Unavailable(Retry):
    """ServiceNow gave no usable answer, and certainly wrote nothing: not reached, rate limit, or a read that failed."""


class WriteOutcomeUnknown(OutcomeUnknown):
    """A write was sent and no usable answer came: a 500, a timeout or a lost connection can each have committed."""


class RejectionKind(StrEnum):
    """Who in the instance said no."""

    DATA_POLICY = "data_policy"
    BUSINESS_RULE = "business_rule"
    INVALID = "invalid"


class Rejected(Refused):
    """ServiceNow understood the call and refused it; nothing was written.

    Parameters
    ----------
    message
        What was refused, for the log and the ledger.
    status
        The HTTP status.
    kind
        What refused it: a data policy, a business rule, or the Table API itself.
    detail
        ServiceNow's own words, shortened.
    """

    def __init__(self, message: str, *, status: int, kind: RejectionKind, detail: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.detail = detail


class NotPermitted(BrokenConfiguration):
    """The account may not do or see what was asked; nothing was written."""


class CredentialsRefused(BrokenConfiguration):
    """The instance doesn't take our credentials (401, or no token for them); nothing was written. That says nothing of
    the record or table that was asked for: whatever was under way waits until the credentials are mended."""


class InexpressibleValue(Refused):
    """An encoded query can't hold this value: it would end the term or be run as a script. No record is looked for."""


class AddressTooLong(Refused):
    """The call's address would be longer than every instance takes (2048 characters); nothing was sent."""
