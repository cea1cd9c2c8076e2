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

from access_bridge.aws.consume import LONGEST_BACKOFF_SECONDS, Backoff, Consumed
from access_bridge.aws.identities import StoredIdentities
from access_bridge.aws.queues import Queue
from access_bridge.aws.secrets import Parameters, Secrets
from access_bridge.aws.telemetry import count, logger
from access_bridge.errors import BridgeError
from access_bridge.ledger.table import Ledger
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import Rules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import Credentials, parse_credentials
from access_bridge.settings import Environment, ServiceNowSettings, TeleportSettings, number, required
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import Identities, Identity
from access_bridge.teleport.joining.identities import JoinedIdentities
from access_bridge.teleport.joining.join import Joining, join
from access_bridge.times import utc_now

_SERVICENOW_SECRET = "SERVICENOW_SECRET_ARN"  # noqa: S105 - the name of a setting


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
        self._known_endpoint: Endpoint | None = None

    @cached_property
    def _aws(self) -> boto3.Session:
        """One for all clients, which share what it has loaded."""
        return boto3.Session()

    @cached_property
    def sqs(self) -> Any:
        """The SQS client."""
        return self._aws.client("sqs")

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets Manager."""
        return Secrets(self._aws.client("secretsmanager"))

    @cached_property
    def parameters(self) -> Parameters:
        """SSM Parameter Store."""
        return Parameters(self._aws.client("ssm"))

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
        return Ledger(self._aws.resource("dynamodb"), required(self.environment, "LEDGER_TABLE"))

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
            timeout=settings.timeout_seconds,
            extra_ca_file=_ca_file(pem) if pem else None,
        )

    def consumed(self, url: str) -> Consumed:
        """Return a queue as its consumer needs it."""
        backoff = Backoff(
            base_seconds=number(self.environment, "RETRY_BASE_SECONDS", 5),
            max_receive_count=number(self.environment, "MAX_RECEIVE_COUNT", 100),
            longest_seconds=number(self.environment, "RETRY_LONGEST_SECONDS", LONGEST_BACKOFF_SECONDS),
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
        deadline = self.teleport_settings.timeout_seconds
        with connect(self._identities, self._endpoint(), deadline=deadline) as teleport:
            yield teleport

    def _endpoint(self) -> Endpoint:
        """What stands at TELEPORT_ADDR, as remembered, unless the private CAs have changed."""
        settings = self.teleport_settings
        pem = self._extra_ca_pem(settings.extra_ca_parameter)
        if self._known_endpoint is None or self._known_endpoint.web_tls.extra_ca_pem != pem:
            self._known_endpoint = Endpoint(settings.addr, pem)
        return self._known_endpoint

    @cached_property
    def _identities(self) -> Identities:
        settings = self.teleport_settings
        if settings.identity_secret_arn:
            return StoredIdentities(self.secrets, settings.identity_secret_arn, clock=utc_now)
        return JoinedIdentities(self._join, clock=utc_now, failed=_renewal_failed)

    def _join(self) -> Identity:
        settings = self.teleport_settings
        identity = join(
            Joining(
                endpoint=self._endpoint(),
                token=settings.join_token,
                node_name=self.environment.get("AWS_LAMBDA_FUNCTION_NAME", ""),
                session=self._aws,
                region=settings.join_region,
                clock=utc_now,
            )
        )
        count("TeleportJoined")
        logger.info(
            "joined Teleport",
            extra={
                "user": identity.username,
                "cluster": identity.cluster_name,
                "until": identity.not_after.isoformat(),
            },
        )
        return identity

    def _credentials(self, read: Callable[[str, str], str]) -> Credentials:
        return parse_credentials(read(_SERVICENOW_SECRET, self.servicenow_settings.secret_arn))

    def _extra_ca_pem(self, parameter: str) -> str:
        return self.parameters.value("EXTRA_CA_PARAMETER", parameter) if parameter else ""


def _renewal_failed(error: BridgeError) -> None:
    count("TeleportRenewalFailed")
    logger.warning("Teleport's certificate can't be renewed; the old one still serves", extra={"problem": str(error)})


def _ca_file(pem: str) -> str:
    """requests takes a file only; it holds public certificates."""
    path = Path(tempfile.mkdtemp(prefix="access-bridge-")) / "extra-ca.pem"
    path.write_text(pem, encoding="utf-8")
    return str(path)
