"""The Teleport client: the few calls that Access Bridge makes, one connection for the length of a `with`.

An identity that is refused as the connection is made, by us or by Teleport, is replaced once, if there is another.

Failure policy: every call raises only the errors of `access_bridge.teleport.errors` and `access_bridge.errors`. Nothing
is repeated here; who calls decides. A write whose answer didn't come is `WriteOutcomeUnknown`; what fails in dialling
is not. A connection that ends without any answer is `Unavailable`: over TLS 1.3 a network failure and a refused
certificate look the same, so the text names both (an expired identity is found out before dialling).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from grpclib.client import UnaryUnaryMethod
from grpclib.exceptions import GRPCError, StreamTerminatedError
from h2.exceptions import H2Error

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport import convert, messages
from access_bridge.teleport.convert import Cluster, User
from access_bridge.teleport.discovery import Endpoint, check_version
from access_bridge.teleport.errors import (
    ADDRESS_SETTING,
    Call,
    ConnectionDropped,
    NotPermitted,
    UserMissing,
    from_status,
    lost,
)
from access_bridge.teleport.identity import Identities, Identity
from access_bridge.teleport.listing import read_list
from access_bridge.teleport.proto import teleport_pb2 as pb
from access_bridge.teleport.tls import client_context
from access_bridge.teleport.transport import HostCaUnknown, TeleportChannel, to_auth
from access_bridge.times import utc_now

_PING = "/proto.AuthService/Ping"
_LIST = "/proto.AuthService/ListAccessRequests"
_REVIEW = "/proto.AuthService/SubmitAccessReview"
_SET_STATE = "/proto.AuthService/SetAccessRequestState"
_GET_USER = "/teleport.users.v1.UsersService/GetUser"

_LONGEST_NAME = 255

_Reply = TypeVar("_Reply", bound=Message)


@contextmanager
def connect(
    identities: Identities,
    endpoint: Endpoint,
    *,
    deadline: float = 15.0,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[Teleport]:
    """Yield a client for the length of a `with`. It asks for an identity when it first needs one, dials at the first
    call, and once.

    Parameters
    ----------
    identities
        Who we are. One that has expired by `clock` (aware time) is refused before anything is dialled.
    endpoint
        What stands at `TELEPORT_ADDR`: a proxy, or an auth server. The same handshake serves both.
    deadline
        Seconds for one call, dialling included. Before the first, a proxy is asked what it is, unless that is
        remembered.

    Whatever is wrong shows at the first call, or where the identity is first needed.
    """
    with asyncio.Runner() as runner:
        teleport = Teleport(identities, endpoint, deadline=deadline, runner=runner, clock=clock)
        try:
            yield teleport
        finally:
            teleport.hang_up()


class Teleport:
    """One connection to a Teleport cluster; made by `connect`. For one thread, outside any event loop."""

    def __init__(
        self,
        identities: Identities,
        endpoint: Endpoint,
        *,
        deadline: float,
        runner: asyncio.Runner,
        clock: Callable[[], datetime],
    ) -> None:
        self._identities = identities
        self._endpoint = endpoint
        self._deadline = deadline
        self._runner = runner
        self._clock = clock
        self._identity_in_use: Identity | None = None
        self._channel: TeleportChannel | None = None
        self._cluster: Cluster | None = None

    @property
    def username(self) -> str:
        """Our own Teleport user, by the client certificate. Raises a BridgeError where no identity is to be had."""
        return self._identity().username

    @property
    def cluster_name(self) -> str:
        """The cluster, by the client certificate's issuer. Raises a BridgeError where no identity is to be had."""
        return self._identity().cluster_name

    def ping(self) -> Cluster:
        """Return what the cluster says about itself, as it was when this connection was made.

        Proves that a Teleport of the right cluster answers, and nothing about our rights: anyone gets that answer.
        """
        if self._cluster is None:
            try:
                self._cluster = self._first_ping()
            except (HostCaUnknown, NotPermitted, ConnectionDropped):
                if not self._has_another_identity():
                    raise
                self._cluster = self._first_ping()
        return self._cluster

    def _first_ping(self) -> Cluster:
        reply = self._exchange(_PING, pb.PingRequest(), pb.PingResponse)
        check_version(reply.server_version)
        return convert.cluster(reply)

    def _has_another_identity(self) -> bool:
        """Whether there is another identity than the one that was refused: it is used from now on."""
        refused = self._identity()
        self.hang_up()
        self._endpoint.forget()
        self._identities.refuse(refused)
        self._identity_in_use = None
        return self._identity().certificate_pem != refused.certificate_pem

    def access_request(self, request_id: str) -> AccessRequest | None:
        """Return the request as Teleport has it now; None when it isn't there, or isn't visible to this identity.

        Past its pending expiry a request may still be there for a minute, PENDING: look at `pending_until`.
        """
        reply = self._call(_LIST, messages.request_by_id(request_id), pb.ListAccessRequestsResponse)
        found = (convert.access_request(message) for message in reply.access_requests)
        return next((request for request in found if request.id == request_id), None)

    def access_requests(self, *, limit: int | None = None) -> tuple[AccessRequest, ...]:
        """Return all requests that this identity sees, read to the end of the list; or the first `limit` of them.

        Raises
        ------
        Unavailable
            also when the pages don't end: a list that isn't whole must not be taken for one.
        """
        return read_list(
            lambda size, key: self._call(_LIST, messages.request_page(size, key), pb.ListAccessRequestsResponse), limit
        )

    def submit_review(self, request_id: str, state: RequestState, reason: str, *, author: str = "") -> AccessRequest:
        """Cast a vote, and return the request after it: still PENDING while its thresholds aren't met.

        Its `revision` is the one before the vote (18.0.0, recorded).

        Parameters
        ----------
        state
            APPROVED or DENIED.
        reason
            Cut at 4096 bytes with a mark; what stands first is kept.
        author
            Empty: this identity reviews, which it can do once on a request. Else the Teleport user in whose own name
            it does so (servers that know `submit_for_users`; others refuse it with `NotPermitted`).

        Raises
        ------
        RequestGone, AlreadyReviewed, AlreadyResolved, ReviewRefused, InvalidRequest, NotPermitted, Unavailable
            nothing was changed.
        WriteOutcomeUnknown
            it may have been.
        """
        message = messages.review(request_id, state, reason, author)
        return convert.access_request(self._call(_REVIEW, message, pb.AccessRequest, write=True))

    def set_access_request_state(
        self,
        request_id: str,
        state: RequestState,
        reason: str,
        *,
        delegator: str,
        annotations: Mapping[str, Sequence[str]],
    ) -> None:
        """Set a request's state past all thresholds. There is no compare-and-set: read the request just before.

        Parameters
        ----------
        state
            APPROVED or DENIED. Teleport 18.0.0 overwrites APPROVED with either, without a word.
        reason
            Cut at 4096 bytes with a mark; what stands first is kept.
        delegator
            The human who decided; Teleport puts it into the audit event alone, unchecked.
        annotations
            Stay on the request (`resolve_annotations`).

        Raises as `submit_review` does.
        """
        message = messages.state_setter(request_id, state, reason, delegator, annotations)
        self._call(_SET_STATE, message, Empty, write=True)

    def user(self, name: str) -> User | None:
        """Return the user of exactly that name (case counts), or None when there is none.

        A name that holds unprintable characters, or is longer than any that ServiceNow has, is none of Teleport's and
        isn't asked for.
        """
        if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
            return None
        try:
            reply = self._call(_GET_USER, pb.GetUserRequest(name=name), pb.GetUserResponse)
        except UserMissing as error:
            # How Teleport quotes a name with quotes in it isn't known: not at all, or as Go (and JSON) does.
            shown = " ".join(name.split())  # as the text was tidied
            if name != self.username and error.quoted in (f'"{shown}"', json.dumps(shown, ensure_ascii=False)):
                return None
            raise
        return convert.user(reply.user)

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        if self._channel is not None:
            self._runner.run(self._channel.hang_up())
            self._channel = None

    # ---- the connection ----

    def _identity(self) -> Identity:
        if self._identity_in_use is None:
            self._identity_in_use = self._identities.current()
        return self._identity_in_use

    def _open(self) -> TeleportChannel:
        if self._channel is not None:
            return self._channel
        identity, address = self._identity(), self._endpoint.address
        identity.check_valid(self._clock())
        found = self._endpoint.look()
        if found.proxy and found.proxy.cluster_name != identity.cluster_name:
            raise BrokenConfiguration(
                identity.origin.setting,
                f"the identity is one of the cluster {identity.cluster_name!r}, but {address} is the proxy of "
                f"{found.proxy.cluster_name!r}.",
                f"Use an identity of that cluster, or set {ADDRESS_SETTING} to the identity's own.",
            )
        dial = to_auth(self._endpoint, found, client_context(identity), identity.origin)

        async def channel() -> TeleportChannel:  # grpclib makes one only inside the loop that it will use
            return TeleportChannel(dial)

        self._channel = self._runner.run(channel())
        return self._channel

    def _call(self, path: str, request: Message, reply_type: type[_Reply], *, write: bool = False) -> _Reply:
        self.ping()
        try:
            return self._exchange(path, request, reply_type, write=write)
        except NotPermitted:
            self._identities.not_permitted(self._identity())
            raise

    def _exchange(self, path: str, request: Message, reply_type: type[_Reply], *, write: bool = False) -> _Reply:
        method = UnaryUnaryMethod(self._open(), path, type(request), reply_type)
        identity = self._identity()
        call = Call(identity.username, write, identity.origin)

        async def exchange() -> _Reply | None:
            return await method(request, timeout=self._deadline)

        try:
            reply = self._runner.run(exchange())
        except GRPCError as error:
            raise from_status(error.status, error.message, call) from error
        except (StreamTerminatedError, OSError) as error:
            if isinstance(error, StreamTerminatedError) and self._cluster is None:
                raise ConnectionDropped(self._dropped_at_once(identity)) from error
            raise lost(self._why_lost(error), call) from error
        except (H2Error, DecodeError, AssertionError, NotImplementedError) as error:
            raise lost(f"what came is no gRPC: {type(error).__name__}", call) from error
        if reply is None:
            raise lost("it was empty", call)
        return reply

    def _why_lost(self, error: Exception) -> str:
        address = self._endpoint.address
        if isinstance(error, TimeoutError):
            return f"none within {self._deadline:g} s from {address}"
        return f"{address} dropped the connection"

    def _dropped_at_once(self, identity: Identity) -> str:
        return (
            f"{self._endpoint.address} dropped the connection: either the network did, or Teleport refused the client "
            f"certificate of {identity.username!r}. If it goes on: {identity.origin.renewal}."
        )
