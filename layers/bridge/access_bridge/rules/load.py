"""Reads the rules file, and says which line, which key and what to do where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
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
    "string_pattern_mismatch": "must match {pattern}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
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
    "invalid_key": "must be a text: put it in quotes",
}
_KEY: Final = "[key]"
"""pydantic's mark for an error that is about a key itself."""


class _Loader(yaml.SafeLoader):
    """YAML without dates: whether a text is a time is the model's question, and its answer names line and key."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the attribute is PyYAML's
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load_rules(text: str) -> Rules:
    """Return the rules of a YAML text.

    Raises
    ------
    BrokenConfiguration
        The text is no YAML or no rules file: names each wrong key with its line and the fix.
    """
    node, content = _read(text)
    twice = list(_twice(node))
    if twice:
        raise BrokenConfiguration(_SETTING, f"has keys that stand twice: {'; '.join(twice)}.", "Take one of each out.")
    try:
        return Rules.model_validate({} if content is None else content)
    except ValidationError as error:
        problems = "; ".join(_problem(node, item) for item in error.errors(include_url=False, include_input=False))
        raise BrokenConfiguration(_SETTING, f"has rules that can't be used: {problems}.", "Mend them.") from error


def _read(text: str) -> tuple[yaml.Node | None, Any]:
    try:
        return yaml.compose(text, Loader=_Loader), yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"is no YAML: line {line}: a character that may not stand there."
        raise BrokenConfiguration(_SETTING, problem, "Take it out.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or "it can't be read"
        raise BrokenConfiguration(_SETTING, f"is no YAML: {where}{what}.", "Mend that line.") from error
    except (ValueError, RecursionError) as error:
        raise BrokenConfiguration(_SETTING, "is no YAML: a value in it can't be read.", "Mend or quote it.") from error


def _twice(root: yaml.Node | None) -> Iterator[str]:
    """The keys that a mapping has more than once: YAML takes the last one and doesn't say so."""
    nodes, seen = [root], set[int]()
    while nodes:
        node = nodes.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            places = {key.value: key.start_mark.line + 1 for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
            yield from (f"line {line}: {name}" for name, line in places.items() if names.count(name) > 1)
            nodes += [value for _, value in node.value]


def _problem(node: yaml.Node | None, item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"] if part != _KEY) or "the file"
    fix = _FIXES[item["type"]].format(**item.get("ctx", {})) if item["type"] in _FIXES else item["msg"]
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
