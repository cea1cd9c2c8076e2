"""The cluster: start it, give it resources, look into it and disturb it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from local.teleport import audit, request_service
from local.teleport.audit import AuditEvent
from local.teleport.auth_connection import AuthConnection
from local.teleport.authorities import Authorities
from local.teleport.calls import Call
from local.teleport.certificates import KeyAndCertificate, certificate_authority, client_certificate, server_certificate
from local.teleport.client import UserClient
from local.teleport.faults import Faults
from local.teleport.grpc_connection import GrpcConnection
from local.teleport.http2_web import NotFoundOverHttp2
from local.teleport.identity import (
    CertificateIdentity,
    IdentityShape,
    SshAuthorities,
    identity_text,
    subject,
    unusable_logins,
)
from local.teleport.ids import new_uuid
from local.teleport.issuing import Issuer
from local.teleport.join_service import JoinService
from local.teleport.listeners import Accept, AuthDoor, Listener, NothingServed, ProxyDoor, Served, admit
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.resources import Edition
from local.teleport.state import ClusterState, SecondFactor, StoredUser
from local.teleport.sts import Sts
from local.teleport.times import SECOND
from local.teleport.upgrade import PING_INTERVAL, Upgrades
from local.teleport.web import WebConnection, WebFacts

_AUTH_NAMES = ("teleport.cluster.local", "*.teleport.cluster.local")
_EXPIRY_LOOK = 0.05
_RECORDED_VERSION = "18.0.0"
_ON_BEHALF_VERSION = "18.11.0"  # the first of 18 that was announced with submit_for_users


class TeleportCluster:
    """A Teleport cluster on loopback: auth server and proxy with TLS routing, in a thread of its own.

    Everything but the sockets outlives `stop`: `start` again brings the same cluster back on the same ports.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what tells one cluster from another
        self,
        directory: Path | None = None,
        name: str = "tele.example.test",
        edition: Edition = "ent",
        version: str = "",
        proxy_port: int = 0,
        auth_port: int = 0,
        *,
        on_behalf: bool = False,
        second_factor: SecondFactor = "webauthn",
        joining: Literal["legacy", "new only"] = "legacy",
        fips: bool = False,
    ) -> None:
        """Makes the authorities and an empty cluster; nothing listens yet.

        `directory` holds the servers' keys (a temporary one by default). `edition` `oss` refuses reviews. `on_behalf`:
        the server is newer and knows `submit_for_users` and long-term requests, neither of which is recorded.
        `version`: what it says it is, by default 18.0.0 as recorded, or the newer one. `second_factor`: with `webauthn`
        (recorded) administrative actions of people need it; with `otp`, one-time codes, they don't. `joining`: `new
        only` is a server without the join service that was recorded; the newer one, which nobody tried, is on neither.
        `fips`: it takes AWS's FIPS endpoints alone for a join (from Teleport's source, not recorded). Ports of 0: free
        ones, kept from the first start on.
        """
        version = version or (_ON_BEHALF_VERSION if on_behalf else _RECORDED_VERSION)
        self._state = ClusterState(name, edition, version, on_behalf, second_factor, fips=fips)
        self._directory = directory or Path(mkdtemp(prefix="teleport-"))
        self._ports = [proxy_port, auth_port]
        self._authorities = Authorities(name)
        self._web_authority = certificate_authority("Example Private Web CA")
        self._ssh = SshAuthorities()
        self._issuer = Issuer(name, self._authorities, self._ssh)
        self.sts = Sts()
        """AWS's side of a join: add credentials to it, or make it unreachable."""
        self._join_service = JoinService(self._state, self._issuer, self.sts) if joining == "legacy" else None
        self._auth_tls, self._upgraded_tls = self._host_contexts()
        web = server_certificate(self._web_authority, "Example", ["localhost"], ["127.0.0.1"])
        self._web_tls = self._server_context("web", web, ["http/1.1"])
        self._web_http2_tls = self._server_context("web", web, ["h2"])
        self._public_tls = self._server_context("public", web, ["h2"])
        self._tunnel_tls = self._server_context("tunnel", web, ["teleport-reversetunnel"])
        self._connections: set[GrpcConnection] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self.faults = Faults()
        self.calls: list[Call] = []
        self.expiry_delay = 60.0
        """Seconds from a request's expiry until the expiry job tells of it and forgets it (recorded: up to 60)."""
        self.public_addr = ""
        """`host:port` at which the proxy says it is found, as a load balancer's; empty: `proxy_addr`."""
        self.upgrades_connections = True
        """Whether the proxy's web side knows the connection upgrade; one that does not is too old for it."""
        self.upgrade_ping_interval = PING_INTERVAL
        """Seconds between pings on a connection upgraded with `alpn-ping`; read at `start`."""

    # ---- on and off

    def start(self) -> None:
        """Listens. Raises OSError when a port is taken."""
        if self._thread is not None:
            raise RuntimeError("the cluster runs already")
        ready = threading.Event()
        failure: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(ready, failure), name="teleport", daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            self._thread.join()
            self._thread = None
            raise failure[0]

    def stop(self) -> None:
        """Closes the ports and every connection. What the cluster knows stays."""
        if self._thread is None or self._loop is None or self._ending is None:
            return
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> TeleportCluster:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, ready: threading.Event, failure: list[BaseException]) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            try:
                runner.run(self._serve(ready))
            except OSError as error:
                failure.append(error)
            finally:
                ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._ending = asyncio.Event()
        auth = AuthDoor(lambda: self._auth_tls, self._new_connection, lambda: WebConnection(None))
        upgrades = Upgrades(
            lambda connection: admit(connection, functools.partial(proxy.accept, upgraded=True)),
            self.upgrade_ping_interval,
        )
        proxy = ProxyDoor(
            self.name,
            auth,
            web=Served(self._web_tls, lambda: self._new_web_connection(upgrades)),
            web_http2=Served(self._web_http2_tls, NotFoundOverHttp2),
            public_grpc=Served(self._public_tls, self._new_public_connection),
            upgraded_grpc=lambda: Served(self._upgraded_tls, self._new_public_connection),
            tunnel=Served(self._tunnel_tls, NothingServed),
        )
        accepts: list[Accept] = [proxy.accept, auth.accept]
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(upgrades.close)
            for index, accept in enumerate(accepts):
                listener = Listener(self._ports[index], accept)
                stack.push_async_callback(listener.close)
                self._ports[index] = listener.port
                listener.start()
            expiry = asyncio.create_task(self._expire())
            ready.set()
            await self._ending.wait()
            expiry.cancel()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0.01)  # for the transports to close their sockets

    async def _expire(self) -> None:
        while True:
            self._state.expire(int(self.expiry_delay * SECOND))
            await asyncio.sleep(_EXPIRY_LOOK)

    def _new_connection(self) -> AuthConnection:
        return AuthConnection(
            self._state,
            self.faults,
            self.calls,
            lambda: self.public_addr or self.proxy_addr,
            self._connections,
            self._issuer,
            self._join_service,
        )

    def _new_public_connection(self) -> GrpcConnection:
        return GrpcConnection(self.faults, self.calls, self._connections, self._join_service, {})

    def _new_web_connection(self, upgrades: Upgrades) -> WebConnection:
        return WebConnection(self._web_facts(), upgrades if self.upgrades_connections else None)

    def _web_facts(self) -> WebFacts:
        state = self._state
        public_addr = self.public_addr or self.proxy_addr
        return WebFacts(
            self.name, state.version, state.edition, self._ports[0], public_addr, state.second_factor, state.fips
        )

    def _server_context(self, name: str, own: KeyAndCertificate, protocols: list[str]) -> ssl.SSLContext:
        """TLS 1.2 and newer, without session tickets, as the real servers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_text(own.key_pem + own.certificate_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
        context.set_alpn_protocols(protocols)
        context.load_cert_chain(path)
        return context

    def _host_contexts(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """The TLS settings of the auth server, and those of the proxy where it shows its host certificate."""
        names = [f"{self._state.host_id}.{self.name}", *_AUTH_NAMES]
        own = server_certificate(self._authorities.host.signer, self.name, names, ["127.0.0.1"])
        auth = self._server_context("auth", own, ["h2"])
        auth.verify_mode = ssl.CERT_OPTIONAL
        auth.load_verify_locations(cadata=self.user_ca_pem)
        return auth, self._server_context("upgraded", own, ["h2"])

    # ---- what a client needs

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self._state.name

    @property
    def host_id(self) -> str:
        """The auth host's UUID: `<host id>.<cluster>` is who `tctl` acts as there, and its one node's name."""
        return self._state.host_id

    @property
    def proxy_addr(self) -> str:
        """`localhost:PORT` of the proxy, once started."""
        return f"localhost:{self._ports[0]}"

    @property
    def auth_addr(self) -> str:
        """`127.0.0.1:PORT` of the auth server, once started."""
        return f"127.0.0.1:{self._ports[1]}"

    @property
    def web_ca_pem(self) -> str:
        """The private CA that signed the proxy's web certificate."""
        return self._web_authority.certificate_pem

    @property
    def host_ca_pem(self) -> str:
        """The Host CA: what a client has to trust for gRPC. Within a rotation the new one, then the old one."""
        return "".join(self._authorities.host.certificates)

    @property
    def user_ca_pem(self) -> str:
        """The User CA, which no client should load: OpenSSL then sends two certificates. In a rotation, both."""
        return "".join(self._authorities.user.certificates)

    def identity_file(
        self,
        user: str,
        *,
        ttl: timedelta = timedelta(hours=1),
        shape: IdentityShape = "tctl",
        roles: tuple[str, ...] | None = None,
    ) -> str:
        """The text of an identity file for a user; a negative `ttl` makes one that has expired.

        `tctl`: as `tctl auth sign` on the auth host writes it. `tbot`: a bot's, without the SSH certificate; its user
        is `bot-<name>`. `tsh`: a person's own, of `tsh login --out` (not recorded: as `tctl`, without impersonator).
        `roles`: those in the certificate, by default the user's own, or for a bot's user the bot's.
        """
        with self._state.mutex:
            known = self._state.user(user)
            bot = self._state.bots.get(known.bot_name) if known else None
        if known is None:
            raise ValueError(f'no user "{user}": apply() it first')
        if roles is None:
            roles = bot.roles if bot else known.roles
        if shape == "tbot":
            holder = CertificateIdentity(
                user,
                roles,
                impersonator=user,
                bot_name=bot.name if bot else user,
                bot_instance=new_uuid(),
                join_attributes='{"meta":{"join_method":"token"}}',
            )
        else:
            holder = CertificateIdentity(user, roles, impersonator=self._state.admin.user if shape == "tctl" else "")
        logins = unusable_logins()
        traits = {key: list(values) for key, values in known.traits.items()}
        own = client_certificate(self._authorities.user.signer, subject(self.name, holder, logins, traits), ttl)
        end = datetime.now(UTC) + ttl
        ssh = "" if shape == "tbot" else self._ssh.user_certificate(own.key.public_key(), user, logins, end)
        return identity_text(own, self.host_ca_pem, self._ssh.known_host(self.name), ssh)

    # ---- what is in it

    def apply(self, text: str) -> None:
        """Creates or replaces roles, users, bots and tokens from YAML. Raises ValueError for anything else."""
        self._state.apply(text)

    @property
    def users(self) -> Mapping[str, StoredUser]:
        """The users by name, as they are now; one with `metadata.expires` is gone after it."""
        with self._state.mutex:
            return self._state.present_users()

    @property
    def requests(self) -> Mapping[str, pb.AccessRequestV3]:
        """The access requests by id, as they are now. Look, don't change."""
        return self._state.store.view

    @property
    def audit_log(self) -> list[AuditEvent]:
        """The audit events so far, in order."""
        return self._state.audit_log

    def wait_for_event(self, count: int, timeout: float) -> bool:
        """Waits until the audit log holds at least `count` events; False if it does not within `timeout` seconds."""
        with self._state.appended:
            return self._state.appended.wait_for(lambda: len(self._state.audit_log) >= count, timeout)

    # ---- people and the administrator

    def as_user(self, user: str) -> UserClient:
        """A client in this process that acts as this user, under all the rules that hold for him."""
        return UserClient(self._state, user)

    def tctl_create(self, user: str, roles: list[str], reason: str = "") -> str:
        """`tctl requests create` on the auth host: a request for somebody. The new id."""
        asked = pb.AccessRequestV3()
        asked.Spec.User, asked.Spec.RequestReason = user, reason
        asked.Spec.Roles.extend(roles)
        with self._state.mutex:
            return request_service.create(self._state, self._state.admin, asked).Metadata.Name

    def tctl_approve(
        self, request_id: str, *, reason: str = "", delegator: str = "", roles: list[str] | None = None
    ) -> None:
        """`tctl requests approve` on the auth host. `roles` grants fewer than were asked for."""
        self._tctl_set(request_id, pb.APPROVED, reason, delegator, roles or [])

    def tctl_deny(self, request_id: str, *, reason: str = "", delegator: str = "") -> None:
        """`tctl requests deny` on the auth host."""
        self._tctl_set(request_id, pb.DENIED, reason, delegator, [])

    def tctl_rm(self, request_id: str) -> None:
        """`tctl requests rm` on the auth host."""
        with self._state.mutex:
            request_service.delete(self._state, self._state.admin, request_id)

    def _tctl_set(self, request_id: str, state: pb.RequestState, reason: str, delegator: str, roles: list[str]) -> None:
        setter = pb.RequestStateSetter(ID=request_id, State=state, Reason=reason, Delegator=delegator, Roles=roles)
        with self._state.mutex:
            request_service.set_state(self._state, self._state.admin, setter)

    # ---- disturbing it

    def lock(self, user: str) -> None:
        """Locks a user: his next call is refused."""
        with self._state.mutex:
            self._state.locked.add(user)
            self._state.emit(audit.lock_created(self.name, new_uuid(), user, self._state.admin.user))

    def unlock(self, user: str) -> None:
        """Takes the lock away."""
        with self._state.mutex:
            self._state.locked.discard(user)

    def unlock_all(self) -> None:
        """Takes every lock away."""
        with self._state.mutex:
            self._state.locked.clear()

    @property
    def refuses_long_term_on_behalf(self) -> bool:
        """Whether a review in another user's name is refused on a long-term request; settable.

        Teleport's Slack plugin holds such reviews back itself. Whether the server refuses them too is unverified: by
        default it takes them, so that nothing may rely on a refusal. The text of the refusal is unverified as well.
        """
        return self._state.refuses_long_term_on_behalf

    @refuses_long_term_on_behalf.setter
    def refuses_long_term_on_behalf(self, refuses: bool) -> None:
        self._state.refuses_long_term_on_behalf = refuses

    def remove_user(self, user: str) -> None:
        """Deletes a user. Certificates made for him stay valid, and every call with one is refused."""
        with self._state.mutex:
            self._state.users.pop(user, None)

    def remove_token(self, name: str) -> None:
        """Deletes a join token: who joins by it from now on is refused. Certificates made by then stay valid."""
        with self._state.mutex:
            self._state.tokens.pop(name, None)

    def mix_up_challenges(self) -> None:
        """From now on each join is held against another challenge than the one that the client was given."""
        assert self._join_service is not None
        self._join_service.mixes_up_challenges = True

    def show_web_certificate_inside_upgrades(self) -> None:
        """From now on who joins through an upgraded connection meets a certificate that is none of the cluster's."""
        self._upgraded_tls = self._public_tls

    def rotate_host_authority(self, *, keep_old: bool) -> None:
        """A new Host CA signs the servers' certificates at once, for connections from now on.

        `keep_old`: within a rotation, where a join hands out both; else the rotation is over and the old one is gone.
        """
        with self._state.mutex:
            self._authorities.host.rotate(keep_old=keep_old)
            self._auth_tls, self._upgraded_tls = self._host_contexts()

    def rotate_user_authority(self, *, keep_old: bool) -> None:
        """A new User CA signs the clients' certificates at once.

        `keep_old`: within a rotation, where those that the old one signed are accepted too; else they no longer are.
        """
        with self._state.mutex:
            self._authorities.user.rotate(keep_old=keep_old)
            self._auth_tls, self._upgraded_tls = self._host_contexts()

    def remove_request(self, request_id: str) -> None:
        """Forgets a request without an audit event, as servers before the expiry job did."""
        with self._state.mutex:
            self._state.store.remove(request_id)

    @contextlib.contextmanager
    def stale_lists(self) -> Iterator[None]:
        """Inside, lists show what there was at the beginning; reading by id stays exact.

        Lists come from a cache: a request made some ten milliseconds before was missing in them (recorded).
        """
        with self._state.mutex:
            self._state.store.freeze_lists()
        try:
            yield
        finally:
            with self._state.mutex:
                self._state.store.thaw_lists()
