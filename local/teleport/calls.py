"""The log of the gRPC calls that a cluster has served."""

from typing import NamedTuple


class Call(NamedTuple):
    """One call: who (user name, `Nop` without a certificate), which path, and the name of the status answered.

    `DROPPED` stands for a connection that was cut instead of an answer.
    """

    caller: str
    path: str
    status: str
