"""What each function needs in ServiceNow, by doing it: the product's own code with the function's own account."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import boto3
import requests
from moto import mock_aws

from access_bridge.access_request import RequestState
from access_bridge.decisions.outcome import Outcome, Reason
from access_bridge.errors import BridgeError
from access_bridge.justification.find import find_justification
from access_bridge.ledger.items import DecisionItem
from access_bridge.ledger.table import Ledger
from access_bridge.people import People
from access_bridge.rules.decisions import DecisionRules
from access_bridge.rules.justification import Justification as JustificationRules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.users import Users
from access_bridge.teleport.client import Teleport
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import APPROVAL, DECISION
from local.servicenow.seed import DemoAccount
from tests.contract.decisions.court import GROUP, Case, Court
from tests.contract.reconcile.changed_tickets import Tickets
from tests.contract.reconcile.undecided_rows import Rows
from tests.contract.tickets.desk import ID, NOW, Desk, vote
from tests.contract.tickets.teleport_double import TeleportDouble
from tests.unit.stack import stack

_SESSION: Final = boto3.Session(aws_access_key_id="sample", aws_secret_access_key="sample")
_RULES: Final = "version: 1\nticket: {caller: svc.access.bridge, assignment_group: Access approvers}\n"
_WINDOW: Final = ("start_date", "end_date")
DESK_TABLES: Final = ("incident", DECISION, "sys_user", "sys_user_group")
NAMED: Final = ("incident", "change_request", "sc_req_item")
"""The tables whose records a reason may name."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a function has to be able to do, in a sentence; `tables` are those that it works with."""

    sentence: str
    tables: frozenset[str]
    done: Callable[[Any], bool]

    def is_met(self, by: Any) -> bool:
        """Try it. Whatever is refused, or isn't as it has to be, it isn't met then."""
        try:
            return self.done(by)
        except (BridgeError, LookupError, ValueError):
            return False


def client(instance: ServiceNowInstance, account: DemoAccount, session: requests.Session) -> ServiceNow:
    """The product's client for an account."""
    return ServiceNow(instance.url, BasicCredentials(account.user_name, account.password), session=session)


# ---- the function that writes tickets: one request on an instance of its own


@contextmanager
def desk() -> Iterator[Desk]:
    """A desk with the shipped application and the demo's people, with nothing made yet."""
    instance = ServiceNowInstance(port=0)
    instance.start()
    try:
        account = instance.seed_demo().tickets
        with mock_aws(), requests.Session() as session:
            resource = _SESSION.resource("dynamodb", region_name="eu-central-1")
            (table,) = stack().of_type("AWS::DynamoDB::Table").values()
            taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
            resource.create_table(TableName="ledger", **{name: table[name] for name in taken})
            ledger = Ledger(resource, "ledger")
            ledger.started(NOW - timedelta(days=1))
            made = Desk(instance, client(instance, account, session), ledger)
            made.use_rules(_RULES)
            yield made
    finally:
        instance.stop()


def _as_written(of: Desk) -> bool:
    """Whether everything came back as it was sent: else it is said in the log that ServiceNow stored something else."""
    return "FieldCameBackDifferent" not in of.counted


def _is_made(of: Desk) -> bool:
    of.shows()
    of.look()
    row = of.incident()
    return (
        _as_written(of)
        and row["caller_id"] == of.user("alice")
        and row["assignment_group"] == of.group(GROUP)
        and row["correlation_display"].startswith("Teleport tele.example.test #1")
        and "alice" in row["short_description"]
        and "restart the database" in row["description"]
    )


def _is_found_by_address(of: Desk) -> bool:
    of.shows(user="alice-sso")
    of.look()
    return of.incident()["caller_id"] == of.user("alice")


def _an_old_group_is_passed_over(of: Desk) -> bool:
    of.instance.insert_raw("sys_user_group", {"name": "Old team", "active": "false"})
    of.shows(system_annotations={"teleport.dev/notify-services": ("Old team",)})
    of.look()
    return of.incident()["assignment_group"] == of.group(GROUP)


def _a_review_is_told(of: Desk) -> bool:
    _is_made(of)
    of.shows(reviews=(vote("bob", "fine with me"),), revision="r-2")
    of.look()
    return _as_written(of) and any("fine with me" in note for note in of.notes())


def _an_approval_resolves(of: Desk) -> bool:
    _is_made(of)
    of.shows(state=RequestState.APPROVED, resolve_reason="fine with me", revision="r-2")
    of.look()
    row = of.incident()
    resolved = (row["state"], row["close_code"]) == ("6", "Resolved by request")
    return _as_written(of) and resolved and "fine with me" in row["close_notes"] and len(of.notes()) == 1


def _what_a_person_closed_stays(of: Desk) -> bool:
    _is_made(of)
    of.instance.update_raw(
        "incident", of.incident()["sys_id"], {"state": "6", "close_code": "User error", "close_notes": "mine"}
    )
    of.shows(state=RequestState.APPROVED, revision="r-2")
    of.look()
    return of.incident()["close_notes"] == "mine"


def _no_second_one_is_made(of: Desk) -> bool:
    """The answer to the insert is lost, on an instance that chooses the ids itself."""
    of.instance.honours_client_sys_id = False
    of.instance.faults.drop_after_commit(method="POST", table="incident")
    of.shows()
    try:
        of.look()
    except BridgeError:
        of.later()
        of.look()
    return of.item().sys_id == of.incident()["sys_id"]


def _no_note_is_written_twice(of: Desk) -> bool:
    """The answer to the change is lost."""
    _is_made(of)
    of.instance.faults.drop_after_commit(method="PATCH", table="incident")
    of.shows(reviews=(vote("bob", "fine with me"),), revision="r-2")
    try:
        of.look()
    except BridgeError:
        of.later()
        of.look()
    return sum("fine with me" in note for note in of.notes()) == 1 and "CounterEdited" not in of.counted


def _a_deleted_one_is_told_from_a_hidden_one(of: Desk) -> bool:
    _is_made(of)
    of.instance.delete("incident", of.incident()["sys_id"])
    of.shows(state=RequestState.APPROVED, revision="r-2")
    of.look()
    return of.item().ended_by == "deleted"


def _decided(of: Desk) -> DecisionItem:
    row = {"ticket": of.incident()["sys_id"], "decision": "approved"}
    sys_id = of.instance.insert_raw(DECISION, {**row, "request_id": ID, "cluster": "tele.example.test"})
    item = DecisionItem(ID, sys_id, outcome=Outcome.APPLIED, code=Reason.APPLIED, sentence="Done.", decision="approved")
    return of.ledger.save_decision(item)


def _an_outcome_stands_on_its_row(of: Desk) -> bool:
    _is_made(of)
    item = _decided(of)
    of.look()
    row = of.instance.row(DECISION, item.decision_id)
    return _as_written(of) and (row["outcome"], row["outcome_detail"]) == ("applied", "applied: Done.")


def _a_deleted_row_is_told_from_a_hidden_one(of: Desk) -> bool:
    _is_made(of)
    gone, there = _decided(of), _decided(of)
    of.instance.delete(DECISION, gone.decision_id)
    of.look()
    told = {mark.split(":")[1] for mark in of.item().told if mark.startswith("row:")}
    return told == {gone.decision_id, there.decision_id}


def _the_justifying_ticket_is_its_parent(of: Desk) -> bool:
    of.use_rules(f"{_RULES}justification: {{}}\n")
    values = {"caller_id": of.user("alice"), "short_description": "slow"}
    parent = of.instance.insert_as("erin", "incident", values)
    of.shows(reason=f"to mend {of.instance.row('incident', parent)['number']}")
    of.look()
    rows = [row for row in of.instance.rows("incident") if row["correlation_id"] == ID]
    return _as_written(of) and rows[0]["parent"] == parent


def _what_people_changed_is_found(of: Desk) -> bool:
    """One denied and open again, one denied with an approval's code, one closed while it was pending."""
    tickets = Tickets(of.instance, of.client, of.ledger)
    changes = {
        tickets.add("denied"): {"state": "2"},
        tickets.add("denied"): {"close_code": "Resolved by request"},
        tickets.add(): {"state": "7", "close_code": "User error"},
    }
    for request_id, values in changes.items():
        tickets.change(request_id, **values)
    found = {one.request_id: one.number for one in tickets.run().differing}
    return found == dict.fromkeys(changes, "INC0012345")


def _what_nobody_changed_is_not_read_again(of: Desk) -> bool:
    tickets = Tickets(of.instance, of.client, of.ledger)
    tickets.change(tickets.add("denied"), state="2")
    for minutes in (16, 5):
        tickets.run()
        tickets.later(minutes=minutes)
    return tickets.run().tickets == 0


TICKETS: Final = (
    Need("A request gets its incident, for its requester and with its group.", frozenset(DESK_TABLES), _is_made),
    Need("A requester is found by his e-mail address.", frozenset({"sys_user"}), _is_found_by_address),
    Need("A group that isn't active gets no incident.", frozenset({"sys_user_group"}), _an_old_group_is_passed_over),
    Need("A review is told in a work note.", frozenset({"incident"}), _a_review_is_told),
    Need("An approval resolves the incident.", frozenset({"incident"}), _an_approval_resolves),
    Need("An incident that a person ended stays his.", frozenset({"incident"}), _what_a_person_closed_stays),
    Need("After a lost answer no second incident is made.", frozenset({"incident"}), _no_second_one_is_made),
    Need("After a lost answer no note is written twice.", frozenset({"incident"}), _no_note_is_written_twice),
    Need(
        "A deleted incident is told from a hidden one.",
        frozenset({"incident"}),
        _a_deleted_one_is_told_from_a_hidden_one,
    ),
    Need("An outcome stands on its decision row.", frozenset({DECISION}), _an_outcome_stands_on_its_row),
    Need("A deleted row is told from a hidden one.", frozenset({DECISION}), _a_deleted_row_is_told_from_a_hidden_one),
    Need("What people changed is found and named.", frozenset({"incident"}), _what_people_changed_is_found),
    Need("The unchanged isn't read again.", frozenset({"incident"}), _what_nobody_changed_is_not_read_again),
    Need("The justifying ticket becomes the parent.", frozenset({"incident"}), _the_justifying_ticket_is_its_parent),
)


# ---- both functions: the ticket that a reason names


@dataclass(frozen=True, slots=True)
class Reader:
    """An instance with the demo's people, and the client of an account."""

    instance: ServiceNowInstance
    client: ServiceNow

    def user(self, name: str) -> str:
        """The sys_id of a user."""
        return next(row["sys_id"] for row in self.instance.rows("sys_user") if row["user_name"] == name)

    def verdict(self, number: str) -> str:
        """What is found about a ticket that a reason of alice's names."""
        users = Users(self.client)
        people = People(users, cast(Teleport, TeleportDouble()), DecisionRules())
        rules = JustificationRules()
        found = find_justification(f"for {number}", "alice", rules, self.client, users, people, datetime.now(UTC))
        return found.findings[0].code


_ACTIVE: Final = {"incident": "2", "change_request": "-1", "sc_req_item": "2"}
_PEOPLE: Final = {
    "incident": ("caller_id", "opened_by", "assigned_to"),
    "change_request": ("requested_by", "opened_by", "assigned_to"),
    "sc_req_item": ("requested_for", "opened_by", "assigned_to"),
}


def _named(by: Reader, table: str, **values: str) -> str:
    """Make an active ticket of somebody else's with these values; returns its number."""
    now = datetime.now(UTC)
    window = {
        name: f"{now + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}" for name, hours in zip(_WINDOW, (-1, 1), strict=True)
    }
    of_its_kind = window if table == "change_request" else {}
    others = dict.fromkeys(_PEOPLE[table], by.user("dave"))
    made = by.instance.insert_raw(table, {"state": _ACTIVE[table], **others, **of_its_kind, **values})
    return by.instance.row(table, made)["number"]


def _justifies(table: str, column: str) -> Callable[[Reader], bool]:
    return lambda by: by.verdict(_named(by, table, **{column: by.user("alice")})) == "justified"


def _justifies_its_group(table: str) -> Callable[[Reader], bool]:
    def done(by: Reader) -> bool:
        name = f"Team {uuid.uuid4()}"
        group = by.instance.add_group(name)
        by.instance.add_member(name, "alice")
        return by.verdict(_named(by, table, assignment_group=group)) == "justified"

    return done


def _does_not_justify(table: str, code: str, **values: str) -> Callable[[Reader], bool]:
    return lambda by: by.verdict(_named(by, table, **{_PEOPLE[table][0]: by.user("alice")}, **values)) == code


def _an_old_team_does_not_justify(by: Reader) -> bool:
    name = f"Team {uuid.uuid4()}"
    group = by.instance.insert_raw("sys_user_group", {"name": name, "active": "false"})
    by.instance.add_member(name, "alice")
    return by.verdict(_named(by, "incident", assignment_group=group)) == "not_involved"


def justifying() -> Iterator[Need]:
    """What both need to tell whether a ticket justifies the access."""
    people = frozenset({"sys_user"})
    groups = frozenset({"sys_user_group", "sys_user_grmember"})
    for table in NAMED:
        tables = frozenset({table})
        for column in _PEOPLE[table]:
            yield Need(f"A {table} justifies by {column}.", tables | people, _justifies(table, column))
        sentence = f"A {table} justifies whoever is in its group."
        yield Need(sentence, tables | people | groups, _justifies_its_group(table))
        sentence = f"A {table} that isn't active justifies nothing."
        yield Need(sentence, tables, _does_not_justify(table, "not_active", active="false"))
        sentence = f"A {table} in another state justifies nothing."
        yield Need(
            sentence, tables, _does_not_justify(table, "wrong_state", state="6" if table == "incident" else "-5")
        )
    sentence = "An incident of the bridge's own justifies nothing."
    own = {"correlation_display": "Teleport tele.example.test #1"}
    yield Need(sentence, frozenset({"incident"}), _does_not_justify("incident", "own_ticket", **own))
    yield Need("A group that isn't active justifies nobody.", groups, _an_old_team_does_not_justify)


# ---- the function that decides: people and requests of each need's own


def _code(court: Court, case: Case, user: str, decision: str = "approved") -> str:
    return court.decide(court.click(user, case, decision), case).code


def _the_click_is_applied(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    applied = _code(court, case, boss) == Reason.APPLIED
    words = court.told_in_teleport(case)
    return applied and all(one in words for one in (case.number, "fine with me", f"{boss.title()} Manager", boss))


def _is_refused(code: Reason, **user: Any) -> Callable[[Court], bool]:
    def done(court: Court) -> bool:
        boss, case = court.approver(), court.ask()
        row = court.click(boss, case)
        court.instance.servicenow.update_raw("sys_user", court.user_id(boss), user)
        return court.decide(row, case).code == code

    return done


def _nobody_decides_his_own(court: Court) -> bool:
    """His name in Teleport is the e-mail address that he has in ServiceNow."""
    boss = court.approver(teleport=None)
    case = court.ask(court.requester(name=f"{boss}@example.test", known=False))
    return _code(court, case, boss) == Reason.OWN_REQUEST


def _who_is_in_no_group_is_refused(court: Court) -> bool:
    boss, case = court.approver(groups=()), court.ask()
    return _code(court, case, boss) == Reason.NOT_IN_GROUP


def _a_group_that_is_not_active_decides_nothing(court: Court) -> bool:
    servicenow, name = court.instance.servicenow, f"Team {uuid.uuid4()}"
    group = servicenow.add_group(name)
    boss, case = court.approver(groups=(name,)), court.ask()
    court.rules = {"decisions": {"approvers": {"group": name}}}
    row = court.click(boss, case)
    servicenow.update_raw("sys_user_group", group, {"active": "false"})
    try:
        return court.decide(row, case).outcome == ""
    except BridgeError as error:
        return "no single group" in str(error)


def _the_newest_stands(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    first = court.click(boss, case)
    later = court.click(boss, case, "rejected")
    court.instance.servicenow.update_raw(DECISION, later, {"sys_created_on": "2099-01-01 00:00:00"})
    return court.decide(first, case).code == Reason.WITHDRAWN


def _the_older_does_not_stand(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    earlier = court.click(boss, case, "rejected")
    court.instance.servicenow.update_raw(DECISION, earlier, {"sys_created_on": "2000-01-01 00:00:00"})
    return _code(court, case, boss) == Reason.APPLIED


def _another_cluster_s_is_refused(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.instance.servicenow.update_raw(DECISION, row, {"cluster": "other.example.test"})
    return court.decide(row, case).code == Reason.FOREIGN_CLUSTER


def _a_ticket_with_another_mark_is_refused(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.instance.servicenow.update_raw("incident", case.ticket, {"correlation_id": "another"})
    return court.decide(row, case).code == Reason.FOREIGN_TICKET


def _a_deleted_row_is_refused(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    court.click(boss, case)
    row = court.click(boss, case)
    court.instance.servicenow.delete(DECISION, row)
    return court.decide(row, case, said="approved").code == Reason.ROW_ABSENT


def _a_vote_is_applied(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    row = court.vote(boss, court.ask_for_approval(boss, case))
    return court.decide(row, case).code == Reason.APPLIED


def _a_vote_by_nobody_is_refused(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    row = court.vote(boss, court.ask_for_approval(boss, case))
    approval = court.instance.servicenow.row(DECISION, row)["approval"]
    court.instance.servicenow.update_raw(APPROVAL, approval, {"sys_updated_by": "system"})
    return court.decide(row, case).code == Reason.VOTE_NOT_BY_APPROVER


def _a_vote_taken_back_is_withdrawn(court: Court) -> bool:
    boss, case = court.approver(), court.ask()
    approval = court.ask_for_approval(boss, case)
    row = court.vote(boss, approval)
    court.instance.servicenow.update_raw(APPROVAL, approval, {"state": "cancelled"})
    return court.decide(row, case).code == Reason.WITHDRAWN


def _a_vote_is_applied_that_names_its_ticket_by(column: str) -> Callable[[Court], bool]:
    def done(court: Court) -> bool:
        boss, case = court.approver(), court.ask()
        approval = court.ask_for_approval(boss, case)
        row = court.vote(boss, approval)
        named = {"sysapproval": "", "document_id": ""} | {column: case.ticket}
        court.instance.servicenow.update_raw(APPROVAL, approval, named)
        return court.decide(row, case).code == Reason.APPLIED

    return done


def _a_delegate_s_vote_is_applied(court: Court) -> bool:
    boss, deputy, case = court.approver(), court.approver(), court.ask()
    court.instance.servicenow.add_delegate(boss, deputy)
    row = court.vote(deputy, court.ask_for_approval(boss, case))
    return court.decide(row, case).code == Reason.APPLIED


def _who_is_on_call_is_approved(court: Court) -> bool:
    name = f"Rota {uuid.uuid4()}"
    rota = court.instance.servicenow.add_rota(name)
    role = court.teleport_role(
        f"asker-{name[5:]}", request={"roles": ["dba"], "annotations": {"teleport.dev/schedules": [rota]}}
    )
    case = court.ask(court.requester(role=role))
    court.instance.servicenow.put_on_call(rota, case.requester)
    rule = {"when": {"roles": ["dba"]}, "then": "ticket", "on_call": "approve"}
    court.rules = {"decisions": {"approvers": {"group": GROUP}}, "rules": [rule]}
    return court.check_on_call(case).code == Reason.APPLIED and name in court.told_in_teleport(case)


def _a_decision_nobody_heard_of_is_found(court: Court) -> bool:
    rows = Rows(court.instance.servicenow, court.instance.client, court.ledger)
    unheard, told = rows.add(), rows.add(outcome="applied")
    rows.run()
    taken = rows.taken()
    return unheard in taken and told not in taken


def _whoever_ended_it_has_it_denied(how: str) -> Callable[[Court], bool]:
    def done(court: Court) -> bool:
        rule = {"when": {"roles": ["dba"]}, "then": "ticket", "closed": "deny"}
        court.rules = {"decisions": {"approvers": {"group": GROUP}}, "rules": [rule]}
        boss, case = court.approver(), court.ask()
        court.end(boss, case, how)
        return court.check_closed(case).code == Reason.APPLIED and boss in court.told_in_teleport(case)

    return done


_ROWS: Final = frozenset({DECISION, "incident", "sys_user", "sys_user_group", "sys_user_grmember"})
_VOTES: Final = frozenset({APPROVAL, DECISION, "sys_user"})

DECISIONS: Final = (
    Need("A click becomes a review that names incident, human and reason.", _ROWS, _the_click_is_applied),
    Need("Nobody decides his own request.", frozenset({"sys_user"}), _nobody_decides_his_own),
    Need(
        "An inactive user is refused.", frozenset({"sys_user"}), _is_refused(Reason.APPROVER_INACTIVE, active="false")
    ),
    Need(
        "A locked user is refused.", frozenset({"sys_user"}), _is_refused(Reason.APPROVER_INACTIVE, locked_out="true")
    ),
    Need(
        "An account for web services is refused.",
        frozenset({"sys_user"}),
        _is_refused(Reason.APPROVER_NOT_HUMAN, web_service_access_only="true"),
    ),
    Need(
        "An internal integration user is refused.",
        frozenset({"sys_user"}),
        _is_refused(Reason.APPROVER_NOT_HUMAN, internal_integration_user="true"),
    ),
    Need("Who isn't in the group is refused.", frozenset({"sys_user_grmember"}), _who_is_in_no_group_is_refused),
    Need(
        "A group that isn't active decides nothing.",
        frozenset({"sys_user_group"}),
        _a_group_that_is_not_active_decides_nothing,
    ),
    Need("A later denial takes an approval back.", frozenset({DECISION}), _the_newest_stands),
    Need("An earlier denial doesn't.", frozenset({DECISION}), _the_older_does_not_stand),
    Need("A decision for another cluster is refused.", frozenset({DECISION}), _another_cluster_s_is_refused),
    Need(
        "A ticket with another request's id is refused.",
        frozenset({"incident"}),
        _a_ticket_with_another_mark_is_refused,
    ),
    Need("A deleted row is told from a hidden one.", frozenset({DECISION}), _a_deleted_row_is_refused),
    Need("A vote is applied.", _VOTES, _a_vote_is_applied),
    Need("A vote that nobody cast is refused.", _VOTES, _a_vote_by_nobody_is_refused),
    Need("A vote that was taken back doesn't count.", _VOTES, _a_vote_taken_back_is_withdrawn),
    *(
        Need(
            f"A vote counts for the ticket that {column} alone names.",
            _VOTES,
            _a_vote_is_applied_that_names_its_ticket_by(column),
        )
        for column in ("sysapproval", "document_id")
    ),
    Need("A delegate's vote is applied.", _VOTES | {"sys_user_delegate"}, _a_delegate_s_vote_is_applied),
    Need("A decision that nobody heard of is found.", frozenset({DECISION}), _a_decision_nobody_heard_of_is_found),
    Need("A resolved incident's request is denied.", frozenset({"incident"}), _whoever_ended_it_has_it_denied("6")),
    Need("A canceled incident's request is denied.", frozenset({"incident"}), _whoever_ended_it_has_it_denied("8")),
    Need("Who is on call is approved, and the rota named.", frozenset({"cmn_rota"}), _who_is_on_call_is_approved),
)
