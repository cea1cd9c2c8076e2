"""Prints the JSON Schema of the rules file, which editors use; the committed copy is `rules.schema.json`."""

from __future__ import annotations

import json
import sys

from access_bridge.rules.model import Rules


def schema_text() -> str:
    """Return the JSON Schema of the rules file as text."""
    return json.dumps(Rules.model_json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
