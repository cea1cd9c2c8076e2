"""The calls of AWS's API that the functions made, noted inside their own processes by `local/aws/noting`.

What the local system calls with its own credentials, as AWS itself does in an account (the poller above all), isn't
among them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NOTING: Final = Path(__file__).parent / "noting"
"""What has to be on a function's PYTHONPATH; the file to write into is named by `AWS_CALLS_FILE`."""


@dataclass(frozen=True, slots=True, order=True)
class AwsCall:
    """A call of a function, by its name, of an operation of a service, both as botocore calls them.

    `settings` are the function's environment variables whose values the call named as its resources, and `index` the
    index of a table.
    """

    function: str
    service: str
    operation: str
    settings: tuple[str, ...]
    index: str


def noted_calls(function: str, file: Path) -> set[AwsCall]:
    """Return what a function's processes wrote into this file so far, each kind of call once."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    notes = [json.loads(line) for line in lines if line.endswith("\n")]
    return {AwsCall(function, one["service"], one["operation"], tuple(one["settings"]), one["index"]) for one in notes}
