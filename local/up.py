"""`python -m local up`: starts the system, says what a person needs, and waits for the end."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from local.aws.environment import EnvironmentLost
from local.aws.gateway import PortTaken
from local.aws.stack import create_stack
from local.paths import command, short
from local.system.control import STATE, ControlServer
from local.system.local_system import LocalSystem
from local.system.options import Options
from local.system.settings import FUNCTIONS, SettingError, Settings


def keep_running(port: int, settings_file: Path | None) -> int:
    """Run until Ctrl-C or SIGTERM; return the exit status. Raises SettingError for a setting that can't be used."""
    settings = Settings.from_environment(os.environ)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    STATE.mkdir(exist_ok=True)
    options = Options(port=port, schedules=True, log_directory=STATE, log_listener=_show_trouble)
    print("Starting …", flush=True)
    try:
        with LocalSystem(options, settings) as system:
            create_stack(system.resources)
            control = ControlServer(system)
            control.start()
            try:
                print(_welcome(system), flush=True)
                if settings_file:
                    _write(settings_file, system)
                # Not for ever: a signal that the system hands to another thread doesn't wake this one.
                while not ended.wait(1):
                    pass
                print("Stopping …", flush=True)
            finally:
                control.stop()
    except PortTaken as error:
        print(f"{error} Choose another: --port {port + 1}", file=sys.stderr)
        return 1
    except EnvironmentLost as error:
        print(f"A function did not start: {error}. The log in {short(STATE)} says more.", file=sys.stderr)
        return 1
    return 0


def _write(file: Path, system: LocalSystem) -> None:
    """Write the settings whole or not at all: whoever waits for the file reads it at once."""
    document = {
        "webhook_url": system.webhook_url,
        "webhook_token": system.webhook_token,
        "callback_url": system.callback_url,
        "callback_key": system.callback_key,
    }
    partial = file.with_name(f".{file.name}.part")
    try:
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(document, indent=2) + "\n")
        partial.replace(file)
    except OSError as error:
        raise SettingError(f"--settings-file: {file} can't be written ({error.strerror}).") from error


def _show_trouble(line: dict[str, Any]) -> None:
    if line.get("level") in ("WARNING", "ERROR", "CRITICAL"):
        parts = (line["function"], line.get("message") or line.get("errorMessage"), line.get("problem"))
        print(": ".join(str(part) for part in parts if part), file=sys.stderr, flush=True)


def _welcome(system: LocalSystem) -> str:
    settings, stand_ins = system.settings, system.stand_ins
    first = settings.functions[FUNCTIONS[0]]
    webhook_token = "from WEBHOOK_SECRET_FILE" if settings.webhook_secret_file else system.webhook_token
    callback_key = "from CALLBACK_SECRET_FILE" if settings.callback_secret_file else system.callback_key
    teleport = (
        f"stand-in, cluster {stand_ins.teleport.name}, proxy {stand_ins.teleport.proxy_addr}"
        if stand_ins.teleport
        else f"your cluster at {first.teleport_addr}"
    )
    servicenow = f"stand-in at {stand_ins.servicenow_url}" if stand_ins.servicenow else f"your {first.servicenow_url}"
    lines = [
        "Access Bridge runs on this machine. Ctrl-C ends it.",
        "",
        f"  Webhook     POST {system.webhook_url}",
        f"              token {webhook_token}",
        f"  Callback    POST {system.callback_url}",
        f"              key {callback_key}",
        f"  Teleport    {teleport}",
        f"  ServiceNow  {servicenow}",
        f"  Output      {short(system.log_file or STATE)}",
        "",
    ]
    if stand_ins.teleport:
        lines += [
            "In another terminal, ask for access and look at both sides:",
            f'  {command()} request --user alice --roles dba --reason "restart the database"',
            f"  {command()} show",
        ]
    else:
        lines += [
            "Let teleport-event-handler post to the webhook (in its configuration: forward.fluentd.url):",
            f"  {system.webhook_url.replace('://', '://teleport:TOKEN@')}",
            "Then ask for access: tsh request create --roles=ROLE --reason='...'",
        ]
    if stand_ins.servicenow:
        lines += [
            "Decide on the incident, as somebody of the group Access approvers (bob or carol):",
            f"  {command()} decide REQUEST_ID approve --as bob",
        ]
    else:
        lines += ["Decide in your instance: it posts the decision to the callback, signed with the key."]
    aws = system.aws.variables
    names = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    lines += [
        "Read what was decided, as an auditor does, and what failed for good, as whoever gets the alarm does:",
        "  export " + " ".join(f"{name}={aws[name]}" for name in names),
        "  .venv/bin/access-bridge decisions export",
        "  .venv/bin/access-bridge dead-letters list",
    ]
    return "\n".join(lines)
