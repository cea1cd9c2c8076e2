"""Approvals: asking people for them, their votes, their delegates, and what approves without a person."""

from datetime import UTC, datetime, timedelta
from typing import Final

from local.servicenow.access import Session
from local.servicenow.auth import Accounts, may_sign_in
from local.servicenow.errors import Refused
from local.servicenow.records import Records
from local.servicenow.schema import APPROVAL, DELEGATE
from local.servicenow.scripts import SYSTEM, BusinessRules
from local.servicenow.store import Row, Store

_DELEGATION: Final = timedelta(days=30)


class Delegates:
    """Who may vote for whom now.

    As the platform's own scripts ask it: `approvals` is set, and now is between `starts` and `ends`. A delegation
    without an end (or a start) is therefore none, and it doesn't cascade.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def stands_in_for(self, user_id: str) -> frozenset[str]:
        """The users, by `sys_id`, for whom a user may vote now."""
        now = self._store.now()
        return frozenset(
            row["user"]
            for row in self._store.rows(DELEGATE)
            if row["delegate"] == user_id
            and row["approvals"] == "true"
            and row["starts"] != ""
            and row["starts"] <= now <= row["ends"]
        )


class ApprovalActions:
    """The part of an instance that is about approvals."""

    _store: Store
    _accounts: Accounts
    _records: Records
    _rules: BusinessRules

    def request_approval(self, ticket: str, approver_user_name: str) -> str:
        """A flow asks a person for approval of a ticket; answers the `sys_id` of the approval row, in `requested`.

        Raises KeyError for an unknown ticket or user.
        """
        task = self._store.find("task", ticket)
        if task is None:
            raise KeyError(f"no ticket {ticket}")
        values = {"sysapproval": ticket, "source_table": task["sys_class_name"], "document_id": ticket}
        values |= {"approver": self._accounts.session(approver_user_name).user_id, "state": "requested"}
        return self._store.insert(APPROVAL, values, "system")["sys_id"]

    def vote(self, user_name: str, approval: str, state: str = "approved") -> Row:
        """A person sets the state of an approval in the user interface; answers the row.

        On a ticket that stands for an access request a decision row and its callback follow from the scheduler. Raises
        Refused for anybody but the approver, his delegate of now and administrators.
        """
        return self._records.update(self._person(user_name), APPROVAL, approval, {"state": state})

    def approve_by_system(self, approval: str, by: str = "system", state: str = "approved") -> Row:
        """Something without a person's click sets the state of an approval, past access controls; answers the row.

        `by` is what stands in `sys_updated_by`: `system` (a flow whose due date passed), `guest` (an e-mail of an
        unknown sender) or the user that a flow runs as. Raises KeyError for an unknown approval.
        """
        with self._store.lock:
            before = self._store.find(APPROVAL, approval)
            if before is None:
                raise KeyError(f"no approval {approval}")
            after = self._store.update(APPROVAL, approval, {"state": state}, by)
        user = self._store.find_by("sys_user", "user_name", by)
        session = Session(by, user["sys_id"] if user else by, frozenset())
        self._rules.after_update(session, APPROVAL, before, after)
        return after

    def repeat_vote_rule(self, approval: str) -> None:
        """Runs *Record vote* for an approval once more, as an asynchronous rule may."""
        self._rules.record_vote(SYSTEM, approval)

    def add_delegate(
        self, user: str, delegate: str, starts: str | None = None, ends: str | None = None, approvals: bool = True
    ) -> str:
        """A user (by name) records who may stand in for him; answers the row's `sys_id`.

        `starts` and `ends` are UTC, `YYYY-MM-DD HH:MM:SS`: now and in thirty days where nothing is given; an empty one
        is never fulfilled. `approvals` says whether the delegate may vote for him.
        """
        later = datetime.fromtimestamp(self._store.clock(), UTC) + _DELEGATION
        values = {
            "user": self._accounts.session(user).user_id,
            "delegate": self._accounts.session(delegate).user_id,
            "starts": self._store.now() if starts is None else starts,
            "ends": later.strftime("%Y-%m-%d %H:%M:%S") if ends is None else ends,
            "approvals": str(approvals).lower(),
        }
        return self._store.insert(DELEGATE, values, "admin")["sys_id"]

    def _person(self, user: str) -> Session:
        """The session of a person in the user interface. Raises Refused for who can't have one."""
        session = self._accounts.session(user)
        row = self._store.find("sys_user", session.user_id)
        if row is None or session.machine or not may_sign_in(row):
            raise Refused(401, "User Not Authenticated", f"{user} can't sign in to the user interface")
        return session
