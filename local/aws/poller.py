"""The SQS event source: takes one message at a time off a queue, calls the function, deletes what it is done with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from local.aws.account import Account
from local.aws.environment import EnvironmentLost
from local.aws.events import kept_messages, sqs_event
from local.aws.function import Function, FunctionError
from local.aws.resources import Queue

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_PAUSE = 0.1  # seconds between two looks at an empty queue; a nudge cuts it short


End = Literal["done", "kept", "raised", "lost"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a message: how often it has been received by then, and what came of it. `lost`: the function was
    killed over it, or ran out of time."""

    queue: str
    group: str
    receives: int
    end: End


class QueuePoller:
    """Serves one queue with `workers` messages under way at most, each of another group.

    It never touches a message's visibility: what the function keeps, and what it was killed over, comes back when its
    time has passed. `deliveries` are those so far.
    """

    def __init__(self, account: Account, queue: Queue, function: Function, workers: int) -> None:
        self.deliveries: list[Delivery] = []
        self._repeated: set[str] = set()
        self._doubled: set[str] = set()
        self._sqs = account.sqs
        self._queue = queue
        self._function = function
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix=f"{queue.name}-worker")
        self._slots = threading.Semaphore(workers)
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._held = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"{queue.name}-poller")

    def start(self) -> None:
        """Begin to serve the queue."""
        self._thread.start()

    def deliver_again(self, about: str) -> None:
        """Deliver the next message whose body holds this text once more, after it was done."""
        self._repeated.add(about)

    def deliver_twice(self, about: str) -> None:
        """Deliver the next message whose body holds this text to two environments at the same time, as SQS would if
        its visibility were over while the first still works."""
        self._doubled.add(about)

    def hold(self) -> None:
        """Take no more messages until `go_on`, as a disabled event source."""
        self._held.set()

    def go_on(self) -> None:
        """Take messages again."""
        self._held.clear()
        self.nudge()

    def nudge(self) -> None:
        """Look at the queue now: something may have been sent."""
        self._woken.set()

    def stop(self) -> None:
        """Take no more messages; what is under way is left to its end."""
        self._stopped.set()
        self._woken.set()
        self._thread.join()
        self._workers.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._slots.acquire()
            self._woken.clear()
            message = None if self._stopped.is_set() or self._held.is_set() else self._receive()
            if message is None:
                self._slots.release()
                self._woken.wait(_PAUSE)
            else:
                self._workers.submit(self._work, message)

    def _receive(self) -> MessageTypeDef | None:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=1,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return next(iter(answer.get("Messages", [])), None)

    def _work(self, message: MessageTypeDef) -> None:
        try:
            if _taken(self._doubled, message["Body"]):
                again = {**message["Attributes"], "ApproximateReceiveCount": "2"}
                twin: MessageTypeDef = {**message, "Attributes": again}
                threading.Thread(target=self._call, args=(twin,), daemon=True).start()
            if self._call(message) == "done":
                self._remove(message)
        finally:
            self._slots.release()
            self._woken.set()

    def _call(self, message: MessageTypeDef) -> End:
        end: End = "lost"
        try:
            answer = self._function.invoke(sqs_event(message, self._queue.arn))
            end = "kept" if kept_messages(answer, [message["MessageId"]]) else "done"
        except FunctionError:
            end = "raised"  # the function's own log says what it was; the message stays, as with Lambda
        except EnvironmentLost:
            pass
        attributes = message["Attributes"]
        receives = int(attributes["ApproximateReceiveCount"])
        self.deliveries.append(Delivery(self._queue.name, attributes["MessageGroupId"], receives, end))
        return end

    def _remove(self, message: MessageTypeDef) -> None:
        if _taken(self._repeated, message["Body"]):
            # The deletion was lost, and the visibility timeout has passed.
            self._sqs.change_message_visibility(
                QueueUrl=self._queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        else:
            self._sqs.delete_message(QueueUrl=self._queue.url, ReceiptHandle=message["ReceiptHandle"])


def _taken(asked: set[str], body: str) -> bool:
    """Whether something was asked for this message; it is for one message only."""
    found = {about for about in asked if about in body}
    asked -= found
    return bool(found)
