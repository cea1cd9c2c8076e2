"""The people, groups, integration accounts and ordinary incidents that the demo starts with."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from local.servicenow.access import APPROVER, DECISIONS, TICKETS

if TYPE_CHECKING:
    from local.servicenow.instance import ServiceNowInstance

APPROVERS_GROUP: Final = "Access approvers"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One integration user with the password that was made for it."""

    user_name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    """The integration users: one that may do both, or one for each side."""

    bridge: DemoAccount
    tickets: DemoAccount
    decisions: DemoAccount


def seed_demo(instance: "ServiceNowInstance") -> DemoAccounts:
    """Fills an instance. Call it once.

    bob and carol approve (carol may also close incidents), alice and dave ask, erin works in the service desk.
    """
    desk = instance.add_group("Service Desk")
    instance.add_group(APPROVERS_GROUP)
    people = (
        ("bob", "Bob Reviewer", ("itil", APPROVER), (APPROVERS_GROUP,)),
        ("carol", "Carol Manager", ("itil", "itil_admin", APPROVER), (APPROVERS_GROUP,)),
        ("erin", "Erin Desk", ("itil",), ("Service Desk",)),
        ("alice", "Alice Engineer", (), ()),
        ("dave", "Dave Engineer", (), ()),
    )
    ids = {
        user: instance.add_user(user, email=f"{user}@example.test", name=name, roles=roles, groups=groups)
        for user, name, roles, groups in people
    }
    for caller, text in (
        ("alice", "Printer on the second floor is out of toner"),
        ("dave", "Laptop battery lasts only an hour"),
        ("alice", "VPN drops when the train enters a tunnel"),
    ):
        values = {"caller_id": ids[caller], "short_description": text, "assignment_group": desk}
        instance.insert_as("erin", "incident", values)
    return DemoAccounts(
        _integration_user(instance, "svc.access.bridge", "Access Bridge", (TICKETS, DECISIONS, "sn_incident_write")),
        _integration_user(
            instance, "svc.access.bridge.tickets", "Access Bridge Tickets", (TICKETS, "sn_incident_write")
        ),
        _integration_user(
            instance, "svc.access.bridge.decisions", "Access Bridge Decisions", (DECISIONS, "sn_incident_read")
        ),
    )


def _integration_user(instance: "ServiceNowInstance", user_name: str, name: str, roles: tuple[str, ...]) -> DemoAccount:
    password = secrets.token_urlsafe(24)
    sys_id = instance.add_user(
        user_name,
        email=f"{user_name}@example.test",
        name=name,
        roles=roles,
        password=password,
        web_service_access_only=True,
    )
    # What such a user sees by display value follows his own zone.
    instance.update_raw("sys_user", sys_id, {"time_zone": "GMT"})
    return DemoAccount(user_name, password)
