"""The one error tree: what a failure means for the message or request in hand, decided where it is known.

`Retry`: the same attempt may succeed later. `Refused`: a foreign system or a rule said no, and will say so again.
`BrokenConfiguration`: a person has to mend a setting, a credential or a right; work waits for it and an alarm is
raised. Each door maps these three once (see `access_bridge.aws.consume` and the two HTTP doors).
"""

from __future__ import annotations


class BridgeError(Exception):
    """Base of every error that this package raises on purpose. Its text is safe to log and to show: it holds no
    secret."""


class Retry(BridgeError):
    """The attempt failed and may be repeated.

    Parameters
    ----------
    message
        What happened, for the log and the ledger.
    after
        Seconds to wait before the next attempt, where the cause says so (`Retry-After`, an unknown outcome); else None.
    """

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class OutcomeUnknown(Retry):
    """A write was sent and its answer is missing or unusable: it may or may not have been applied, so look first."""


class Refused(BridgeError):
    """The other side understood and said no; repeating the same request is useless."""


class BrokenConfiguration(BridgeError):
    """A setting, secret or right is missing or wrong.

    Parameters
    ----------
    setting
        The name of the setting, secret or role that is wrong.
    problem
        What is wrong with it, without its value.
    fix
        What a person does about it.
    """

    def __init__(self, setting: str, problem: str, fix: str) -> None:
        super().__init__(f"{setting}: {problem} {fix}")
        self.setting = setting
        self.problem = problem
        self.fix = fix
