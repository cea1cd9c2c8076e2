"""What each function needs in Teleport, by doing it: the product's own code with the identity that it joined with."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from access_bridge.decisions.outcome import Reason
from access_bridge.errors import BridgeError
from access_bridge.rules.decisions import Mode
from access_bridge.teleport.client import Teleport, connect
from access_bridge.teleport.discovery import Endpoint
from access_bridge.teleport.identity import Identity
from access_bridge.tickets.callers import email_addresses
from tests.contract.decisions.court import GROUP, Case, Court
from tests.unit.teleport.given import Given

ANY_ROLE: Final = "root"
"""A role that people may ask for and review, and the bot may not review."""


@dataclass(slots=True)
class Customer:
    """A cluster with the shipped resources, a court for the function that decides, and the identity of the other."""

    court: Court
    mode: Mode
    tickets: Identity

    def reads(self, read: Callable[[Teleport], bool]) -> bool:
        """Ask Teleport as the function that writes tickets."""
        cluster = self.court.cluster
        with connect(Given(self.tickets), Endpoint(cluster.proxy_addr, cluster.web_ca_pem)) as teleport:
            return read(teleport)

    def decided(self, user: str, case: Case) -> str:
        """Have a user of ServiceNow approve, and return what became of it (a code)."""
        self.court.rules = {"decisions": {"mode": self.mode, "approvers": {"group": GROUP}}}
        return self.court.decide(self.court.click(user, case), case).code


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a function has to be able to do, in a sentence."""

    sentence: str
    done: Callable[[Customer], bool]

    def is_met(self, customer: Customer) -> bool:
        """Try it. Whatever Teleport refuses, it isn't met then."""
        try:
            return self.done(customer)
        except BridgeError:
            return False


# ---- the function that writes tickets


def _sees_everybodys(customer: Customer) -> bool:
    case = _asked(customer)
    return customer.reads(lambda teleport: any(one.id == case.request_id for one in teleport.access_requests()))


def _reads_one(customer: Customer) -> bool:
    case = _asked(customer)
    return customer.reads(lambda teleport: teleport.access_request(case.request_id) is not None)


def _knows_the_requesters_address(customer: Customer) -> bool:
    case = _asked(customer)
    address = f"{case.requester}@example.test"
    return customer.reads(lambda teleport: email_addresses(teleport, case.requester) == (address,))


TICKETS: Final = (
    Need("The minute pass sees everybody's requests.", _sees_everybodys),
    Need("A look at a request reads it.", _reads_one),
    Need("A requester is found in ServiceNow by his e-mail address.", _knows_the_requesters_address),
)


# ---- the function that decides


def _becomes_a_review(role: str) -> Callable[[Customer], bool]:
    return lambda customer: customer.decided("bob", _asked(customer, role)) == Reason.APPLIED


def _becomes_the_review_of(user: str) -> Callable[[Customer], bool]:
    def done(customer: Customer) -> bool:
        case = _asked(customer)
        code = customer.decided(user, case)
        return code == Reason.APPLIED and customer.court.request(case).Spec.Reviews[0].Author == user

    return done


def _is_refused_for_the_role(customer: Customer) -> bool:
    return customer.decided("bob", _asked(customer)) == Reason.MAY_NOT_REVIEW


def _on_call_is_approved(role: str) -> Callable[[Customer], bool]:
    def done(customer: Customer) -> bool:
        court, name = customer.court, f"asker-{uuid.uuid4().hex[:10]}"
        rota = court.instance.servicenow.add_rota(name)
        court.teleport_role(name, request={"roles": [role], "annotations": {"teleport.dev/schedules": [rota]}})
        case = court.ask(court.requester(role=name), [role])
        court.instance.servicenow.put_on_call(rota, case.requester)
        rule = {"when": {"roles": [role]}, "then": "ticket", "on_call": "approve"}
        court.rules = {"decisions": {"mode": customer.mode}, "rules": [rule]}
        return court.check_on_call(case).code == Reason.APPLIED

    return done


def _nobody_decides_his_own_under_another_name(customer: Customer) -> bool:
    court, name = customer.court, f"bob-{uuid.uuid4().hex[:10]}"
    case = court.ask(court.requester(name=name, role="asker", email="bob@example.test", known=False), ["dba"])
    return customer.decided("bob", case) == Reason.OWN_REQUEST


def decisions(mode: Mode, role: dict[str, Any]) -> Iterator[Need]:
    """What the function that decides needs in a mode, with what its role says of reviews."""
    reviews = role["spec"]["allow"].get("review_requests", {})
    if mode == "bot":
        for name in reviews["roles"]:
            yield Need(f"A decision on a request for {name} becomes the bot's review.", _becomes_a_review(name))
        sentence = "A decision on a request that the bot may not review is refused for that, not because it is gone."
        yield Need(sentence, _is_refused_for_the_role)
    if mode == "on_behalf":
        for user in reviews["submit_for_users"]:
            sentence = f"A decision of {user} becomes his own review, also where the bot may not review."
            yield Need(sentence, _becomes_the_review_of(user))
        for name in reviews["roles"]:
            yield Need(f"Who is on call and asks for {name} is approved by the bot.", _on_call_is_approved(name))
    if mode == "set_state":
        yield Need("A decision is set as the request's state.", _becomes_a_review(ANY_ROLE))
    sentence = "Nobody decides his own request whom only the e-mail address in Teleport gives away."
    yield Need(sentence, _nobody_decides_his_own_under_another_name)


def _asked(customer: Customer, role: str = ANY_ROLE) -> Case:
    return customer.court.ask(customer.court.requester(role="asker"), [role])
