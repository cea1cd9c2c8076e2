"""The SQS event source: takes one message at a time off a queue, calls the function, deletes what it is done with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from local.aws.account import Account
from local.aws.environment import EnvironmentLost
from local.aws.events import kept_messages, sqs_event
from local.aws.function import Function, FunctionError
from local.aws.resources import Queue

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_PAUSE = 0.1  # seconds between two looks at an empty queue; a nudge cuts it short


class QueuePoller:
    """Serves one queue with `workers` messages under way at most, each of another group.

    It never touches a message's visibility: what the function keeps, and what it was killed over, comes back when its
    time has passed.
    """

    def __init__(self, account: Account, queue: Queue, function: Function, workers: int) -> None:
        self._sqs = account.sqs
        self._queue = queue
        self._function = function
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix=f"{queue.name}-worker")
        self._slots = threading.Semaphore(workers)
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"{queue.name}-poller")

    def start(self) -> None:
        """Begin to serve the queue."""
        self._thread.start()

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
            message = None if self._stopped.is_set() else self._receive()
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
            answer = self._function.invoke(sqs_event(message, self._queue.arn))
            if not kept_messages(answer, [message["MessageId"]]):
                self._sqs.delete_message(QueueUrl=self._queue.url, ReceiptHandle=message["ReceiptHandle"])
        except (FunctionError, EnvironmentLost):
            pass  # the function's own log says what it was; the message stays, as with Lambda
        finally:
            self._slots.release()
            self._woken.set()
