"""Reads the rules file, and says which line, which key and what to do where it is wrong."""

from __future__ import annotations

from typing import Any, Final

import yaml
from pydantic import ValidationError

from access_bridge.errors import BrokenConfiguration
from access_bridge.rules.model import Rules

_SETTING: Final = "RULES_PARAMETER"
_FIXES: Final = {
    "extra_forbidden": "is not a key of the rules file: take it out, or mend its spelling",
    "missing": "is missing: add it",
    "literal_error": "must be {expected}",
    "string_type": "must be a text",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long (at most {max_length} characters)",
    "datetime_from_date_parsing": "must be a time such as 2026-11-01T00:00:00Z",
    "datetime_parsing": "must be a time such as 2026-11-01T00:00:00Z",
    "datetime_type": "must be a time such as 2026-11-01T00:00:00Z",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "too_short": "must have at least one entry",
    "value_error": "{error}",
}


def load_rules(text: str) -> Rules:
    """Return the rules of a YAML text.

    Raises
    ------
    BrokenConfiguration
        The text is no YAML or no rules file: names each wrong key with its line and the fix.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or "it can't be read"
        raise BrokenConfiguration(_SETTING, f"is no YAML: {where}{what}.", "Mend that line.") from error
    except (ValueError, RecursionError) as error:
        raise BrokenConfiguration(_SETTING, "is no YAML: a value in it can't be read.", "Mend or quote it.") from error
    try:
        return Rules.model_validate({} if content is None else content)
    except ValidationError as error:
        problems = "; ".join(_problem(node, item) for item in error.errors(include_url=False, include_input=False))
        raise BrokenConfiguration(_SETTING, f"has rules that can't be used: {problems}.", "Mend them.") from error


def _problem(node: yaml.Node | None, item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "the file"
    fix = _FIXES.get(item["type"], item["msg"]).format(**{"expected": "", **item.get("ctx", {})})
    return f"line {_line(node, item['loc'])}: {key} {fix}"


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line of the deepest part of the path that the file has."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line
