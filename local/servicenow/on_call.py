"""On-call scheduling: who is on call on a rota, and the service that tells it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from local.servicenow.access import AccessControls, Session
from local.servicenow.errors import Refused
from local.servicenow.http_calls import Answer
from local.servicenow.records import Habits
from local.servicenow.schema import ROTA
from local.servicenow.store import Store

WHO_IS_ON_CALL: Final = "/api/now/on_call_rota/whoisoncall"
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")


@dataclass(frozen=True, slots=True)
class Shift:
    """One entry of a rota: a user, a device or a group, on an escalation level (1 is asked first).

    `starts` and `ends` are UTC, `YYYY-MM-DD HH:MM:SS`; an empty one is no bound. The `sys_id`s that the platform's own
    schedule has are made up.
    """

    rota: str
    order: int = 1
    user: str = ""
    device: str = ""
    escalation_group: str = ""
    starts: str = ""
    ends: str = ""
    member: str = field(default_factory=lambda: uuid.uuid4().hex)
    roster: str = field(default_factory=lambda: uuid.uuid4().hex)

    def covers(self, moment: str) -> bool:
        """Whether the entry is on duty then."""
        return (not self.starts or self.starts <= moment) and (not self.ends or moment < self.ends)


class OnCall:
    """The rotas' entries, and `GET /api/now/on_call_rota/whoisoncall`.

    That service is not in ServiceNow's public REST reference. Names and types of what it answers are those of an answer
    that somebody published and of the server-side method that it mirrors; its rights, and what it says about a rota
    that isn't there, are unverified. Who may read the table of rotas may ask here.
    """

    def __init__(self, store: Store, controls: AccessControls, habits: Habits) -> None:
        self.shifts: list[Shift] = []
        self._store = store
        self._controls = controls
        self._habits = habits

    def answer(self, session: Session, method: str, query: Mapping[str, str]) -> Answer:
        """Who is on call on `rota_ids` (comma list) at `date_time` (UTC; now without it), lowest `order` first.

        All levels are answered, several entries of one level too. Raises Refused (405, 403, 400, 404).
        """
        if method != "GET":
            raise Refused(405, "Method not supported", f"{method} is not supported here")
        if not self._controls.may(session, ROTA, "read"):
            raise Refused(403, "User Not Authorized", "Failed API level ACL Validation")
        rotas = [sys_id for sys_id in query.get("rota_ids", "").split(",") if sys_id]
        moment = query.get("date_time", self._store.now())
        if not rotas or not _DATE_TIME.fullmatch(moment):
            raise Refused(400, "Bad Request", "rota_ids is missing, or date_time is not YYYY-MM-DD HH:MM:SS")
        if self._habits.unknown_rota == "not_found" and any(self._store.find(ROTA, rota) is None for rota in rotas):
            raise Refused(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        on_duty = [shift for shift in tuple(self.shifts) if shift.rota in rotas and shift.covers(moment)]
        shown = [self._shown(shift) for shift in sorted(on_duty, key=lambda shift: shift.order)]
        return Answer.of_json(200, {"result": [entry for entry in shown if entry]})

    def _shown(self, shift: Shift) -> dict[str, object]:
        """One entry as it is answered; empty where its rota is not there or not active."""
        rota = self._store.find(ROTA, shift.rota)
        if rota is None or rota["active"] != "true":
            return {}
        return {
            "memberId": shift.member if shift.user else "",
            "memberIds": [],
            "userId": shift.user,
            "userIds": [],
            "roster": shift.roster,
            "rota": shift.rota,
            "group": rota["group"],
            "escalationGroups": [shift.escalation_group] if shift.escalation_group else [],
            "deviceId": shift.device,
            "deviceIds": [],
            "isDevice": shift.device != "",
            "order": float(shift.order),
            "isOverride": False,
            "rotationScheduleId": shift.roster,
            "memberScheduleId": shift.member,
        }
