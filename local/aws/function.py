"""A function: its settings and a pool of execution environments that grows with demand, as Lambda's does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from local.aws.environment import Code, Environment, EnvironmentLost
from local.aws.output import Output
from local.aws.runtime_api import Answer


class FunctionError(Exception):
    """The function raised. `error_type` and `message` are what Lambda would report."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message


class Function:
    """One deployed function.

    Parameters
    ----------
    code
        What it runs.
    variables
        Its environment variables.
    output
        Where its lines go.
    after_invoke
        Called after each invocation, whatever came of it.
    """

    def __init__(
        self, code: Code, variables: Mapping[str, str], output: Output, after_invoke: Callable[[], None]
    ) -> None:
        self.code = code
        self._variables = dict(variables)
        self._output = output
        self._after_invoke = after_invoke
        self._lock = threading.Lock()
        self._idle: list[Environment] = []
        self._busy: set[Environment] = set()
        self._retired: set[Environment] = set()
        self._under_way: dict[int, bytes] = {}
        self._invocations = 0
        self._stopped = False
        self.defects: list[str] = []
        """What it raised so far: AWS counts these as errors of the function."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that new environments get."""
        return dict(self._variables)

    @property
    def running(self) -> int:
        """How many invocations are under way."""
        with self._lock:
            return len(self._under_way)

    def handles(self, text: str) -> bool:
        """Whether an invocation is under way whose event holds this text."""
        with self._lock:
            return any(text.encode() in payload for payload in self._under_way.values())

    @property
    def invocations(self) -> int:
        """How many invocations there have been."""
        with self._lock:
            return self._invocations

    def start(self, environments: int = 1) -> None:
        """Start so many environments, so that the first events needn't wait for them."""
        for _ in range(environments):
            environment = self._new_environment()
            with self._lock:
                self._idle.append(environment)

    def wait_until_ready(self) -> None:
        """Wait for the environments that `start` made.

        Raises
        ------
        EnvironmentLost
            The handler couldn't be imported.
        """
        with self._lock:
            environments = list(self._idle)
        for environment in environments:
            environment.wait_until_ready()

    def invoke(self, event: object) -> Any:
        """Call the function with `event` and return its answer.

        Raises
        ------
        FunctionError
            It raised.
        EnvironmentLost
            It was killed or timed out.
        """
        payload = json.dumps(event).encode()
        with self._lock:
            self._invocations += 1
            number = self._invocations
            self._under_way[number] = payload
        try:
            answer = self._answer(payload)
        finally:
            with self._lock:
                del self._under_way[number]
            self._after_invoke()
        if answer.failed:
            document = answer.document if isinstance(answer.document, dict) else {}
            error = FunctionError(str(document.get("errorType", "Error")), str(document.get("errorMessage", "")))
            self.defects.append(str(error))
            raise error
        return answer.document

    def set_environment(self, **values: str | None) -> None:
        """Set environment variables (None takes one away). Environments with the old ones end when they are idle."""
        with self._lock:
            changed = {**self._variables, **values}
            self._variables = {name: value for name, value in changed.items() if value is not None}
            idle, self._idle = self._idle, []
            self._retired |= self._busy
        for environment in idle:
            environment.kill()

    def kill(self, handling: str = "") -> int:
        """Kill every environment, whatever it is doing (SIGKILL), or those alone whose event holds this text; return
        how many there were."""
        with self._lock:
            environments = [*self._idle, *self._busy]
            if handling:
                environments = [one for one in self._busy if one.handles(handling)]
            else:
                self._idle = []
        for environment in environments:
            environment.kill()
        return len(environments)

    def stop(self) -> None:
        """Kill every environment and start no more: further calls raise `EnvironmentLost`."""
        with self._lock:
            self._stopped = True
        self.kill()

    def _answer(self, payload: bytes) -> Answer:
        environment = self._take()
        try:
            return environment.invoke(payload)
        finally:
            self._give_back(environment)

    def _take(self) -> Environment:
        with self._lock:
            if self._stopped:
                raise EnvironmentLost(f"{self.code.name} was stopped")
            while self._idle:
                environment = self._idle.pop()
                if environment.alive:
                    self._busy.add(environment)
                    return environment
            variables = self._variables
        environment = self._new_environment()  # may take its time, and nobody else is to wait for that
        with self._lock:
            if self._variables is not variables:
                self._retired.add(environment)
            self._busy.add(environment)
            stopped = self._stopped
        if stopped:
            environment.kill()
        return environment

    def _give_back(self, environment: Environment) -> None:
        with self._lock:
            self._busy.discard(environment)
            retired = environment in self._retired
            self._retired.discard(environment)
            if not retired and environment.alive:
                self._idle.append(environment)
        if retired:
            environment.kill()

    def _new_environment(self) -> Environment:
        return Environment(self.code, self._variables, lambda line: self._output.add(self.code.name, line))
