"""How a local system differs from a deployed one; the defaults are those of template.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

DEMO = Path(__file__).resolve().parents[1] / "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings of a `LocalSystem`. Times are in seconds.

    Parameters
    ----------
    port
        Where the gateway listens; 0 takes a free port.
    queue_workers
        How many messages of one queue may be under way at a time, each of another request.
    environments
        How many environments of each function are started before the first event.
    function_timeout, visibility_timeout, max_receive_count
        As in template.yaml. A killed function's message comes back after the visibility timeout.
    unknown_outcome_seconds, retry_base_seconds, retry_longest_seconds, servicenow_timeout_seconds,
    teleport_timeout_seconds
        Given to the functions as settings of the same name.
    forwarding
        Whether the event forwarder posts the audit log to the webhook.
    duplicate, reverse
        Whether it posts each event twice, and each batch from its end.
    forwarder_time_scale
        By how much its pauses between tries are shortened.
    schedules
        Whether the functions are called every minute and every five minutes; else only `tick` calls them.
    variables
        Further environment variables of both functions.
    rules
        The rules file's text.
    edition
        The edition of the Teleport stand-in: `ent` takes reviews, `oss` refuses them.
    on_behalf
        Whether that Teleport takes reviews in other users' names; else it is the older 18.0.0, which was recorded. In
        which mode decisions are applied is for the rules to say.
    log_directory
        Where the functions' output is also written, into a file for each gateway port.
    log_listener
        Called with each line of it, as `LocalSystem.logs` returns it.
    """

    port: int = 0
    queue_workers: int = 2
    environments: int = 1
    function_timeout: float = 60
    visibility_timeout: int = 360
    max_receive_count: int = 100
    unknown_outcome_seconds: float = 65
    retry_base_seconds: float = 5
    retry_longest_seconds: float = 600
    servicenow_timeout_seconds: float = 30
    teleport_timeout_seconds: float = 15
    forwarding: bool = True
    duplicate: bool = False
    reverse: bool = False
    forwarder_time_scale: float = 1.0
    schedules: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    rules: str = (DEMO / "rules.yaml").read_text(encoding="utf-8")
    edition: Literal["ent", "oss"] = "ent"
    on_behalf: bool = True
    log_directory: Path | None = None
    log_listener: Callable[[dict[str, Any]], None] | None = None
