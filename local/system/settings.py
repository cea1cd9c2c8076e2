"""What the environment names: a real cluster, a real instance, files with secrets and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FUNCTIONS = ("teleport_events", "servicenow_decisions")
_PASSED_ON = (
    "UNKNOWN_OUTCOME_SECONDS",
    "RETRY_BASE_SECONDS",
    "RETRY_LONGEST_SECONDS",
    "SERVICENOW_TIMEOUT_SECONDS",
    "TELEPORT_TIMEOUT_SECONDS",
    "POWERTOOLS_LOG_LEVEL",
    "TELEPORT_JOIN_TOKEN",
    "TELEPORT_JOIN_REGION",
)
_AWS_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class SettingError(Exception):
    """A setting is missing or wrong; the text names it and the fix, in one line."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What one function is given instead of a stand-in's values. None: the stand-in's, or the default."""

    teleport_addr: str | None = None
    teleport_identity_file: Path | None = None
    servicenow_url: str | None = None
    servicenow_secret_file: Path | None = None
    rules_file: Path | None = None
    extra_ca_file: Path | None = None
    max_receive_count: int | None = None
    passed_on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of both functions, and the two keys that callers share with us."""

    functions: Mapping[str, FunctionSettings] = field(
        default_factory=lambda: {name: FunctionSettings() for name in FUNCTIONS}
    )
    webhook_secret_file: Path | None = None
    callback_secret_file: Path | None = None

    @property
    def stand_in_teleport(self) -> bool:
        """Whether no cluster is named, so that the stand-in is needed."""
        return all(one.teleport_addr is None for one in self.functions.values())

    @property
    def stand_in_servicenow(self) -> bool:
        """Whether no instance is named, so that the stand-in is needed."""
        return all(one.servicenow_url is None for one in self.functions.values())

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; `SERVICENOW_DECISIONS__NAME` goes before `NAME` for that function.

        Raises
        ------
        SettingError
            A setting is there without the one that belongs to it, or names a file that can't be read.
        """
        functions = {name: _function_settings(environment, name) for name in FUNCTIONS}
        settings = cls(
            functions,
            _file(environment, "WEBHOOK_SECRET_FILE", "teleport_events"),
            _file(environment, "CALLBACK_SECRET_FILE", "servicenow_decisions"),
        )
        settings._check()
        return settings

    def _check(self) -> None:
        for name, one in self.functions.items():
            joins = "TELEPORT_JOIN_TOKEN" in one.passed_on
            needs = (
                (self.stand_in_teleport, "TELEPORT_ADDR", one.teleport_addr, one.teleport_identity_file or joins),
                (self.stand_in_servicenow, "SERVICENOW_URL", one.servicenow_url, one.servicenow_secret_file),
            )
            for stand_in, address, value, credential in needs:
                file = "TELEPORT_IDENTITY_FILE" if address == "TELEPORT_ADDR" else "SERVICENOW_SECRET_FILE"
                if not stand_in and value is None:
                    raise SettingError(f"{address}: it is set for one function only. Set it for both.")
                if not stand_in and not credential:
                    raise SettingError(f"{file}: it is not set for {name}. Name the file with its credentials.")
                if joins and not one.passed_on.keys() >= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}:
                    raise SettingError(
                        "AWS_ACCESS_KEY_ID: joining Teleport by IAM needs AWS credentials in the environment. "
                        "`aws configure export-credentials --format env` shows yours."
                    )
                if stand_in and credential:
                    raise SettingError(f"{file}: it is set, and {address} is not. Set {address} as well, or neither.")


def _function_settings(environment: Mapping[str, str], function: str) -> FunctionSettings:
    # Only a join is to have a person's own credentials: all else is on this machine.
    joins = _value(environment, "TELEPORT_JOIN_TOKEN", function) is not None
    passed_on = (*_PASSED_ON, *(_AWS_CREDENTIALS if joins else ()))
    return FunctionSettings(
        teleport_addr=_value(environment, "TELEPORT_ADDR", function),
        teleport_identity_file=_file(environment, "TELEPORT_IDENTITY_FILE", function),
        servicenow_url=_value(environment, "SERVICENOW_URL", function),
        servicenow_secret_file=_file(environment, "SERVICENOW_SECRET_FILE", function),
        rules_file=_file(environment, "RULES_FILE", function),
        extra_ca_file=_file(environment, "EXTRA_CA_FILE", function),
        max_receive_count=_count(environment, "MAX_RECEIVE_COUNT", function),
        passed_on={name: value for name in passed_on if (value := _value(environment, name, function)) is not None},
    )


def _value(environment: Mapping[str, str], name: str, function: str) -> str | None:
    return environment.get(f"{function.upper()}__{name}") or environment.get(name) or None


def _count(environment: Mapping[str, str], name: str, function: str) -> int | None:
    value = _value(environment, name, function)
    if value is not None and not (value.isdecimal() and 1 <= int(value) <= 1000):
        raise SettingError(f"{name}: {value} is no number from 1 to 1000. Set it to one.")  # SQS's own limits
    return None if value is None else int(value)


def _file(environment: Mapping[str, str], name: str, function: str) -> Path | None:
    value = _value(environment, name, function)
    if value is None:
        return None
    path = Path(value).expanduser()
    try:
        empty = not path.read_bytes().strip()
    except OSError as error:
        raise SettingError(f"{name}: {value} can't be read ({error.strerror}). Name a file that can.") from None
    if empty:
        raise SettingError(f"{name}: {value} is empty. Put the value into it.")
    return path.resolve()
