"""Whether a requester is on call, so that the bot may approve: asked of ServiceNow, decided by nobody else's word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest
from access_bridge.decisions.outcome import Reason, Verdict, refused
from access_bridge.errors import BrokenConfiguration, Refused
from access_bridge.people import People
from access_bridge.rules.model import Rules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.on_call import users_on_call
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.text import cut, plain
from access_bridge.servicenow.users import User

SCHEDULES: Final = "teleport.dev/schedules"
"""Annotation of a role, and so of a request for it: the sys_ids of the rotas whose people are approved."""

MOST_ROTAS: Final = 20
"""Rotas that are asked about for one request; each is a call."""

_SYS_ID: Final = re.compile(r"[0-9a-f]{32}")
_MOST_NAMED: Final = 3

NO_RULE: Final = refused(
    Reason.NO_RULE, "No rule lets whoever is on call have these roles without a decision. Somebody has to decide."
)


@dataclass(frozen=True, slots=True)
class OnCallCheck:
    """Asks ServiceNow whether the requester is on call for one of the rotas that his request's annotations name.

    What counts is the rules file, the annotations that Teleport's roles put on the request, and the schedule; nothing
    that the requester wrote is looked at.

    Parameters
    ----------
    rules
        Which roles may be approved so, the mapping of people, and how many escalation levels count.
    client
        The instance.
    people
        Look-ups of people, unkept: they judge.
    now
        The current time, aware.
    log
        Where it is said which rotas ServiceNow doesn't know.
    """

    rules: Rules
    client: ServiceNow
    people: People
    now: Callable[[], datetime]
    log: Logger

    def __call__(self, request: AccessRequest) -> Verdict | str:
        """Return the words for Teleport's reason if the requester is on call now, else the refusal.

        Raises
        ------
        Retry, Refused, BrokenConfiguration
            ServiceNow or Teleport didn't answer what was asked. It is not known who is on call, so nothing is decided.
        """
        rule = self.rules.rule_for(request.roles)
        if rule is None or rule.on_call != "approve":
            return NO_RULE
        schedules = Schedules.of(request)
        if not schedules.rotas:
            return refused(Reason.NO_SCHEDULE, f"{schedules.problem} Somebody has to decide.")
        user = self._requester(request)
        if isinstance(user, Verdict):
            return user
        return self._on_call(request.user, user, schedules)

    def _requester(self, request: AccessRequest) -> User | Verdict:
        found = tuple(self.people.mapped(request.user).values())
        if not found and not self.people.sees_users():
            raise BrokenConfiguration(
                "ServiceNow rights on sys_user",
                "no user can be read, so nobody knows whether the requester is on call.",
                "Give the account of servicenow_decisions back its right to read this table.",
            )
        if len(found) != 1:
            return refused(
                Reason.REQUESTER_UNKNOWN,
                f"{_shown(request.user)} is {'no' if not found else 'more than one'} ServiceNow user, so the schedule "
                "doesn't tell whether he is on call. Somebody has to decide.",
            )
        problem = _unfit(found[0], self.rules.decisions.integration_users)
        if problem:
            return refused(
                Reason.NOT_ON_CALL, f"The ServiceNow user of {_shown(request.user)} {problem}. Somebody has to decide."
            )
        return found[0]

    def _on_call(self, teleport_name: str, user: User, schedules: Schedules) -> Verdict | str:
        at, levels = self.now(), self.rules.decisions.on_call_levels
        absent: list[str] = []
        for rota in schedules.rotas:
            entries = self.client.who_is_on_call(rota, at)
            if entries is None:
                absent.append(rota)
            elif user.sys_id.lower() in users_on_call(entries, levels):
                return f"{_shown(teleport_name)} is on call for {self._listed([rota])} in ServiceNow"
        if absent:
            self.log.warning("ServiceNow has no such rota, or no on-call scheduling", extra={"rotas": absent})
        hints = (schedules.problem, f"ServiceNow doesn't know: {', '.join(absent[:_MOST_NAMED])}." if absent else "")
        return refused(
            Reason.NOT_ON_CALL,
            " ".join(
                (
                    f"{_shown(teleport_name)} is not on call now for {self._listed(schedules.rotas)}.",
                    *filter(None, hints),
                    "Somebody has to decide.",
                )
            ),
        )

    def _listed(self, rotas: Iterable[str]) -> str:
        """Return the first rotas' names for people; a rota whose name can't be read stands with its sys_id."""
        listed = list(rotas)
        names = self._names(listed[:_MOST_NAMED])
        shown = [names.get(rota) or rota for rota in listed[:_MOST_NAMED]]
        more = len(listed) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")

    def _names(self, rotas: list[str]) -> Mapping[str, str]:
        try:
            rows = self.client.query("cmn_rota", Query().is_in("sys_id", rotas), ("name",), limit=len(rotas))
        except (BrokenConfiguration, Refused) as error:
            self.log.info("the rotas' names can't be read", extra={"problem": str(error)})
            return {}
        return {row["sys_id"].lower(): _shown(row.get("name", "")) for row in rows}


@dataclass(frozen=True, slots=True)
class Schedules:
    """The rotas that a request's annotation names, at most `MOST_ROTAS`, and a sentence where that is not all of it."""

    rotas: tuple[str, ...]
    problem: str = ""

    @classmethod
    def of(cls, request: AccessRequest) -> Schedules:
        """Return the rotas of a request. They come from the requester's roles in Teleport, which he can't change."""
        values = [value.strip() for value in request.system_annotations.get(SCHEDULES, ()) if value.strip()]
        if not values:
            return cls((), f"The requested roles have no annotation {SCHEDULES}, so there is no rota to look at.")
        ids = dict.fromkeys(value.lower() for value in values if _SYS_ID.fullmatch(value.lower()))
        others = [value for value in values if value.lower() not in ids]
        problems = []
        if others:
            named = ", ".join(_shown(value) for value in others[:_MOST_NAMED])
            problems.append(f"The annotation {SCHEDULES} names what is no sys_id of a rota: {named}.")
        if len(ids) > MOST_ROTAS:
            problems.append(f"Only the first {MOST_ROTAS} of {len(ids)} rotas were looked at.")
        return cls(tuple(ids)[:MOST_ROTAS], " ".join(problems))


def _unfit(user: User, integration_users: Iterable[str]) -> str:
    """Return why a user doesn't count as somebody who can be on call; empty if he does. What can't be read is a
    reason."""
    flags = (user.active, user.locked_out, user.web_service_access_only)
    integrations = {name.casefold() for name in integration_users}
    if None in flags:
        return "can't be read: whether the account is active, locked out or for web services only is unknown"
    if not user.active or user.locked_out:
        return "is inactive or locked out"
    if user.web_service_access_only or user.internal_integration_user or user.user_name.casefold() in integrations:
        return "is an account for integrations"
    return ""


def _shown(text: str) -> str:
    """Return a name from elsewhere in one short line, as data."""
    return cut(" ".join(plain(text).split()), 80)
