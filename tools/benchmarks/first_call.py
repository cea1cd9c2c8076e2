"""What a new process has to do before Teleport answers its first call: run in a process of its own each time, so that
nothing is there already but what is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import boto3

from access_bridge.errors import BridgeError
from access_bridge.teleport.client import connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import parse_identity
from access_bridge.teleport.joining.identities import JoinedIdentities
from access_bridge.teleport.joining.join import Joining, join
from access_bridge.times import utc_now


@dataclass(frozen=True, slots=True)
class Task:
    """What the process is given.

    Parameters
    ----------
    addr, extra_ca_pem
        `TELEPORT_ADDR`, and the CA that its certificate is from.
    token, aws_variables, region
        What it joins with: the join token's name, the AWS role's credentials as environment variables, the region.
    identity_file
        The text of an identity file, with which it then doesn't join.
    """

    addr: str
    extra_ca_pem: str
    token: str
    aws_variables: Mapping[str, str] = field(repr=False)
    region: str
    identity_file: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Moments:
    """When each step was done, in seconds of `time.monotonic()`, and the processor time of all, in seconds."""

    began: float
    looked: float
    joined: float
    called: float
    processor: float


def first_call(task: Task) -> Moments | str:
    """Look at the proxy, get an identity, make a call; return when, or in words what went wrong.

    What a function has before it comes to that is made before the clock starts: the AWS session with one client, since
    it read its parameters, and of an identity file the text.
    """
    os.environ.update(task.aws_variables)
    session = boto3.Session(region_name=task.region)
    session.client("ssm")
    try:
        return _measured(task, session)
    except BridgeError as error:
        return str(error)


def _measured(task: Task, session: boto3.Session) -> Moments:
    endpoint = Endpoint(task.addr, task.extra_ca_pem)
    joining = Joining(endpoint, task.token, "benchmark", session, task.region, utc_now)

    def failed(error: BridgeError) -> None:
        raise error

    identities = JoinedIdentities(
        lambda: parse_identity(task.identity_file) if task.identity_file else join(joining),
        clock=utc_now,
        failed=failed,
    )
    processor, began = time.process_time(), time.monotonic()
    endpoint.look()
    looked = time.monotonic()
    identities.current()
    joined = time.monotonic()
    with connect(identities, endpoint) as teleport:
        teleport.access_requests(limit=1)
        called = time.monotonic()
    return Moments(began, looked, joined, called, time.process_time() - processor)
