"""A YAML text with values of our own in place of its examples, and everything else as people wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

Place = tuple[str | int, ...]
Value = str | Sequence[str]


def filled(text: str, values: Mapping[Place, Value]) -> str:
    """Return a YAML document with these values at these places; comments and layout stay.

    Parameters
    ----------
    text
        One document.
    values
        What to put where: the keys and indices that lead there, such as `("spec", "allow", 0)`. A list is written
        within brackets; a text as it may stand outside of them.

    Raises
    ------
    KeyError, IndexError
        The document has no such place.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = [(_node(root, place), value) for place, value in values.items()]
    for node, value in sorted(found, key=lambda pair: pair[0].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + _written(value) + text[node.end_mark.index :]
    return text


def _node(node: Any, place: Place) -> yaml.Node:
    for step in place:
        inner = node.value
        node = inner[step] if isinstance(step, int) else {key.value: value for key, value in inner}[step]
    if not isinstance(node, yaml.Node):
        raise KeyError(place)
    return node


def _written(value: Value) -> str:
    """Return it as YAML on one line, quoted where it has to be."""
    if not isinstance(value, str):
        value = list(value)
    dumped = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True)
    return dumped.removesuffix("...\n").rstrip()
