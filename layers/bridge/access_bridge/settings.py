"""What each function is told by its environment: frozen groups, checked where they are first used, so that a door never
fails for a setting that it doesn't need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from access_bridge.errors import BrokenConfiguration

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What the webhook uses."""

    webhook_secret_arn: str
    tickets_queue_url: str
    tickets_dead_letter_queue_url: str

    @classmethod
    def read(cls, environment: Environment) -> WebhookSettings:
        """Read the webhook's settings; raises BrokenConfiguration that names the one that is missing."""
        return cls(
            webhook_secret_arn=required(environment, "WEBHOOK_SECRET_ARN"),
            tickets_queue_url=required(environment, "TICKETS_QUEUE_URL"),
            tickets_dead_letter_queue_url=required(environment, "TICKETS_DEAD_LETTER_QUEUE_URL"),
        )


@dataclass(frozen=True, slots=True)
class CallbackSettings:
    """What the callback's door uses."""

    callback_secret_arn: str
    decisions_queue_url: str

    @classmethod
    def read(cls, environment: Environment) -> CallbackSettings:
        """Read the callback's settings; raises BrokenConfiguration that names the one that is missing."""
        return cls(
            callback_secret_arn=required(environment, "CALLBACK_SECRET_ARN"),
            decisions_queue_url=required(environment, "DECISIONS_QUEUE_URL"),
        )


@dataclass(frozen=True, slots=True)
class TeleportSettings:
    """Where Teleport is, and who we are to it: by the join token of this name, or by the identity file in this secret;
    one of the two is empty. `join_region`: whose STS endpoint a join is signed for. `timeout_seconds`: how long a call
    may take. The client checks the address."""

    addr: str
    join_token: str
    join_region: str
    identity_secret_arn: str
    extra_ca_parameter: str
    timeout_seconds: float

    @classmethod
    def read(cls, environment: Environment) -> TeleportSettings:
        """Read Teleport's settings; raises BrokenConfiguration that names the one that is missing or too much."""
        token = environment.get("TELEPORT_JOIN_TOKEN", "").strip()
        secret = environment.get("TELEPORT_IDENTITY_SECRET_ARN", "").strip()
        if bool(token) == bool(secret):
            raise BrokenConfiguration(
                "TELEPORT_JOIN_TOKEN",
                "and TELEPORT_IDENTITY_SECRET_ARN are both set." if token else "is not set.",
                "Set one of the two: the join token to join by IAM, or the secret with an identity file.",
            )
        return cls(
            addr=required(environment, "TELEPORT_ADDR"),
            join_token=token,
            join_region=environment.get("TELEPORT_JOIN_REGION", "").strip() or environment.get("AWS_REGION", ""),
            identity_secret_arn=secret,
            extra_ca_parameter=environment.get("EXTRA_CA_PARAMETER", ""),
            timeout_seconds=number(environment, "TELEPORT_TIMEOUT_SECONDS", 15),
        )


@dataclass(frozen=True, slots=True)
class ServiceNowSettings:
    """Where ServiceNow is, which secret holds its credentials, how long an answer is waited for, and how long a write
    may take (both in seconds); the client checks the address."""

    url: str
    secret_arn: str
    extra_ca_parameter: str
    timeout_seconds: float
    unknown_outcome_seconds: float

    @classmethod
    def read(cls, environment: Environment) -> ServiceNowSettings:
        """Read ServiceNow's settings; raises BrokenConfiguration that names the one that is missing or no number."""
        return cls(
            url=required(environment, "SERVICENOW_URL"),
            secret_arn=required(environment, "SERVICENOW_SECRET_ARN"),
            extra_ca_parameter=environment.get("EXTRA_CA_PARAMETER", ""),
            timeout_seconds=number(environment, "SERVICENOW_TIMEOUT_SECONDS", 30),
            unknown_outcome_seconds=number(environment, "UNKNOWN_OUTCOME_SECONDS", 65),
        )


def required(environment: Environment, name: str) -> str:
    """Return the value of a setting; raises BrokenConfiguration where it is missing or empty."""
    value = environment.get(name, "").strip()
    if not value:
        raise BrokenConfiguration(
            name, "is not set.", "Set it on the function; the stack does so from the parameter of that purpose."
        )
    return value


def number(environment: Environment, name: str, default: int) -> int:
    """Return a setting that is a whole number of at least 1; raises BrokenConfiguration where it is something else."""
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < 1:
        raise BrokenConfiguration(name, "is no whole number above zero.", f"Leave it out for the default ({default}).")
    return int(text)
