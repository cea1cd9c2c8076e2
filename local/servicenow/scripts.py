"""The instance's scripted business rules: which there are, and the scheduler that runs the asynchronous ones."""

import hashlib
import queue
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Final

import dukpy

from local.servicenow.access import Session
from local.servicenow.errors import rule_abort
from local.servicenow.glide import Outbox, ScriptEngine
from local.servicenow.schema import DECISION
from local.servicenow.store import Row, Store

_STOP: Final = None


@dataclass(frozen=True, slots=True)
class _Job:
    session: Session
    sys_id: str


@dataclass(slots=True)
class CallbackHabits:
    """How callbacks go wrong: not sent at all, sent later (seconds), or sent more than once."""

    enabled: bool = True
    delay: float = 0.0
    copies: int = 1


class BusinessRules:
    """Runs *Fill decision* within the insert and *Send decision* afterwards, in a thread of the scheduler's own."""

    def __init__(self, store: Store, habits: CallbackHabits) -> None:
        self.outbox = Outbox()
        self._store = store
        self._engine = ScriptEngine(store, self.outbox)
        self._habits = habits
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._halt = threading.Event()
        self._idle = threading.Condition()
        self._open: Counter[str] = Counter()

    def before_insert(self, session: Session, table: str, row: Row) -> Row:
        """Answers the row as the rule leaves it. Raises Refused (403) where the rule aborts the insert."""
        if table != DECISION:
            return row
        result = self._engine.run(session, "fill-decision", table, row)
        if result.aborted:
            raise rule_abort(table, "Fill decision", hashlib.md5(b"Fill decision").hexdigest())
        return {**row, **result.changes}

    def after_insert(self, session: Session, table: str, row: Row) -> None:
        """Schedules the callback of a decision row that was committed."""
        if table == DECISION and self._habits.enabled:
            self.schedule(session, row["sys_id"])

    def schedule(self, session: Session, sys_id: str) -> None:
        """Schedules the callback of a decision row, whatever the habits say about new ones."""
        with self._idle:
            self._open[sys_id] += 1
        self._jobs.put(_Job(session, sys_id))

    def wait(self, timeout: float) -> bool:
        """Waits until nothing is scheduled or running; False where `timeout` seconds passed first."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._open, timeout)

    def start(self) -> None:
        """Starts the scheduler; what was scheduled while it stood still is run now."""
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

    def _run(self) -> None:
        while not self._halt.is_set():
            job = self._jobs.get()
            if job is _STOP:
                continue
            if self._habits.delay and self._halt.wait(self._habits.delay):
                self._jobs.put(job)
                continue
            try:
                self._send(job)
            finally:
                with self._idle:
                    self._open -= Counter([job.sys_id])
                    self._idle.notify_all()

    def _send(self, job: _Job) -> None:
        for _ in range(self._habits.copies):
            row = self._store.find(DECISION, job.sys_id)
            if row is not None:
                try:
                    self._engine.run(job.session, "send-decision", DECISION, row)
                except dukpy.JSRuntimeError as error:
                    self.outbox.log.append(f"error: business rule Send decision: {error}")
