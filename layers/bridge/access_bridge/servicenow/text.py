"""Text from elsewhere made safe and short enough for a ServiceNow field: shown as written, never interpreted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "short_description": 160,
        "description": 4000,
        "close_notes": 4000,
        "work_notes": 4000,
        "comments": 4000,
        "correlation_id": 100,
        "correlation_display": 100,
        "number": 40,
        "close_code": 40,
        "approval": 40,
        "contact_type": 40,
        "category": 40,
    }
)
"""Longest text of a column, in characters (dictionary of task, incident and journal). Longer is cut silently."""

CUT_MARK: Final = "… (cut)"
"""Stands where text was cut off."""

_CODE_TAG: Final = re.compile(r"\[(?=\s*/?\s*code)", re.IGNORECASE)
_SUBSTITUTION: Final = re.compile(r"\$(?=\{)")
_LINE_END: Final = re.compile("\r\n?|\v|\f|\x1c|\x1d|\x1e|\x85|\u2028|\u2029")


def cut(text: str, length: int) -> str:
    """Return `text` in at most `length` code points; if something had to go, the text ends in `CUT_MARK`.

    Where not even the mark fits, as much of the mark as fits is returned.
    """
    if len(text) <= length:
        return text
    kept = max(length - len(CUT_MARK), 0)
    return text[:kept].rstrip() + CUT_MARK[: max(length, 0)]


def plain(text: str) -> str:
    """Return `text` as ServiceNow will show it, character for character.

    - `[code]` and `[/code]`, in any case, lose their bracket: between them ServiceNow renders HTML
      (`glide.ui.security.allow_codetag`, on by default).
    - `${` gets a space: mail templates and outbound messages substitute what follows.
    - Every line end becomes a line feed; other control characters and lone surrogates become U+FFFD. Invisible format
      characters (zero width, direction overrides) are dropped: they make a text read other than it is.
    """
    shown = "".join(_shown(character) for character in _LINE_END.sub("\n", text))
    return _SUBSTITUTION.sub("$ ", _CODE_TAG.sub("(", shown))


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return "\N{REPLACEMENT CHARACTER}" if category in {"Cc", "Cs"} else character
