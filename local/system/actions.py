"""What people do on both sides of the local system, as the command line and the demo ask for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from local.paths import command
from local.servicenow.errors import Refused
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import CHOICES, DECISION
from local.system.local_system import LocalSystem
from local.teleport.cluster import TeleportCluster
from local.teleport.errors import RefusedError
from local.teleport.proto import local_teleport_pb2 as pb


class ActionError(Exception):
    """It can't be done; the text says why, in words for the person who asked."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as a list of them shows it."""

    sys_id: str
    number: str
    state: str
    close_code: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """An access request as `tctl requests ls` shows it."""

    id: str
    user: str
    roles: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a decision row."""

    number: str
    outcome: str
    detail: str


def request(system: LocalSystem, user: str, roles: list[str], reason: str) -> str:
    """`tsh request create` as `user`. Returns the request's id; raises ActionError with Teleport's refusal."""
    try:
        return _teleport(system).as_user(user).create_request(roles, reason)
    except RefusedError as refused:
        raise ActionError(f"Teleport refuses: {refused.message}") from refused


def review(system: LocalSystem, request_id: str, state: Literal["APPROVED", "DENIED"], user: str, reason: str) -> str:
    """`tsh request review` as `user`. Returns the request's state; raises ActionError with Teleport's refusal."""
    try:
        return _teleport(system).as_user(user).review(request_id, state, reason)
    except RefusedError as refused:
        raise ActionError(f"Teleport refuses: {refused.message}") from refused


def decide(system: LocalSystem, ticket: str, decision: Literal["approved", "rejected"], user: str, reason: str) -> str:
    """A click on the incident (its number, or the request's id) as `user`. Returns the decision row's sys_id.

    Raises ActionError where there is no such incident, or ServiceNow doesn't let that user decide.
    """
    incident = find_incident(system, ticket)
    if incident is None:
        raise ActionError(f"No incident has the number or the request id {ticket}. List them: {command()} show")
    try:
        return _servicenow(system).decide(user, incident.sys_id, decision, reason)
    except Refused as refused:
        raise ActionError(f"ServiceNow refuses: {refused.message}: {refused.detail}") from refused
    except KeyError as error:
        raise ActionError(f"ServiceNow has no user {user}.") from error


def decision(system: LocalSystem, row_id: str) -> Decision | None:
    """What became of a decision row; None while nothing has."""
    row = _servicenow(system).row(DECISION, row_id)
    if not row["outcome"]:
        return None
    number = _servicenow(system).row("incident", row["ticket"])["number"]
    return Decision(number, row["outcome"], row["outcome_detail"])


def find_incident(system: LocalSystem, ticket: str) -> Incident | None:
    """The incident with that number, or for that request id."""
    found = [one for one in incidents(system) if ticket in (one.number, one.request_id)]
    return found[0] if found else None


def incidents(system: LocalSystem) -> list[Incident]:
    """The bridge's incidents, oldest first."""
    servicenow = _servicenow(system)
    states = dict(CHOICES["incident", "state"])
    return [
        Incident(
            row["sys_id"],
            row["number"],
            states.get(row["state"], row["state"]),
            row["close_code"],
            row["correlation_id"],
        )
        for row in servicenow.rows("incident")
        if row["correlation_id"]
    ]


def requests(system: LocalSystem) -> list[Request]:
    """The cluster's access requests, oldest first."""
    found = sorted(_teleport(system).requests.values(), key=lambda one: one.Metadata.Name)
    return [
        Request(
            one.Metadata.Name,
            one.Spec.User,
            ",".join(one.Spec.Roles),
            pb.RequestState.Name(one.Spec.State),
            one.Spec.RequestReason,
        )
        for one in found
    ]


def overview(system: LocalSystem) -> dict[str, list[dict[str, str]]]:
    """Incidents and requests of the stand-ins that run, as plain values; the other side is left out."""
    found: dict[str, list[dict[str, str]]] = {}
    if system.stand_ins.servicenow:
        found["incidents"] = [
            {"number": one.number, "state": one.state, "close_code": one.close_code, "request_id": one.request_id}
            for one in incidents(system)
        ]
    if system.stand_ins.teleport:
        found["requests"] = [asdict(one) for one in requests(system)]
    return found


def _teleport(system: LocalSystem) -> TeleportCluster:
    if system.stand_ins.teleport is None:
        raise ActionError("This system uses your own cluster: use tsh and tctl there.")
    return system.teleport


def _servicenow(system: LocalSystem) -> ServiceNowInstance:
    if system.stand_ins.servicenow is None:
        raise ActionError("This system uses your own ServiceNow instance: decide there.")
    return system.servicenow
