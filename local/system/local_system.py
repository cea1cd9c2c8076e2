"""The running system: starts everything, and is what tests, the demo and `up` hold on to."""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from boto3.dynamodb.types import TypeDeserializer

from local.aws.account import Account, Message
from local.aws.calls import AwsCall, noted_calls
from local.aws.environment import Code, EnvironmentLost
from local.aws.events import schedule_event
from local.aws.function import Function, FunctionError
from local.aws.gateway import Gateway, Route
from local.aws.output import Metric, Output
from local.aws.poller import Delivery, QueuePoller
from local.aws.resources import Resources
from local.aws.schedule import Schedule, Timer
from local.servicenow.instance import ServiceNowInstance
from local.system.configuration import Configuration
from local.system.options import Options
from local.system.settings import FUNCTIONS, Settings
from local.system.stand_ins import StandIns
from local.teleport.cluster import TeleportCluster
from local.teleport.forwarder import EventForwarder

_PROJECT = Path(__file__).resolve().parents[2]
# As in template.yaml: every so many seconds, with the input that the schedule has or the event of a plain one.
_SCHEDULES: tuple[tuple[str, float, Mapping[str, Any] | None], ...] = (
    ("teleport_events", 60.0, None),
    ("teleport_events", 300.0, {"reconcile": "run"}),
    ("servicenow_decisions", 300.0, None),
)

PATIENCE: Final = 120.0
"""Seconds to wait for what has to happen: far longer than it takes, for a machine that is busy."""

Found = TypeVar("Found")


class LocalSystem:
    """Everything that runs, as a context manager.

    `aws` holds boto3 clients; `webhook_url`, `webhook_token`, `callback_url` and `callback_key` are what the two
    callers are given; `teleport`, `servicenow` and `forwarder` are the stand-ins.

    Parameters
    ----------
    options
        How it differs from what template.yaml deploys.
    settings
        What the environment names: the stand-in of a side that it names isn't started.
    """

    def __init__(self, options: Options | None = None, settings: Settings | None = None) -> None:
        self.options = options or Options()
        self.settings = settings or Settings()
        self.aws = Account()
        self.output = Output(self.options.log_listener)
        self.log_file: Path | None = None
        self._functions: dict[str, Function] = {}
        self._tmp: dict[str, Path] = {}
        self._pollers: list[QueuePoller] = []
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.close()

    # ---- what it is made of ------------------------------------------------------------------------------------

    @property
    def teleport(self) -> TeleportCluster:
        """The Teleport stand-in. Raises LookupError where a real cluster is used."""
        return _there(self.stand_ins.teleport, "Teleport cluster")

    @property
    def servicenow(self) -> ServiceNowInstance:
        """The ServiceNow stand-in. Raises LookupError where a real instance is used."""
        return _there(self.stand_ins.servicenow, "ServiceNow instance")

    @property
    def forwarder(self) -> EventForwarder:
        """The event forwarder of the Teleport stand-in. Raises LookupError where a real cluster is used."""
        return _there(self.stand_ins.forwarder, "Teleport cluster")

    @property
    def webhook_url(self) -> str:
        """Where audit events are posted."""
        return f"{self.gateway.url}/teleport/events"

    @property
    def callback_url(self) -> str:
        """Where ServiceNow posts decisions."""
        return f"{self.gateway.url}/servicenow/decisions"

    @property
    def webhook_token(self) -> str:
        """The token for the webhook."""
        return self.configuration.webhook_token

    @property
    def callback_key(self) -> str:
        """The key for the callback's signature, Base64."""
        return self.configuration.callback_key

    # ---- what a test or a person does with it ------------------------------------------------------------------

    def tick(self, function: str) -> Any:
        """Call the function as its plain schedule does; return its answer. `teleport_events` has another one, with an
        input of its own: `invoke` it with that.

        Raises
        ------
        FunctionError
            It raised.
        EnvironmentLost
            It was killed or timed out.
        """
        return self._functions[function].invoke(schedule_event(function))

    def invoke(self, function: str, event: object) -> Any:
        """Call the function with an event of your own; return its answer. Raises what `tick` raises."""
        return self._functions[function].invoke(event)

    def kill(self, function: str, handling: str = "") -> int:
        """Kill every process of the function with SIGKILL, or those alone whose event holds this text; return how many
        there were. New ones start on demand."""
        return self._functions[function].kill(handling)

    def handles(self, text: str) -> bool:
        """Tell whether a function is at an event that holds this text."""
        return any(function.handles(text) for function in self._functions.values())

    def deliver_again(self, about: str) -> None:
        """Let each queue deliver its next message whose body holds this text once more, after it was done."""
        for poller in self._pollers:
            poller.deliver_again(about)

    def deliver_twice(self, about: str) -> None:
        """Let each queue deliver its next message whose body holds this text twice at the same time."""
        for poller in self._pollers:
            poller.deliver_twice(about)

    @contextlib.contextmanager
    def queues_held(self) -> Iterator[None]:
        """Inside, no message is taken off the queues: they fill."""
        for poller in self._pollers:
            poller.hold()
        try:
            yield
        finally:
            for poller in self._pollers:
                poller.go_on()

    def deliveries(self, group: str) -> list[Delivery]:
        """Return every delivery of the messages of a group (a request's id) so far, of both queues."""
        return [one for poller in self._pollers for one in list(poller.deliveries) if one.group == group]

    @property
    def defects(self) -> list[str]:
        """What the functions raised so far, which AWS counts as their errors: none of them should ever."""
        return [text for function in self._functions.values() for text in list(function.defects)]

    def set_environment(self, function: str, **values: str | None) -> None:
        """Set environment variables of the function (None takes one away); its next call has them."""
        self._functions[function].set_environment(**values)

    def environment(self, function: str) -> Mapping[str, str]:
        """Return the function's environment variables."""
        return self._functions[function].variables

    def files(self, function: str) -> list[Path]:
        """Return the files that the function has in its /tmp now."""
        return [path for path in self._tmp[function].rglob("*") if path.is_file()]

    def code(self, function: str) -> Code:
        """Return what is deployed as the function."""
        return self._functions[function].code

    def restart(self, function: str) -> None:
        """Let the function's next call start anew, without what it keeps in memory (rules, secrets)."""
        self._functions[function].set_environment()

    def put_secret(self, function: str, setting: str, text: str) -> None:
        """Give the secret behind a setting of the function a new current version.

        The settings are `SERVICENOW_SECRET_ARN`, `WEBHOOK_SECRET_ARN` and `CALLBACK_SECRET_ARN`. What the function has
        read before it may still keep: `restart` makes it forget.
        """
        self.configuration.put_secret(function, setting, text)

    def use_identity_file(self, function: str, text: str) -> None:
        """Let the function use this Teleport identity file, from a secret, instead of joining by IAM."""
        self.set_environment(function, **self.configuration.identity_file_variables(function, text))

    def put_parameter(self, function: str, setting: str, text: str) -> None:
        """Give the parameter behind `RULES_PARAMETER` or `EXTRA_CA_PARAMETER` a new text; `restart` makes it seen."""
        self.configuration.put_parameter(function, setting, text)

    def reset(self) -> None:
        """Take back what was changed on the running system: faults, settings, secrets, parameters, what lies in queues.

        Teleport's locks go, and its first roles, users and bots are as they were. Requests, incidents, other users and
        the ledger stay.
        """
        self.stand_ins.reset()
        changed = self.resources.restore(self._texts_at_start)
        for name, function in self._functions.items():
            if changed or dict(function.variables) != self._variables_at_start[name]:
                now = dict.fromkeys(function.variables)
                function.set_environment(**{**now, **self._variables_at_start[name]})
        self.aws.empty_queues()

    def stop_forwarding(self) -> None:
        """Let the event forwarder stand still; `settle` doesn't wait for its events then."""
        self.stand_ins.stop_forwarding()

    def start_forwarding(self) -> None:
        """Let the event forwarder go on, with what gathered meanwhile."""
        self.stand_ins.start_forwarding()

    def settle(self, timeout: float = PATIENCE) -> None:
        """Wait until every event is delivered, both queues are empty and nothing runs.

        Raises
        ------
        AssertionError
            That did not happen within `timeout` seconds; the text says what is left.
        """
        self.wait_until(self._settled, timeout=timeout, what="the system did not come to rest")

    def wait_until(
        self, condition: Callable[[], Found], *, timeout: float = PATIENCE, what: str = "it did not happen"
    ) -> Found:
        """Poll `condition` until it returns something true, and return that.

        Raises
        ------
        AssertionError
            It didn't within `timeout` seconds; the text says what lies in the queues and what was logged last.
        """
        end = time.monotonic() + timeout
        while not (found := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"{what} within {timeout:g} s\n{self.describe()}")
            time.sleep(0.02)
        return found

    def logs(self, function: str | None = None) -> list[dict[str, Any]]:
        """Return the functions' log lines so far, oldest first."""
        return self.output.logs(function)

    def metrics(self, name: str | None = None) -> list[Metric]:
        """Return the metric values that the functions wrote so far, oldest first."""
        return self.output.metrics(name)

    def aws_calls(self) -> set[AwsCall]:
        """Return the calls of AWS's API that the functions made so far, each kind once."""
        return {call for name, function in self._functions.items() for call in noted_calls(name, function.code.calls)}

    def dead_letters(self) -> list[Message]:
        """Return what lies in both dead-letter queues."""
        queues = self.aws.messages()
        return [
            message
            for queue in (self.resources.tickets, self.resources.decisions)
            for message in queues[queue.dead_letter_name]
        ]

    def ledger(self, request_id: str) -> list[dict[str, Any]]:
        """Return the ledger's items of one request, by sort key."""
        answer = self.aws.dynamodb.query(
            TableName=self.resources.ledger_table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": request_id}},
            ConsistentRead=True,
        )
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in answer["Items"]]

    def describe(self) -> str:
        """Return what lies in the queues and the last log lines, for an error's text."""
        lines = [
            f"  {name}: {message.body[:150]} ({message.receives} tries, {'waiting' if message.visible else 'held'})"
            for name, messages in self.aws.messages().items()
            for message in messages
        ]
        logged = [f"  {json.dumps(line, ensure_ascii=False)[:1500]}" for line in self.logs()[-15:]]
        return "\n".join(["messages:", *(lines or ["  none"]), "last log lines:", *(logged or ["  none"])])

    # ---- start and end -----------------------------------------------------------------------------------------

    def _start(self) -> None:
        close = self._closing.callback
        close(self.output.close)
        self.gateway = Gateway(self.options.port)
        close(self.gateway.stop)
        if self.options.log_directory:
            self.log_file = self.options.log_directory / f"functions-{self.gateway.port}.log"
            self.output.write_to(self.log_file)
        directory = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="access-bridge-")))
        close(self.aws.stop)
        aws = threading.Thread(target=self.aws.start)
        aws.start()
        self.stand_ins = StandIns(self.options, self.settings, directory / "teleport")
        close(self.stand_ins.stop)
        self.stand_ins.start()
        aws.join()
        self.resources = Resources.create(
            self.aws,
            visibility_timeout=self.options.visibility_timeout,
            max_receive_counts=[
                self.settings.functions[name].max_receive_count or self.options.max_receive_count for name in FUNCTIONS
            ],
        )
        self.configuration = Configuration(self.options, self.settings, self.resources, self.stand_ins)
        close(self.configuration.stop)
        for name in FUNCTIONS:
            self._tmp[name] = directory / f"tmp-{name}"
            self._tmp[name].mkdir()
            self._functions[name] = self._function(name)
            close(self._functions[name].stop)
            self._functions[name].start(self.options.environments)
        self._texts_at_start = self.resources.texts()
        self._variables_at_start = {name: dict(function.variables) for name, function in self._functions.items()}
        self._serve()
        self.stand_ins.connect(self)
        self.configuration.watch_cluster(lambda name: self.stand_ins.answer_to(name, self))
        for function in self._functions.values():
            function.wait_until_ready()
        self.configuration.watch()
        with contextlib.suppress(FunctionError, EnvironmentLost):  # its log says what it was, as for any other minute
            self.tick("teleport_events")  # as a new stack's first minute does, from which requests get tickets

    def _function(self, name: str) -> Function:
        code = Code(
            name=name,
            directory=_PROJECT / "functions" / name,
            layer=_PROJECT / "layers" / "bridge",
            timeout=self.options.function_timeout,
            tmp=self._tmp[name],
            calls=self._tmp[name].with_name(f"aws-calls-{name}"),
        )
        variables = {**self.aws.variables, **self.configuration.variables(name)}
        return Function(code, variables, self.output, self._nudge)

    def _serve(self) -> None:
        events, decisions = (self._functions[name] for name in FUNCTIONS)
        routes = [
            Route("POST", "/teleport/events", events),
            Route("POST", "/teleport/{recording+}", events),
            Route("POST", "/servicenow/decisions", decisions),
        ]
        for queue, function in ((self.resources.tickets, events), (self.resources.decisions, decisions)):
            poller = QueuePoller(self.aws, queue, function, self.options.queue_workers)
            self._pollers.append(poller)
            self._closing.callback(poller.stop)
            poller.start()
        self.gateway.start(routes)
        self._closing.callback(self._stop_functions)
        self._closing.callback(self.gateway.stop)
        if self.options.schedules:
            schedule = Schedule(
                Timer(name, self._functions[name], seconds, given) for name, seconds, given in _SCHEDULES
            )
            self._closing.callback(schedule.stop)
            schedule.start()

    def _stop_functions(self) -> None:
        for function in self._functions.values():
            function.stop()

    def _nudge(self) -> None:
        for poller in self._pollers:
            poller.nudge()

    def _settled(self) -> bool:
        before = self._invocations()
        if not self.stand_ins.idle() or any(function.running for function in self._functions.values()):
            return False
        queues = self.aws.messages()
        waiting = any(queues[queue.name] for queue in (self.resources.tickets, self.resources.decisions))
        return not waiting and self.stand_ins.idle() and self._invocations() == before

    def _invocations(self) -> int:
        return sum(function.invocations for function in self._functions.values())


def _there(part: Found | None, what: str) -> Found:
    if part is None:
        raise LookupError(f"This system uses a real {what}: there is no stand-in to ask.")
    return part
