"""Notes which calls of AWS's API a function makes, whatever its code does: Python imports this as the function's
process starts, and botocore asks the hook below before every call.

A line of JSON for each kind of call, once for each process: what `local.aws.calls` reads. Of what is sent nothing is
noted but the names of the settings that the call names a resource by.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from botocore import handlers
from botocore.model import OperationModel

_FILE = os.open(os.environ.pop("AWS_CALLS_FILE"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_noted: set[str] = set()


def _note(params: Mapping[str, Any], model: OperationModel, **_: object) -> None:
    named = {value for value in params.values() if isinstance(value, str)}
    named |= {key for value in params.values() if isinstance(value, dict) for key in value}
    call = {
        "service": model.service_model.service_name,
        "operation": model.name,
        "settings": sorted(name for name, value in os.environ.items() if value in named),
        "index": params.get("IndexName", ""),
    }
    line = json.dumps(call) + "\n"
    if line not in _noted:
        _noted.add(line)
        os.write(_FILE, line.encode())


handlers.BUILTIN_HANDLERS.append(("before-parameter-build", _note))
