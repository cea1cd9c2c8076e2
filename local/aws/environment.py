"""One execution environment of a function: a process that runs the handler under `awslambdaric`, as Lambda does."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path

from local.aws.calls import NOTING
from local.aws.lines import Lines
from local.aws.names import ACCOUNT_ID, REGION
from local.aws.runtime_api import Answer, Invocation, RuntimeApi

# Seconds. Lambda ends the init phase after 10 s, and begins it again as a part of the first call; a busy machine takes
# longer for the first one than Lambda for both.
INIT_TIMEOUT = 60.0
# Lambda gives each environment a processor of its own to start on. Here they start one after the other, else a storm of
# them would take so long that the limit ended them all.
_STARTING = threading.BoundedSemaphore(os.cpu_count() or 2)


class EnvironmentLost(Exception):
    """The environment ended, was killed, or ran out of time before it answered."""


class TimedOut(EnvironmentLost):
    """The function took longer than its timeout; Lambda ends such an environment, and so do we."""


@dataclass(frozen=True, slots=True)
class Code:
    """What is deployed as a function: its name, the folder with `app.py`, its layer, and its timeout in seconds.

    `tmp` is its /tmp, which all its environments share here; `calls` is where they note their calls of AWS's API.
    """

    name: str
    directory: Path
    layer: Path
    timeout: float
    tmp: Path
    calls: Path
    memory: int = 512

    @property
    def arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{self.name}"


class Environment:
    """Starts the process as soon as others have started; `invoke` waits until it is ready.

    Parameters
    ----------
    code
        What to run.
    variables
        The function's environment variables. Nothing of this process's own environment gets in.
    write
        Called with each line that the process writes to standard output or standard error.
    """

    def __init__(self, code: Code, variables: Mapping[str, str], write: Callable[[str], None]) -> None:
        self._code = code
        self._write = write
        _STARTING.acquire()
        self._has_started = threading.Lock()
        self._api = RuntimeApi(code.arn, self._started)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", "app.lambda_handler"],
                cwd=code.directory,
                env={**_lambda_variables(code, self._api.address), **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError:
            self._started()
            raise
        assert self._process.stdout is not None
        self._lines = Lines(self._process.stdout, write)
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return not self._ended.is_set() and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Return when the init phase is over.

        Raises
        ------
        EnvironmentLost
            The handler couldn't be imported, or took longer than Lambda allows.
        """
        ready = self._api.ready.wait(INIT_TIMEOUT)
        if self._api.init_error is not None:
            error = self._api.init_error
            self.kill()
            raise EnvironmentLost(f"{error.get('errorType')}: {error.get('errorMessage')}")
        if not ready or not self.alive:
            self.kill()
            raise EnvironmentLost(f"{self._code.name} was not ready within {INIT_TIMEOUT:.0f} s")

    def invoke(self, payload: bytes) -> Answer:
        """Hand over one event (JSON) and wait for the answer; what it wrote by then is passed on.

        Raises
        ------
        EnvironmentLost
            It ended before it answered; `TimedOut` when that was for its timeout.
        """
        self.wait_until_ready()
        invocation = Invocation(payload, self._code.timeout)
        self._api.current = invocation
        self._api.next.put(invocation)
        if not self.alive:
            self._give_up()
        try:
            answer = invocation.answer.result(self._code.timeout)
        except FutureTimeoutError:
            self.kill()
            self._write(f"Task timed out after {self._code.timeout:.2f} seconds")
            raise TimedOut(f"{self._code.name} timed out after {self._code.timeout:.0f} s") from None
        self._lines.take()
        return answer

    def handles(self, text: str) -> bool:
        """Whether the event that it is at holds this text."""
        current = self._api.current
        return current is not None and text.encode() in current.payload

    def kill(self) -> None:
        """End the process with SIGKILL and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._reader.join(2)

    def _started(self) -> None:
        """The init phase is over, in whichever way: the next one may start."""
        if self._has_started.acquire(blocking=False):
            _STARTING.release()

    def _read(self) -> None:
        self._lines.follow()
        self._process.wait()
        self._ended.set()
        self._started()
        self._give_up()
        self._api.ready.set()
        self._api.close()

    def _give_up(self) -> None:
        current = self._api.current
        if current is not None:
            with contextlib.suppress(InvalidStateError):  # it answered just before it ended
                current.answer.set_exception(EnvironmentLost(f"{self._code.name} ended before it answered"))


def _lambda_variables(code: Code, runtime_api: str) -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join((str(code.layer), str(NOTING))),
        "AWS_CALLS_FILE": str(code.calls),
        "TMPDIR": str(code.tmp),
        "LAMBDA_TASK_ROOT": str(code.directory),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": code.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(code.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{code.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "_HANDLER": "app.lambda_handler",
    }
