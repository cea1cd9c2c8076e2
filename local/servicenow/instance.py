"""A ServiceNow instance in this process, for tests and the local system to use, inspect and disturb."""

import ssl
import time
from collections.abc import Iterable, Mapping

from local.servicenow import application
from local.servicenow.access import AccessControls, Operation, Session
from local.servicenow.approvals import ApprovalActions, Delegates
from local.servicenow.auth import TOKEN_LIFETIME, Accounts
from local.servicenow.errors import Refused
from local.servicenow.faults import Faults
from local.servicenow.glide import OutboundCall
from local.servicenow.http_calls import Call
from local.servicenow.on_call import OnCall, Shift
from local.servicenow.records import Habits, Records
from local.servicenow.schema import CHOICES, CLUSTER, DECISION, ROTA
from local.servicenow.scripts import BusinessRules, CallbackHabits
from local.servicenow.seed import DemoAccounts, seed_demo
from local.servicenow.server import Application, HttpServer
from local.servicenow.store import Clock, Row, Store
from local.servicenow.table_api import TableApi
from local.servicenow.tasks import add_task


class ServiceNowInstance(ApprovalActions):
    """One instance. Its data lives as long as the object, over any number of starts and stops.

    `faults` makes trouble for coming calls; `controls` holds the access controls; `habits` says where this instance
    differs from others; `callbacks` says how callbacks go wrong (`enabled`, `delay` in seconds, `copies`). With `tls`,
    whose certificate must be loaded, it is reached by HTTPS alone.
    """

    def __init__(self, port: int = 0, clock: Clock = time.time, tls: ssl.SSLContext | None = None) -> None:
        self.habits = Habits()
        self.callbacks = CallbackHabits()
        self.faults = Faults()
        self._store = Store(clock)
        self.controls = AccessControls(Delegates(self._store).stands_in_for)
        self._accounts = Accounts(self._store)
        self._rules = BusinessRules(self._store, self.callbacks, self.habits)
        self._records = Records(self._store, self.controls, self._rules, self.habits)
        self._on_call = OnCall(self._store, self.controls, self.habits)
        api = TableApi(self._store, self.controls, self._records, self.habits, lambda: self.url)
        self._app = Application(self._accounts, api, self._on_call, self.faults)
        self._http = HttpServer(port, self._app, tls)
        for (table, element), choices in CHOICES.items():
            for sequence, (value, label) in enumerate(choices, start=1):
                row = {"name": table, "element": element, "value": value, "label": label, "sequence": str(sequence)}
                self._store.insert("sys_choice", row, "system")
        application.prepare(self._store)
        application.install(self._store)

    # Running

    def start(self) -> None:
        """Opens the port and starts the scheduler; an instance that runs goes on. Raises OSError for a taken port."""
        self._http.start()
        self._rules.start()

    def stop(self) -> None:
        """Closes the port and every connection; callers are refused until the next start, on the same port.

        Calls that a trouble held up are let go: they still commit, and nobody hears of it.
        """
        self._http.stop()
        self.faults.release()
        self._rules.stop()

    def set_clock(self, clock: Clock) -> None:
        """Another clock for the instance, in seconds since the epoch: for its dates, tokens and signatures."""
        self._store.clock = clock

    @property
    def url(self) -> str:
        """Where the instance is reached, without a slash at the end; known after the first start."""
        return self._http.url

    # People and credentials

    def add_user(  # noqa: PLR0913 - each is a column of a user
        self,
        user_name: str,
        *,
        email: str = "",
        name: str = "",
        groups: Iterable[str] = (),
        roles: Iterable[str] = (),
        password: str = "",
        active: bool = True,
        locked_out: bool = False,
        web_service_access_only: bool = False,
    ) -> str:
        """Adds a user and answers his `sys_id`. Groups are named and must be there (KeyError)."""
        flags = {"active": active, "locked_out": locked_out, "web_service_access_only": web_service_access_only}
        values = {"user_name": user_name, "email": email, "name": name or user_name}
        values |= {column: str(value).lower() for column, value in flags.items()}
        first, _, last = values["name"].rpartition(" ")
        values |= {"first_name": first, "last_name": last}
        sys_id = self._store.insert("sys_user", values, "admin")["sys_id"]
        for role in roles:
            self._accounts.add_role(user_name, role)
        for group in groups:
            self.add_member(group, user_name)
        if password:
            self._accounts.set_password(user_name, password)
        return sys_id

    def add_group(self, name: str) -> str:
        """Adds a group and answers its `sys_id`."""
        return self._store.insert("sys_user_group", {"name": name}, "admin")["sys_id"]

    def add_member(self, group: str, user_name: str) -> None:
        """Puts a user into a group; both by name. Raises KeyError where one is unknown."""
        found = self._store.find_by("sys_user_group", "name", group)
        if found is None:
            raise KeyError(f"no group {group}")
        values = {"group": found["sys_id"], "user": self._accounts.session(user_name).user_id}
        self._store.insert("sys_user_grmember", values, "admin")

    def add_role(self, user_name: str, role: str) -> None:
        """Gives a user a role."""
        self._accounts.add_role(user_name, role)

    def remove_role(self, user_name: str, role: str) -> None:
        """Takes a role from a user: what it let him see then looks as if it were not there."""
        self._accounts.remove_role(user_name, role)

    def set_password(self, user_name: str, password: str) -> None:
        """Changes a user's password; the old one is refused from now on."""
        self._accounts.set_password(user_name, password)

    def add_oauth_client(self, client_id: str, secret: str, user: str = "") -> None:
        """Adds a client for the client-credentials grant; without a user every token request is refused."""
        self._accounts.add_client(client_id, secret, user)

    def add_api_key(self, key: str, user: str) -> None:
        """Adds an API key that stands for a user."""
        self._accounts.add_key(key, user)

    def revoke_tokens(self) -> None:
        """Makes every access token worthless; the next request for one gets a new one."""
        self._accounts.revoke_tokens()

    def set_token_lifetime(self, seconds: float = TOKEN_LIFETIME) -> None:
        """How long access tokens that are given out from now on are good."""
        self._accounts.token_lifetime = seconds

    def allow(self, table: str, operation: Operation, role: str) -> None:
        """Lets a role read, create, write or delete on a table."""
        self.controls.allow(table, operation, role)

    def disallow(self, table: str, operation: Operation, role: str) -> None:
        """Takes an operation on a table from a role."""
        self.controls.disallow(table, operation, role)

    # Looking

    def rows(self, table: str) -> list[Row]:
        """All rows as they are stored, oldest first."""
        return self._store.rows(table)

    def row(self, table: str, sys_id: str) -> Row:
        """One row as it is stored. Raises KeyError where it isn't there."""
        row = self._store.find(table, sys_id)
        if row is None:
            raise KeyError(f"no {table} {sys_id}")
        return row

    def work_notes(self, sys_id: str) -> list[str]:
        """The texts of a ticket's work notes, oldest first."""
        return [entry["value"] for entry in self._store.journal(sys_id, "work_notes")]

    @property
    def calls(self) -> list[Call]:
        """The calls that were answered (or dropped) so far, in that order."""
        return list(self._app.calls)

    def reset_calls(self) -> None:
        """Forgets the calls so far."""
        self._app.calls.clear()

    def wait_for_calls(self, timeout: float = 10.0) -> bool:
        """Waits until no call is under way, even one whose caller went away; False where `timeout` seconds passed."""
        return self._app.wait(timeout)

    @property
    def outbound_calls(self) -> list[OutboundCall]:
        """The callbacks that were sent so far, in that order."""
        return list(self._rules.outbox.calls)

    @property
    def system_log(self) -> list[str]:
        """What scripts wrote into the system log."""
        return list(self._rules.outbox.log)

    # What people do

    def insert_as(self, user: str, table: str, values: Mapping[str, object]) -> str:
        """A person makes a record in the user interface; answers its `sys_id`. Raises Refused."""
        return self._records.insert(self._person(user), table, values)["sys_id"]

    def update_as(self, user: str, table: str, sys_id: str, values: Mapping[str, object]) -> Row:
        """A person edits a record in the user interface: access controls, state model and rules apply.

        Raises Refused.
        """
        return self._records.update(self._person(user), table, sys_id, values)

    def decide(self, user: str, incident: str, decision: str = "approved", reason: str = "") -> str:
        """A person's click on approve or deny: makes a decision row and answers its `sys_id`.

        The server sets who decided; the callback follows from the scheduler. Raises Refused where the person may not,
        or where the ticket stands for no access request.
        """
        return self.insert_as(user, DECISION, {"ticket": incident, "decision": decision, "reason": reason})

    def click(self, user: str, incident: str, decision: str = "approved", reason: str = "") -> str:
        """A person presses *Approve access* or *Deny access* on an incident, with a reason written into *Work notes*
        and not saved: the shipped UI action runs. Answers the decision row's `sys_id`.

        Raises Refused with what the form then says, KeyError for a user or an incident that isn't there.
        """
        form = {**self.row("incident", incident), "work_notes": reason}
        action = {"approved": "approve-access", "rejected": "deny-access"}[decision]
        result = self._rules.click(self._person(user), action, "incident", form)
        if not result.made:
            raise Refused(403, "Operation Failed", " ".join(result.errors))
        return result.made[0]

    def test_callback(self, user: str, cluster_name: str) -> str:
        """A person presses *Test callback* on a cluster's row; answers what the form then says. Raises KeyError."""
        cluster = next(row for row in self.rows(CLUSTER) if row["name"] == cluster_name)
        return " ".join(self._rules.click(self._person(user), "test-callback", CLUSTER, cluster).told)

    def auto_close(self, incident: str) -> None:
        """The instance's own job closes a resolved incident, as it does some days later: nobody's session, and closed
        by whoever resolved it."""
        with self._store.lock:
            by = self.row("incident", incident)["resolved_by"]
            values = {"state": "7", "incident_state": "7", "active": "false", "closed_by": by}
            self._store.update("incident", incident, {**values, "closed_at": self._store.now()}, "system")

    # On call

    def add_rota(self, name: str, group: str = "", active: bool = True) -> str:
        """Adds a rota, of a group by its `sys_id`; answers its `sys_id`."""
        return self._store.insert(ROTA, {"name": name, "group": group, "active": str(active).lower()}, "admin")[
            "sys_id"
        ]

    def put_on_call(  # noqa: PLR0913 - each is a column of a shift
        self,
        rota: str,
        user_name: str = "",
        order: int = 1,
        starts: str | None = None,
        ends: str | None = None,
        *,
        device: str = "",
        group: str = "",
    ) -> None:
        """Adds an entry to a rota: a user by name, or a device or an escalation group by `sys_id`.

        `order` is the escalation level, 1 first; `starts` and `ends` are UTC, `YYYY-MM-DD HH:MM:SS`, None for no
        bound. Raises KeyError for an unknown user.
        """
        user = self._accounts.session(user_name).user_id if user_name else ""
        self._on_call.shifts.append(Shift(rota, order, user, device, group, starts or "", ends or ""))

    def take_off_call(self, rota: str) -> None:
        """Removes every entry of a rota."""
        self._on_call.shifts[:] = [shift for shift in self._on_call.shifts if shift.rota != rota]

    # Tickets that justify something

    def add_change(self, number: str = "", **values: str) -> str:
        """Adds a change request; answers its `sys_id`. Columns as `tasks.add_task` takes them, which may raise."""
        return add_task(self._store, "change_request", {"number": number, **values})

    def add_request_item(self, **values: str) -> str:
        """Adds a requested item; answers its `sys_id`. Columns as `tasks.add_task` takes them, which may raise."""
        return add_task(self._store, "sc_req_item", values)

    # Below access controls and rules

    def insert_raw(self, table: str, values: Mapping[str, str]) -> str:
        """Puts a row into the database as it is given, system fields too; no rule runs. Answers its `sys_id`."""
        plain = {name: value for name, value in values.items() if not name.startswith("sys_")}
        sys_id = self._store.insert(table, plain, values.get("sys_created_by", "admin"), values.get("sys_id", ""))[
            "sys_id"
        ]
        self._store.overwrite(table, sys_id, {name: value for name, value in values.items() if name not in plain})
        return sys_id

    def update_raw(self, table: str, sys_id: str, values: Mapping[str, str]) -> None:
        """Changes a row in the database as it is given; no rule runs and nothing is counted."""
        self._store.overwrite(table, sys_id, values)

    def delete(self, table: str, sys_id: str) -> None:
        """Deletes a row, whoever may."""
        self._store.remove(table, sys_id)

    # The bridge's application

    def uninstall_application(self) -> None:
        """Takes the application out again, with its tables."""
        application.uninstall(self._store)

    def install_application(self) -> None:
        """Commits the update set, as an administrator does in the user interface; an instance starts with it."""
        application.install(self._store)

    def configure_cluster(self, cluster_name: str, callback_url: str, callback_key_base64: str) -> None:
        """Says where the callbacks of a Teleport cluster go and with which key (Base64) they are signed.

        A cluster that is there is changed.
        """
        with self._store.lock:
            values = {"name": cluster_name, "callback_url": callback_url, "instance_name": application.INSTANCE_NAME}
            cluster = self._store.find_by(CLUSTER, "name", cluster_name)
            if cluster is None:
                alias = self._store.insert("sys_alias", {"name": f"Access Bridge {cluster_name}"}, "admin")["sys_id"]
                credential = {"name": f"Access Bridge {cluster_name}", "tag": alias, "password": callback_key_base64}
                self._store.insert("discovery_credentials", credential, "admin")
                self._store.insert(CLUSTER, {**values, "key_alias": alias}, "admin")
                return
            self._store.update(CLUSTER, cluster["sys_id"], values, "admin")
            known = self._store.find_by("discovery_credentials", "tag", cluster["key_alias"])
            if known is not None:
                self._store.update("discovery_credentials", known["sys_id"], {"password": callback_key_base64}, "admin")

    @property
    def callbacks_enabled(self) -> bool:
        """Whether new decision rows make a callback."""
        return self.callbacks.enabled

    @callbacks_enabled.setter
    def callbacks_enabled(self, enabled: bool) -> None:
        self.callbacks.enabled = enabled

    @property
    def honours_client_sys_id(self) -> bool:
        """Whether a `sys_id` that a client sends on POST is used."""
        return self.habits.honours_client_sys_id

    @honours_client_sys_id.setter
    def honours_client_sys_id(self, honours: bool) -> None:
        self.habits.honours_client_sys_id = honours

    def redeliver(self, decision_sys_id: str) -> None:
        """Sends the callback of a decision row again: the same event id, signed anew."""
        row = self.row(DECISION, decision_sys_id)
        self._rules.send_decision(Session(row["sys_created_by"], row["decided_by"], frozenset()), decision_sys_id)

    def wait_for_callbacks(self, timeout: float = 10.0, decision: str = "") -> bool:
        """Waits until no vote and no callback is scheduled or under way, or none of this decision row; False where
        `timeout` seconds passed first."""
        return self._rules.wait(timeout, decision)

    def seed_demo(self) -> DemoAccounts:
        """Adds the people, groups, integration accounts and ordinary incidents of the demo."""
        return seed_demo(self)
