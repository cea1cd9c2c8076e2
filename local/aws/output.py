"""What the functions write to standard output: log lines, and metrics in CloudWatch's embedded format."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO


@dataclass(frozen=True, slots=True)
class Metric:
    """One value of one metric."""

    function: str
    name: str
    value: float
    unit: str
    dimensions: Mapping[str, str]


class Output:
    """Collects the lines of all functions, in the order in which they came.

    Parameters
    ----------
    listener
        Called with each line, as `logs` returns it.
    """

    def __init__(self, listener: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._documents: list[tuple[str, dict[str, Any]]] = []
        self._listener = listener
        self._file: TextIO | None = None
        self._lock = threading.Lock()

    def write_to(self, file: Path) -> None:
        """Write each line into this file too, from its beginning, with the function's name before it."""
        self._file = file.open("w", encoding="utf-8")

    def add(self, function: str, line: str) -> None:
        """Take one line that a function wrote."""
        document = _document(line)
        with self._lock:
            self._documents.append((function, document))
            if self._file:
                self._file.write(f"{function} {line}\n")
                self._file.flush()
        if self._listener:
            self._listener({"function": function, **document})

    def logs(self, function: str | None = None) -> list[dict[str, Any]]:
        """Return the log lines as dictionaries with `function` added; a line that isn't JSON stands under `message`."""
        return [
            {"function": name, **document}
            for name, document in self._so_far()
            if function in (None, name) and "_aws" not in document
        ]

    def metrics(self, name: str | None = None) -> list[Metric]:
        """Return every metric value written so far, or those of one metric."""
        found = [metric for function, document in self._so_far() for metric in _metrics(function, document)]
        return [metric for metric in found if name in (None, metric.name)]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def _so_far(self) -> list[tuple[str, dict[str, Any]]]:
        with self._lock:
            return list(self._documents)


def _document(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {"message": line}
    return document if isinstance(document, dict) else {"message": line}


def _metrics(function: str, document: Mapping[str, Any]) -> list[Metric]:
    found = []
    for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
        names = {name for group in directive["Dimensions"] for name in group}
        dimensions = {name: str(document[name]) for name in sorted(names)}
        for definition in directive["Metrics"]:
            values = document[definition["Name"]]
            found += [
                Metric(function, definition["Name"], float(value), definition.get("Unit", "None"), dimensions)
                for value in (values if isinstance(values, list) else [values])
            ]
    return found
