"""The committed ServiceNow artifacts, parsed. No Node.js and no build is needed."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

SERVICENOW: Final = Path(__file__).parents[3] / "servicenow"
SOURCES: Final = SERVICENOW / "src"
UPDATE_SET: Final = SERVICENOW / "dist" / "access-bridge-update-set.xml"
PACKAGE: Final = SERVICENOW / "dist" / "access-bridge-application.zip"


@dataclass(frozen=True, slots=True)
class Shipped:
    """One update of an update set: its update name, and the record in it."""

    name: str
    kind: str
    record: ElementTree.Element

    @property
    def table(self) -> str:
        return self.record.tag

    def value(self, column: str) -> str:
        return self.record.findtext(column) or ""


def records_of(text: str) -> list[Shipped]:
    """The updates of an update set's XML."""
    return [
        Shipped(
            update.findtext("name") or "",
            update.findtext("type") or "",
            ElementTree.fromstring(update.findtext("payload") or "")[0],
        )
        for update in ElementTree.fromstring(text).iter("sys_update_xml")
    ]


@cache
def shipped() -> tuple[Shipped, ...]:
    """The updates of the committed update set."""
    return tuple(records_of(UPDATE_SET.read_text("utf-8")))


def of_table(table: str) -> list[Shipped]:
    """The committed update set's records of a table."""
    return [one for one in shipped() if one.table == table]
