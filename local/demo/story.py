"""The demo's story: five requests, seen from both sides, and what the doors refuse."""

from __future__ import annotations

import sys
import textwrap
import time
from datetime import timedelta

import requests

from local.aws.environment import EnvironmentLost
from local.demo.counting import Calls, count
from local.demo.stored import teleport_credentials
from local.demo.telling import Teller
from local.servicenow.schema import CHOICES, DECISION
from local.system import actions
from local.system.local_system import PATIENCE, LocalSystem
from local.system.options import Options
from local.system.stand_ins import BOTS

_EXPIRING = timedelta(seconds=7)
_APPROVE_CALLS = "one insert, one look at its state just before it is resolved, one update with the note"
_ON_CALL_ROLE = "billing-db"
# Beside the rules of the local system: reasons are searched for tickets, and one role is approved for who is on call.
_RULES = f"""
justification: {{}}
rules:
  - when: {{roles: [{_ON_CALL_ROLE}]}}
    then: ticket
    on_call: approve
"""
_ON_CALL = """
{{kind: role, version: v7, metadata: {{name: {role}}}, spec: {{allow: {{logins: [root]}}}}}}
---
kind: role
version: v7
metadata: {{name: {role}-requester}}
spec: {{allow: {{request: {{roles: [{role}], annotations: {{teleport.dev/schedules: [{rota}]}}}}}}}}
---
{{kind: user, version: v2, metadata: {{name: erin}}, spec: {{roles: [{role}-requester]}}}}
"""
_STATES = dict(CHOICES["incident", "state"])


class NotAsPromised(Exception):
    """A step didn't do what the product promises; the text says what was to happen."""


def tell() -> int:
    """Tell the story on the standard output; return 0, or 1 when a step is not as promised."""
    teller = Teller()
    began = time.monotonic()
    teller.title("Access Bridge: Teleport access requests as ServiceNow tickets, and decisions back")
    teller.say(
        "Both functions run here as in AWS Lambda, called with the events that AWS sends. AWS, the Teleport\n"
        "cluster and the ServiceNow instance are stand-ins on this machine. Starting them …"
    )
    try:
        with LocalSystem(Options(retry_base_seconds=1, rules=Options().rules + _RULES)) as system:
            teller.say(f"All is up after {time.monotonic() - began:.1f} s: the webhook is {system.webhook_url}")
            story = _Story(system, teller)
            try:
                story.tell()
            except (AssertionError, NotAsPromised) as error:
                teller.bad(str(error))
                if isinstance(error, NotAsPromised):
                    print(system.describe(), file=sys.stderr)
                return 1
    except EnvironmentLost as error:
        teller.bad(f"the functions did not start: {error}")
        return 1
    teller.say(f"\nEvery step was as promised, in {time.monotonic() - began:.0f} s. Try it yourself: make up")
    return 0


class _Story:
    def __init__(self, system: LocalSystem, teller: Teller) -> None:
        self._system = system
        self._teller = teller
        self._calls_before = 0

    def tell(self) -> None:
        self._doors()
        self._approved()
        self._denied()
        self._on_call()
        self._expired()
        self._never_forwarded()
        self._nothing_stored()
        self._both_sides()

    # ---- the chapters ------------------------------------------------------------------------------------------

    def _doors(self) -> None:
        self._teller.title("The doors let in who has the key, and nobody else")
        event = '{"event": "access_request.create"}'
        self._refused(
            "the webhook with a wrong token",
            requests.post(
                self._system.webhook_url, data=event, headers={"Authorization": "Bearer wrong"}, timeout=PATIENCE
            ),
        )
        decision = '{"table": "incident", "decision": "approved"}'
        self._refused(
            "the callback without a signature",
            requests.post(self._system.callback_url, data=decision, timeout=PATIENCE),
        )

    def _refused(self, what: str, answer: requests.Response) -> None:
        self._expect(answer.status_code == 401, f"{what} should be answered 401, and was answered {answer.status_code}")
        self._teller.good(f"{what}: {answer.status_code}")

    def _approved(self) -> None:
        self._teller.title("1  alice asks, bob approves in ServiceNow")
        self._start_counting()
        work = next(row for row in self._system.servicenow.rows("incident") if "VPN" in row["short_description"])
        request_id = self._request("alice", "dba", f"Look at the VPN server, {work['number']}")
        incident = self._incident_of(request_id)
        shown = self._system.servicenow.row("incident", incident)
        self._expect(
            shown["description"].startswith(f"Justification: {work['number']} ") and shown["parent"] == work["sys_id"],
            f"the incident should show first that {work['number']} justifies the access, and be linked to it",
        )
        self._show_incident(incident, "short_description", "state", "caller_id", "assignment_group", "description")
        row = self._click("bob", incident, "approved", "Known maintenance window")
        self._ends(request_id, incident, "APPROVED", "Resolved")
        self._show_requests(request_id)
        self._show_incident(incident, "state", "close_code", "close_notes", "work_notes")
        self._show_outcome(row)
        self._counts(request_id, incident, row)

    def _denied(self) -> None:
        self._teller.title("2  alice asks, carol denies in ServiceNow")
        self._start_counting()
        request_id = self._request("alice", "prod-access", "I would like to look around")
        incident = self._incident_of(request_id)
        row = self._click("carol", incident, "rejected", "Please say which host, and why")
        self._ends(request_id, incident, "DENIED", "Resolved", "Closed", "Canceled")
        self._show_requests(request_id)
        self._show_incident(incident, "state", "close_code", "close_notes", "work_notes")
        self._show_outcome(row)
        self._counts(request_id, incident, row)

    def _on_call(self) -> None:
        self._teller.title("3  erin asks, and is on call: a rule lets the bot approve")
        rota = self._system.servicenow.add_rota("Billing on-call")
        self._system.servicenow.put_on_call(rota, "erin")
        self._system.teleport.apply(_ON_CALL.format(role=_ON_CALL_ROLE, rota=rota))
        self._teller.does(
            "ServiceNow", "has erin on call on the rota Billing on-call, which the role's annotation names"
        )
        self._start_counting()
        request_id = self._request("erin", _ON_CALL_ROLE, "The pager went off")
        incident = self._incident_of(request_id)
        self._ends(request_id, incident, "APPROVED", "Resolved")
        self._show_requests(request_id)
        self._show_incident(incident, "state", "close_code", "close_notes", "work_notes")
        self._counts(request_id, incident)

    def _expired(self) -> None:
        self._teller.title("4  alice asks, and nobody decides in time")
        self._start_counting()
        self._system.teleport.expiry_delay = 0.2
        reason = "Only needed right now"
        command = f"tsh request create --roles=dba --request-ttl={_EXPIRING.seconds}s --reason='{reason}'"
        self._teller.does("alice types", command, typed=True)
        request_id = self._system.teleport.as_user("alice").create_request(["dba"], reason, ttl=_EXPIRING)
        incident = self._incident_of(request_id)
        self._show_incident(incident, "short_description", "state")
        self._teller.does("nobody", f"decides for {_EXPIRING.seconds} s; Teleport drops the request and reports it …")
        self._system.wait_until(lambda: request_id not in self._system.teleport.requests)
        self._system.settle()
        ended = self._system.servicenow.row("incident", incident)
        self._expect(
            _STATES[ended["state"]] in ("Resolved", "Closed", "Canceled"),
            f"the incident of an expired request should be closed, and is {_STATES[ended['state']]}",
        )
        self._show_requests(request_id)
        self._show_incident(incident, "state", "close_code", "close_notes", "work_notes")
        self._counts(request_id, incident)

    def _never_forwarded(self) -> None:
        self._teller.title("5  No event is ever forwarded: the pass that runs every minute finds the request")
        self._start_counting()
        self._system.stop_forwarding()
        self._teller.does("the event handler", "is down")
        request_id = self._request("dave", "dba", "Index rebuild; two people have to approve", wait=False)
        self._pass()
        incident = self._incident_of(request_id)
        self._show_incident(incident, "short_description", "state")
        for reviewer in ("bob", "carol"):
            self._teller.does(f"{reviewer} types", f"tsh request review --approve {request_id}", typed=True)
            actions.review(self._system, request_id, "APPROVED", reviewer, "fine with me")
        self._pass()
        self._ends(request_id, incident, "APPROVED", "Resolved")
        self._show_incident(incident, "state", "close_code", "close_notes", "work_notes")
        self._counts(request_id, incident)

    def _nothing_stored(self) -> None:
        self._teller.title("Nothing of Teleport's is stored: each function joined with its own AWS role")
        self._teller.does("Teleport's audit log", "has the bots that joined, and the role that AWS vouched for")
        joins = [event for event in self._system.teleport.audit_log if event["event"] == "bot.join"]
        joined = {event["bot_name"]: event["attributes"]["Arn"] for event in joins if event["success"]}
        self._teller.listing(
            ("Bot", "Joined as arn:aws:sts::…"), [(bot, arn.split(":")[-1]) for bot, arn in sorted(joined.items())]
        )
        self._expect(
            set(joined) == {bot.removeprefix("bot-") for bot in BOTS.values()},
            f"both bots should have joined, and these have: {', '.join(joined) or 'none'}",
        )
        found = teleport_credentials(self._system)
        self._expect(not found, f"no key or certificate of Teleport's should be kept, and there is one in: {found}")
        self._teller.good("no Teleport key or certificate in environment, files, secrets, parameters or log")

    def _both_sides(self) -> None:
        self._teller.title("In the end, on both sides")
        self._show_requests()
        self._teller.does("ServiceNow lists", "the incidents that stand for access requests")
        self._teller.listing(
            ("Number", "State", "Close code", "Correlation ID"),
            [(one.number, one.state, one.close_code, one.request_id) for one in actions.incidents(self._system)],
        )

    # ---- what people do ----------------------------------------------------------------------------------------

    def _request(self, user: str, role: str, reason: str, *, wait: bool = True) -> str:
        self._teller.does(f"{user} types", f"tsh request create --roles={role} --reason='{reason}'", typed=True)
        request_id = actions.request(self._system, user, [role], reason)
        self._teller.does("Teleport", f"Request {request_id} is pending")
        if wait:
            self._system.settle()
        return request_id

    def _click(self, user: str, incident: str, decision: str, reason: str) -> str:
        number = self._system.servicenow.row("incident", incident)["number"]
        label = "Approve access" if decision == "approved" else "Deny access"
        self._teller.does(f"{user} clicks", f"{label} on {number}, with the reason: {reason}")
        row = self._system.servicenow.click(user, incident, decision, reason)
        self._system.settle()
        return row

    def _pass(self) -> None:
        self._teller.does("a minute later", "teleport_events asks Teleport what changed")
        self._system.tick("teleport_events")
        self._system.settle()

    # ---- what is there, and what should be ---------------------------------------------------------------------

    def _incident_of(self, request_id: str) -> str:
        self._system.settle()
        found = [row for row in self._system.servicenow.rows("incident") if row["correlation_id"] == request_id]
        self._expect(len(found) == 1, f"request {request_id} should have one incident, and has {len(found)}")
        return found[0]["sys_id"]

    def _ends(self, request_id: str, incident: str, state: str, *ticket_states: str) -> None:
        now = next(one.state for one in actions.requests(self._system) if one.id == request_id)
        self._expect(now == state, f"request {request_id} should be {state} in Teleport, and is {now}")
        ticket = _STATES[self._system.servicenow.row("incident", incident)["state"]]
        self._expect(ticket in ticket_states, f"its incident should be {' or '.join(ticket_states)}, and is {ticket}")

    def _show_incident(self, incident: str, *names: str) -> None:
        servicenow = self._system.servicenow
        row = servicenow.row("incident", incident)
        labels = {
            "state": _STATES.get(row["state"], row["state"]),
            "caller_id": self._name("sys_user", row["caller_id"]),
            "assignment_group": self._name("sys_user_group", row["assignment_group"]),
            "work_notes": "\n\n".join(servicenow.work_notes(incident)),
        }
        values = {_label(name): labels.get(name, row.get(name, "")) for name in names}
        self._teller.does("ServiceNow shows", "")
        self._teller.document(f"Incident {row['number']}", values)

    def _show_requests(self, *only: str) -> None:
        self._teller.does("tctl requests ls", "")
        found = [one for one in actions.requests(self._system) if not only or one.id in only]
        rows = [
            (one.id, one.user, one.roles, one.state, textwrap.shorten(one.reason, 28, placeholder=" …"))
            for one in found
        ]
        gone = ("none: Teleport has forgotten it", "", "", "", "")
        self._teller.listing(("ID", "User", "Roles", "State", "Reason"), rows or [gone])

    def _show_outcome(self, row: str) -> None:
        decision = self._system.servicenow.row(DECISION, row)
        self._expect(
            decision["outcome"] == "applied",
            f"the decision's outcome should be applied, and is {decision['outcome'] or 'missing'}"
            f" ({decision['outcome_detail']})",
        )
        self._teller.does("The row says", decision["outcome_detail"])

    def _name(self, table: str, sys_id: str) -> str:
        return next((row["name"] for row in self._system.servicenow.rows(table) if row["sys_id"] == sys_id), "")

    # ---- counting ----------------------------------------------------------------------------------------------

    def _start_counting(self) -> None:
        self._calls_before = len(self._system.servicenow.calls)

    def _counts(self, request_id: str, incident: str, row: str = "") -> None:
        calls: Calls = count(
            self._system.servicenow.calls[self._calls_before :],
            tickets_account=self._system.stand_ins.tickets_account,
            incident=incident,
            request_id=request_id,
            row=row,
        )
        self._expect(
            (calls.ticket_writes, calls.ticket_reads, calls.row_writes) == (2, 1, 1 if row else 0),
            f"it should take 2 writes and 1 read of the incident{' and 1 write of the decision row' if row else ''}"
            f" ({_APPROVE_CALLS}), and took {calls}",
        )
        self._teller.good(str(calls))

    def _expect(self, holds: bool, sentence: str) -> None:
        if not holds:
            raise NotAsPromised(sentence)


def _label(column: str) -> str:
    """The label of a column on the form: `short_description` is Short description."""
    return column.removesuffix("_id").replace("_", " ").capitalize()
