"""The product's own clients of both systems, against the stand-ins, with each call a step of its invocation's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import requests
from grpclib.const import Status
from requests.adapters import HTTPAdapter

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.convert import Cluster, User
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccount
from local.teleport.cluster import TeleportCluster
from tests.contract.races.steps import Call, Fate, Invocation

T = TypeVar("T")

Seen = Callable[[Invocation, requests.PreparedRequest], None]
"""Told of each call of the Table API that reaches the instance, just before it does."""

_READS: Final = frozenset({"GET", "HEAD"})


def servicenow(instance: ServiceNowInstance, account: DemoAccount, invocation: Invocation, seen: Seen) -> ServiceNow:
    """Return a client of the instance for one invocation."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", _SteppedAdapter(instance, invocation, seen))
    return ServiceNow(instance.url, BasicCredentials(account.user_name, account.password), session=session)


class _SteppedAdapter(HTTPAdapter):
    def __init__(self, instance: ServiceNowInstance, invocation: Invocation, seen: Seen) -> None:
        super().__init__()
        self._instance = instance
        self._invocation = invocation
        self._seen = seen

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, once it is its turn."""
        call = Call("servicenow", f"{request.method} {_path(request)}", request.method not in _READS)

        def do(fate: Fate) -> requests.Response:
            self._disturb(fate)
            if fate in {Fate.DONE, Fate.UNHEARD}:
                self._seen(self._invocation, request)
            return super(_SteppedAdapter, self).send(request, *args, **kwargs)

        def effect() -> None:
            self._seen(self._invocation, request)
            with requests.Session() as session:
                session.send(request)

        return self._invocation.take(call, do, effect)

    def _disturb(self, fate: Fate) -> None:
        faults = self._instance.faults
        match fate:
            case Fate.REFUSED:
                faults.rate_limited()
            case Fate.UNSENT:
                faults.drop_before()
            case Fate.UNHEARD:
                faults.drop_after_commit()


def _path(request: requests.PreparedRequest) -> str:
    return (request.path_url or "").partition("?")[0].removeprefix("/api/now/v2/table/")


@dataclass(frozen=True, slots=True)
class SteppedTeleport:
    """One bot's connection as one invocation has it. `courier` is another one, for what arrives late."""

    cluster: TeleportCluster
    connection: Teleport
    courier: Teleport
    invocation: Invocation

    @property
    def username(self) -> str:
        """The bot's user."""
        return self.connection.username

    @property
    def cluster_name(self) -> str:
        """The cluster."""
        return self.connection.cluster_name

    def ping(self) -> Cluster:
        """What the cluster says about itself; known since the connection was made."""
        return self.connection.ping()

    def access_request(self, request_id: str) -> AccessRequest | None:
        """Read one request."""
        return self._take("ListAccessRequests", "one", lambda teleport: teleport.access_request(request_id))

    def access_requests(self, *, limit: int | None = None) -> tuple[AccessRequest, ...]:
        """Read all requests."""
        return self._take("ListAccessRequests", "all", lambda teleport: teleport.access_requests(limit=limit))

    def user(self, name: str) -> User | None:
        """Read a user."""
        return self._take("GetUser", name, lambda teleport: teleport.user(name))

    def submit_review(self, request_id: str, state: RequestState, reason: str, *, author: str = "") -> AccessRequest:
        """Cast a vote."""
        return self._take(
            "SubmitAccessReview",
            state,
            lambda teleport: teleport.submit_review(request_id, state, reason, author=author),
            writes=True,
        )

    def set_access_request_state(
        self,
        request_id: str,
        state: RequestState,
        reason: str,
        *,
        delegator: str,
        annotations: Mapping[str, Sequence[str]],
    ) -> None:
        """Set a state."""
        self._take(
            "SetAccessRequestState",
            state,
            lambda teleport: teleport.set_access_request_state(
                request_id, state, reason, delegator=delegator, annotations=annotations
            ),
            writes=True,
        )

    def as_teleport(self) -> Teleport:
        """This, as what uses it calls it."""
        return cast(Teleport, self)

    def _take(self, method: str, what: str, act: Callable[[Teleport], T], *, writes: bool = False) -> T:
        def do(fate: Fate) -> T:
            match fate:
                case Fate.REFUSED:
                    self.cluster.faults.fail(method, Status.RESOURCE_EXHAUSTED, "too many requests")
                case Fate.UNSENT:
                    self.cluster.faults.fail(method, Status.UNAVAILABLE, "connection reset by peer")
                case Fate.UNHEARD:
                    self.cluster.faults.fail(method, Status.UNAVAILABLE, "connection reset by peer", after_commit=True)
            return act(self.connection)

        return self.invocation.take(Call("teleport", f"{method} {what}", writes), do, lambda: act(self.courier))
