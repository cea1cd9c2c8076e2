"""What both functions are wired from, each part made when it is first used and kept for the life of the environment.

A part that can't be made raises where it is used, so a wrong setting stops only what needs it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import requests

from access_bridge.aws.consume import Backoff, Consumed
from access_bridge.aws.queues import Queue
from access_bridge.aws.secrets import Parameters, Secrets
from access_bridge.errors import BridgeError
from access_bridge.ledger.table import Ledger
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import Rules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import Credentials, parse_credentials
from access_bridge.settings import Environment, ServiceNowSettings, TeleportSettings, number, required
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.errors import NotPermitted
from access_bridge.teleport.identity import Identity, parse_identity
from access_bridge.times import utc_now

_SERVICENOW_SECRET = "SERVICENOW_SECRET_ARN"  # noqa: S105 - the name of a setting
_IDENTITY_SECRET = "TELEPORT_IDENTITY_SECRET_ARN"  # noqa: S105 - the name of a setting


class Runtime:
    """The parts of a function.

    Parameters
    ----------
    environment
        The function's environment variables.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._queues: dict[str, Queue] = {}

    @cached_property
    def sqs(self) -> Any:
        """The SQS client."""
        return boto3.client("sqs")

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets Manager."""
        return Secrets(boto3.client("secretsmanager"))

    @cached_property
    def parameters(self) -> Parameters:
        """SSM Parameter Store."""
        return Parameters(boto3.client("ssm"))

    @property
    def tickets_queue_url(self) -> str:
        """The tickets queue."""
        return required(self.environment, "TICKETS_QUEUE_URL")

    @property
    def tickets_dead_letter_queue_url(self) -> str:
        """Where malformed records go, and what failed too often."""
        return required(self.environment, "TICKETS_DEAD_LETTER_QUEUE_URL")

    @property
    def decisions_queue_url(self) -> str:
        """The decisions queue."""
        return required(self.environment, "DECISIONS_QUEUE_URL")

    @cached_property
    def teleport_settings(self) -> TeleportSettings:
        """Where Teleport is."""
        return TeleportSettings.read(self.environment)

    @cached_property
    def servicenow_settings(self) -> ServiceNowSettings:
        """Where ServiceNow is."""
        return ServiceNowSettings.read(self.environment)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(boto3.resource("dynamodb"), required(self.environment, "LEDGER_TABLE"))

    @cached_property
    def servicenow(self) -> ServiceNow:
        """The ServiceNow client, whose token and connections outlive an invocation."""
        settings = self.servicenow_settings
        pem = self._extra_ca_pem(settings.extra_ca_parameter)
        return ServiceNow(
            settings.url,
            self._credentials(self.secrets.current),
            session=requests.Session(),
            refresh=lambda: self._credentials(lambda name, arn: self.secrets.fetched_anew(name, arn)[0]),
            extra_ca_file=_ca_file(pem) if pem else None,
        )

    def consumed(self, url: str) -> Consumed:
        """Return a queue as its consumer needs it."""
        backoff = Backoff(
            base_seconds=number(self.environment, "RETRY_BASE_SECONDS", 5),
            max_receive_count=number(self.environment, "MAX_RECEIVE_COUNT", 100),
        )
        return Consumed(url, self.sqs, backoff)

    def rules(self) -> Rules:
        """Return the rules as they are now (read anew within a minute)."""
        return load_rules(self.parameters.value("RULES_PARAMETER", required(self.environment, "RULES_PARAMETER")))

    def queue(self, url: str) -> Queue:
        """Return a queue by its URL."""
        if url not in self._queues:
            self._queues[url] = Queue(self.sqs, url)
        return self._queues[url]

    @contextmanager
    def teleport(self) -> Iterator[Teleport]:
        """Yield a connection to Teleport, for one invocation."""
        settings = self.teleport_settings
        pem = self._extra_ca_pem(settings.extra_ca_parameter)
        with connect(self._identity(settings.identity_secret_arn), addr=settings.addr, extra_ca_pem=pem) as teleport:
            try:
                yield teleport
            except NotPermitted:
                # A replaced identity must not wait for the cache: the next attempt reads the secret anew.
                self.secrets.fetched_anew(_IDENTITY_SECRET, settings.identity_secret_arn)
                raise

    def _identity(self, arn: str) -> Identity:
        """The identity as cached; an expired one is fetched anew once before it counts."""
        identity = parse_identity(self.secrets.current(_IDENTITY_SECRET, arn))
        try:
            identity.check_valid(utc_now())
        except BridgeError:
            identity = parse_identity(self.secrets.fetched_anew(_IDENTITY_SECRET, arn)[0])
        return identity

    def _credentials(self, read: Callable[[str, str], str]) -> Credentials:
        return parse_credentials(read(_SERVICENOW_SECRET, self.servicenow_settings.secret_arn))

    def _extra_ca_pem(self, parameter: str) -> str:
        return self.parameters.value("EXTRA_CA_PARAMETER", parameter) if parameter else ""


def _ca_file(pem: str) -> str:
    """requests takes a file only; it holds public certificates."""
    path = Path(tempfile.mkdtemp(prefix="access-bridge-")) / "extra-ca.pem"
    path.write_text(pem, encoding="utf-8")
    return str(path)
