"""Puts secrets, parameters and settings where the deployed functions read them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from local.aws.resources import Resources
from local.system.files import FileWatcher
from local.system.options import Options
from local.system.settings import FUNCTIONS, FunctionSettings, SettingError, Settings
from local.system.stand_ins import JOIN_TOKENS, StandIns, cluster_at, cluster_of

WEBHOOK_SECRET = "webhook-token"
CALLBACK_SECRET = "callback-key"


class Configuration:
    """The functions' configuration; files that the environment names are loaded again when they change."""

    def __init__(self, options: Options, settings: Settings, resources: Resources, stand_ins: StandIns) -> None:
        self.webhook_token = _new_key()
        self.callback_key = _new_key()
        self._options = options
        self._settings = settings
        self._resources = resources
        self._stand_ins = stand_ins
        self._watcher = FileWatcher()
        self._names = {
            "WEBHOOK_SECRET_ARN": self._load(
                "WEBHOOK_SECRET_FILE", settings.webhook_secret_file, self._put_webhook_token, self.webhook_token
            ),
            "CALLBACK_SECRET_ARN": self._load(
                "CALLBACK_SECRET_FILE", settings.callback_secret_file, self._put_callback_key, self.callback_key
            ),
        }
        self._variables = {name: self._function_variables(name, settings.functions[name]) for name in FUNCTIONS}

    def variables(self, function: str) -> dict[str, str]:
        """Return the function's environment variables, AWS's own left out."""
        return dict(self._variables[function])

    def watch_cluster(self, use: Callable[[str], None]) -> None:
        """Call `use` with the name of the real cluster, where one is named: of the identity file, now and after each
        change, or of the proxy that is to be joined."""
        settings = self._settings.functions["teleport_events"]
        if settings.teleport_identity_file is not None:
            self._watcher.load(settings.teleport_identity_file, lambda text: use(cluster_of(text)))
        elif settings.teleport_addr is not None:
            ca = settings.extra_ca_file
            use(cluster_at(settings.teleport_addr, ca.read_text(encoding="utf-8") if ca else ""))

    def watch(self) -> None:
        """Begin to watch the files."""
        self._watcher.start()

    def stop(self) -> None:
        """Stop watching."""
        self._watcher.stop()

    def put_secret(self, function: str, setting: str, text: str) -> None:
        """Give the secret behind a setting (`SERVICENOW_SECRET_ARN`, …) a new current version."""
        self._resources.put_secret(_secret_name(function, setting), text)

    def identity_file_variables(self, function: str, text: str) -> dict[str, str | None]:
        """Put an identity file into a secret; return what makes the function use it instead of joining."""
        arn = self._resources.put_secret(_secret_name(function, "TELEPORT_IDENTITY_SECRET_ARN"), text)
        return {"TELEPORT_IDENTITY_SECRET_ARN": arn, "TELEPORT_JOIN_TOKEN": None}

    def put_parameter(self, function: str, setting: str, text: str) -> None:
        """Give the parameter behind a setting (`RULES_PARAMETER`, `EXTRA_CA_PARAMETER`) a new text."""
        self._resources.put_parameter(_parameter_name(function, setting), text)

    def _function_variables(self, function: str, settings: FunctionSettings) -> dict[str, str]:
        resources, stand_ins, options = self._resources, self._stand_ins, self._options

        def secret(setting: str, file: Path | None, default: str) -> str:
            name = _secret_name(function, setting)
            file_setting = setting.replace("_ARN", "_FILE").replace("IDENTITY_SECRET", "IDENTITY")
            return self._load(file_setting, file, lambda text: resources.put_secret(name, text), default)

        def parameter(setting: str, file: Path | None, default: str, own: str = "") -> str:
            name = _parameter_name(function, setting)
            file_setting = setting.replace("_PARAMETER", "_FILE")
            return self._load(file_setting, file, lambda text: resources.put_parameter(name, f"{text}\n{own}"), default)

        variables = {
            "TELEPORT_ADDR": settings.teleport_addr or stand_ins.teleport_addr,
            "SERVICENOW_URL": settings.servicenow_url or stand_ins.servicenow_url,
            "SERVICENOW_SECRET_ARN": secret(
                "SERVICENOW_SECRET_ARN", settings.servicenow_secret_file, stand_ins.servicenow_secret(function)
            ),
            "RULES_PARAMETER": parameter("RULES_PARAMETER", settings.rules_file, options.rules),
            "LEDGER_TABLE": resources.ledger_table,
            "TICKETS_QUEUE_URL": resources.tickets.url,
            "DECISIONS_QUEUE_URL": resources.decisions.url,
            "MAX_RECEIVE_COUNT": str(settings.max_receive_count or options.max_receive_count),
            "UNKNOWN_OUTCOME_SECONDS": f"{options.unknown_outcome_seconds:g}",
            "RETRY_BASE_SECONDS": f"{options.retry_base_seconds:g}",
            "RETRY_LONGEST_SECONDS": f"{options.retry_longest_seconds:g}",
            "SERVICENOW_TIMEOUT_SECONDS": f"{options.servicenow_timeout_seconds:g}",
            "TELEPORT_TIMEOUT_SECONDS": f"{options.teleport_timeout_seconds:g}",
            "POWERTOOLS_SERVICE_NAME": function,
            "POWERTOOLS_METRICS_NAMESPACE": "AccessBridge",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            **options.variables,
            **settings.passed_on,
        }
        if settings.teleport_identity_file:
            variables["TELEPORT_IDENTITY_SECRET_ARN"] = secret(
                "TELEPORT_IDENTITY_SECRET_ARN", settings.teleport_identity_file, ""
            )
        elif function in stand_ins.aws_roles:
            variables |= {"TELEPORT_JOIN_TOKEN": JOIN_TOKENS[function], **stand_ins.aws_roles[function].variables}
        if settings.extra_ca_file or stand_ins.ca_pem:
            variables["EXTRA_CA_PARAMETER"] = parameter(
                "EXTRA_CA_PARAMETER", settings.extra_ca_file, "", own=stand_ins.ca_pem
            )
        if function == "teleport_events":
            variables["WEBHOOK_SECRET_ARN"] = self._names["WEBHOOK_SECRET_ARN"]
            variables["TICKETS_DEAD_LETTER_QUEUE_URL"] = resources.tickets.dead_letter_url
        else:
            variables["CALLBACK_SECRET_ARN"] = self._names["CALLBACK_SECRET_ARN"]
        return variables

    def _load(self, setting: str, file: Path | None, put: Callable[[str], str], default: str) -> str:
        """Put the file's text, or the default where no file is named; return what `put` returned."""
        if file is None:
            return put(default)
        names: list[str] = []

        def use(text: str) -> None:
            try:
                names.append(put(text))
            except ClientError as error:
                reason = error.response["Error"].get("Message", "")
                raise SettingError(f"{setting}: AWS would not take what is in {file}: {reason}") from error

        self._watcher.load(file, use)
        return names[0]

    def _put_webhook_token(self, text: str) -> str:
        self.webhook_token = text.strip()
        return self._resources.put_secret(WEBHOOK_SECRET, self.webhook_token)

    def _put_callback_key(self, text: str) -> str:
        self.callback_key = text.strip()
        return self._resources.put_secret(CALLBACK_SECRET, self.callback_key)


def _secret_name(function: str, setting: str) -> str:
    shared = {"WEBHOOK_SECRET_ARN": WEBHOOK_SECRET, "CALLBACK_SECRET_ARN": CALLBACK_SECRET}
    return shared.get(setting) or f"{function}/{setting.removesuffix('_SECRET_ARN').lower().replace('_', '-')}"


def _parameter_name(function: str, setting: str) -> str:
    return f"/{function}/{setting.removesuffix('_PARAMETER').lower().replace('_', '-')}"


def _new_key() -> str:
    """44 letters and digits, as the stack makes them: valid Base64 of 33 bytes."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(44))
