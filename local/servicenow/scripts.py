"""The instance's scripted business rules: which there are, and the scheduler that runs the asynchronous ones."""

import hashlib
import queue
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Final

import dukpy

from local.servicenow.access import Session
from local.servicenow.errors import Refused, rule_abort
from local.servicenow.glide import ClickResult, Outbox, ScriptEngine
from local.servicenow.records import Habits
from local.servicenow.schema import APPROVAL, CLUSTER, DECISION
from local.servicenow.store import Row, Store

_STOP: Final = None
# Who works where nobody has a session; no row of sys_user (`gs.getUserID()` answers `system` then).
SYSTEM: Final = Session("system", "system", frozenset())


@dataclass(frozen=True, slots=True)
class _AsyncRule:
    name: str
    script: str
    table: str


_RECORD_VOTE: Final = _AsyncRule("Record vote", "record-vote", APPROVAL)
_SEND_DECISION: Final = _AsyncRule("Send decision", "send-decision", DECISION)
# Table -> the rule's name and script.
_BEFORE_INSERT: Final = {
    DECISION: ("Fill decision", "fill-decision"),
    CLUSTER: ("Name instance", "name-instance"),
}


@dataclass(frozen=True, slots=True)
class _Job:
    rule: _AsyncRule
    session: Session
    sys_id: str


@dataclass(slots=True)
class CallbackHabits:
    """How callbacks go wrong: not sent at all, sent later (seconds), or sent more than once; and whether `execute()`
    throws where nothing answers, or has the status 0."""

    enabled: bool = True
    delay: float = 0.0
    copies: int = 1
    throws: bool = True


class BusinessRules:
    """Runs *Fill decision* and *Name instance* within the insert, *Record vote* and *Send decision* in the scheduler's
    own thread, and the UI actions when a person clicks."""

    def __init__(self, store: Store, callbacks: CallbackHabits, habits: Habits) -> None:
        self.outbox = Outbox()
        self._store = store
        self._engine = ScriptEngine(store, self.outbox, self._insert_by_script, lambda: callbacks.throws)
        self._callbacks = callbacks
        self._habits = habits
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._halt = threading.Event()
        self._idle = threading.Condition()
        self._open: Counter[str] = Counter()

    def before_insert(self, session: Session, table: str, row: Row) -> Row:
        """Answers the row as the rule leaves it. Raises Refused (403) where the rule aborts the insert."""
        if table not in _BEFORE_INSERT:
            return row
        name, script = _BEFORE_INSERT[table]
        result = self._engine.run(session, script, table, row)
        if result.aborted:
            raise rule_abort(table, name, hashlib.md5(name.encode()).hexdigest())
        return {**row, **result.changes}

    def after_insert(self, session: Session, table: str, row: Row) -> None:
        """Schedules the callback of a decision row that was committed."""
        if table == DECISION and self._callbacks.enabled:
            self.send_decision(session, row["sys_id"])

    def after_update(self, session: Session, table: str, before: Row, after: Row) -> None:
        """Schedules *Record vote* where its filter condition holds: `state` became approved or rejected, on an
        approval of a ticket whose `correlation_display` starts with `Teleport`."""
        if table != APPROVAL or after["state"] == before["state"] or after["state"] not in ("approved", "rejected"):
            return
        ticket = self._store.find("task", after["sysapproval"])
        if ticket is not None and ticket["correlation_display"].startswith("Teleport"):
            self.record_vote(session, after["sys_id"])

    def send_decision(self, session: Session, decision: str) -> None:
        """Schedules the callback of a decision row, whatever the habits say about new ones."""
        self._schedule(_Job(_SEND_DECISION, session, decision))

    def record_vote(self, session: Session, approval: str) -> None:
        """Schedules *Record vote* for an approval row; the condition isn't tested again."""
        self._schedule(_Job(_RECORD_VOTE, session, approval))

    def click(self, session: Session, action: str, table: str, row: Row) -> ClickResult:
        """A person's click on a UI action (the name of its script) of a record as his form shows it."""
        return self._engine.click(session, action, table, row)

    def wait(self, timeout: float, sys_id: str = "") -> bool:
        """Waits until nothing is scheduled or running, or nothing for this row; False where `timeout` seconds passed
        first."""
        with self._idle:
            return self._idle.wait_for(lambda: not (self._open[sys_id] if sys_id else self._open), timeout)

    def start(self) -> None:
        """Starts the scheduler, where it isn't running; what was scheduled while it stood still is run now."""
        if self._thread is not None:
            return
        self._halt.clear()
        self._thread = threading.Thread(target=self._run, name="servicenow-scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops the scheduler after the job that it is at; what is still scheduled waits for the next start."""
        if self._thread is not None:
            self._halt.set()
            self._jobs.put(_STOP)
            self._thread.join(timeout=15)
            self._thread = None

    def _schedule(self, job: _Job) -> None:
        with self._idle:
            self._open[job.sys_id] += 1
        self._jobs.put(job)

    def _run(self) -> None:
        while not self._halt.is_set():
            job = self._jobs.get()
            if job is _STOP:
                continue
            callback = job.rule is _SEND_DECISION
            if callback and self._callbacks.delay and self._halt.wait(self._callbacks.delay):
                self._jobs.put(job)
                continue
            try:
                for _ in range(self._callbacks.copies if callback else 1):
                    self._run_rule(job)
            finally:
                with self._idle:
                    self._open -= Counter([job.sys_id])
                    self._idle.notify_all()

    def _run_rule(self, job: _Job) -> None:
        # The row as it is now, not as it was when the rule was scheduled.
        row = self._store.find(job.rule.table, job.sys_id)
        if row is None:
            return
        try:
            self._engine.run(self._session_of(job), job.rule.script, job.rule.table, row)
        except dukpy.JSRuntimeError as error:
            self.outbox.log.append(f"error: business rule {job.rule.name}: {error}")

    def _session_of(self, job: _Job) -> Session:
        return SYSTEM if self._habits.async_user == "system" else job.session

    def _insert_by_script(self, session: Session, table: str, values: Row) -> str | None:
        """A script's GlideRecord.insert: rules run, access controls don't. None where a rule aborts it."""
        with self._store.lock:
            try:
                row = self.before_insert(session, table, {**self._store.blank(table), **values})
            except Refused:
                return None
            plain = {name: value for name, value in row.items() if not name.startswith("sys_")}
            stored = self._store.insert(table, plain, session.user_name)
        self.after_insert(session, table, stored)
        return stored["sys_id"]
