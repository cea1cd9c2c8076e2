"""Small pieces of the texts on a ticket. Every text from Teleport passes `said`, so that it stays text in
ServiceNow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from access_bridge.access_request import RequestState, Resource
from access_bridge.servicenow.text import cut, plain

REASON_LENGTH: Final = 1000
_LIST_LENGTH: Final = 20
_NAME_LENGTH: Final = 200

_STATES: Final = {
    RequestState.APPROVED: "approved",
    RequestState.DENIED: "denied",
    RequestState.PROMOTED: "promoted to an access list",
}


def said(text: str, length: int = _NAME_LENGTH) -> str:
    """Return a text from Teleport as one that ServiceNow only shows, on one line, cut with a mark."""
    return cut(" ".join(plain(text).split()), length)


def quoted(text: str) -> str:
    """Return a reason as a person typed it, its line ends kept, cut with a mark."""
    return cut(plain(text).strip(), REASON_LENGTH)


def reason_words(text: str) -> str:
    """Return a reason with its label, nothing where there is none. Each line of a longer one is marked, so that no line
    of somebody else's passes for one of ours."""
    words = quoted(text)
    if "\n" not in words:
        return f"Reason: {words}" if words else ""
    return "\n".join(["Reason:", *(f"> {line}".rstrip() for line in words.split("\n"))])


def state_word(state: RequestState) -> str:
    """Return a state in words."""
    return _STATES.get(state, state.value.lower())


def listed(items: Iterable[str]) -> str:
    """Return names with commas, the first twenty and how many more there are."""
    names = [said(item) for item in items]
    more = len(names) - _LIST_LENGTH
    return ", ".join(names[:_LIST_LENGTH]) + (f" and {more} more" if more > 0 else "")


def resource_words(resources: Sequence[Resource], cluster: str) -> str:
    """Return resources in words: kind, the name that people use, what Teleport calls it, and a foreign cluster."""
    return listed(_resource(item, cluster) for item in resources)


def _resource(item: Resource, cluster: str) -> str:
    name = (
        f"{item.friendly_name} ({item.name})" if item.friendly_name and item.friendly_name != item.name else item.name
    )
    sub = f" / {item.sub_resource}" if item.sub_resource else ""
    where = f" on {item.cluster}" if item.cluster and item.cluster != cluster else ""
    return f"{item.kind} {name}{sub}{where}"


def lines(*parts: str) -> str:
    """Return the parts that aren't empty, one a line."""
    return "\n".join(part for part in parts if part)
