"""The stand-ins that a system needs, and what the functions are told about them."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID

from local.aws.roles import AwsRole
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccount
from local.system.options import DEMO, Options
from local.system.settings import Settings
from local.teleport.cluster import TeleportCluster
from local.teleport.forwarder import EventForwarder

BOTS = {"teleport_events": "bot-access-bridge-tickets", "servicenow_decisions": "bot-access-bridge-decisions"}
JOIN_TOKENS = {"teleport_events": "access-bridge-tickets", "servicenow_decisions": "access-bridge-decisions"}


class Doors(Protocol):
    """What the callers have to know of the running system."""

    @property
    def webhook_url(self) -> str: ...
    @property
    def webhook_token(self) -> str: ...
    @property
    def callback_url(self) -> str: ...
    @property
    def callback_key(self) -> str: ...


class StandIns:
    """`teleport`, `forwarder` and `servicenow` are None where the environment names a real one.

    Parameters
    ----------
    directory
        Where the Teleport stand-in may keep files.
    """

    def __init__(self, options: Options, settings: Settings, directory: Path) -> None:
        self._options = options
        self.teleport = (
            TeleportCluster(directory, edition=options.edition, on_behalf=options.on_behalf)
            if settings.stand_in_teleport
            else None
        )
        self.servicenow = ServiceNowInstance() if settings.stand_in_servicenow else None
        self.forwarder: EventForwarder | None = None
        self._forwarding = False
        self._accounts: dict[str, DemoAccount] = {}
        self._aws_roles = {name: AwsRole.of_function(name) for name in BOTS} if self.teleport else {}
        file = "cluster.yaml" if options.edition == "ent" else "cluster-oss.yaml"
        self._cluster = (DEMO / file).read_text(encoding="utf-8")

    @property
    def teleport_addr(self) -> str:
        """The address of the Teleport stand-in's proxy; empty where there is none."""
        return self.teleport.proxy_addr if self.teleport else ""

    @property
    def servicenow_url(self) -> str:
        """Where the ServiceNow stand-in is; empty where there is none."""
        return self.servicenow.url if self.servicenow else ""

    @property
    def ca_pem(self) -> str:
        """The CA that the Teleport stand-in's proxy has its certificate from; empty where there is none."""
        return self.teleport.web_ca_pem if self.teleport else ""

    @property
    def tickets_account(self) -> str:
        """The user name of the account with which teleport_events calls the ServiceNow stand-in."""
        return self._accounts["teleport_events"].user_name

    @property
    def aws_roles(self) -> Mapping[str, AwsRole]:
        """The role of each function, by which it joins the Teleport stand-in; none where there is no stand-in."""
        return self._aws_roles

    def servicenow_secret(self, function: str) -> str:
        """Return the text of the secret with the function's ServiceNow account; empty where there is no stand-in."""
        if function not in self._accounts:
            return ""
        account = self._accounts[function]
        return json.dumps({"username": account.user_name, "password": account.password})

    def start(self) -> None:
        """Start what is needed, with the people, roles and accounts of the demo."""
        if self.servicenow:
            self.servicenow.start()
            accounts = self.servicenow.seed_demo()
            self._accounts = {"teleport_events": accounts.tickets, "servicenow_decisions": accounts.decisions}
        if self.teleport:
            self._expiry_delay = self.teleport.expiry_delay
            self.teleport.start()
            self.teleport.apply(self._cluster)
            for role in self._aws_roles.values():
                self.teleport.sts.add(role.access_key_id, role.secret_access_key, role.session_token, role.arn)

    def connect(self, doors: Doors) -> None:
        """Tell the Teleport stand-in's side where the doors are: callbacks for its cluster, and the event forwarder."""
        if self.teleport:
            self.answer_to(self.teleport.name, doors)
            url = doors.webhook_url.replace("://", f"://teleport:{doors.webhook_token}@")
            self.forwarder = EventForwarder(
                self.teleport,
                url,
                time_scale=self._options.forwarder_time_scale,
                duplicate=self._options.duplicate,
                reverse=self._options.reverse,
            )
            if self._options.forwarding:
                self.start_forwarding()

    def answer_to(self, cluster: str, doors: Doors) -> None:
        """Let the ServiceNow stand-in post decisions about this cluster's requests to our callback."""
        if self.servicenow and cluster:
            self.servicenow.configure_cluster(cluster, doors.callback_url, doors.callback_key)

    def start_forwarding(self) -> None:
        """Let the event forwarder post, from the first event on that it hasn't delivered."""
        if self.forwarder and not self._forwarding:
            self.forwarder.start()
            self._forwarding = True

    def stop_forwarding(self) -> None:
        """Let the event forwarder stand still."""
        if self.forwarder and self._forwarding:
            self.forwarder.stop()
            self._forwarding = False

    def idle(self) -> bool:
        """Whether every event is delivered and every callback sent, as far as the stand-ins mean to."""
        if self.forwarder and self._forwarding:
            try:
                self.forwarder.deliver_pending(0)
            except TimeoutError:
                return False
        return self.servicenow is None or self.servicenow.wait_for_callbacks(0)

    def reset(self) -> None:
        """Take back the disturbances that were asked for, and forward events as at the start.

        Roles, users and bots of the Teleport stand-in are then as it started with them; others stay.
        """
        if self.servicenow:
            self.servicenow.faults.clear()
            self.servicenow.callbacks.enabled, self.servicenow.callbacks.delay = True, 0.0
            self.servicenow.callbacks.copies = 1
        if self.teleport:
            self.teleport.faults.clear()
            self.teleport.expiry_delay = self._expiry_delay
            self.teleport.refuses_long_term_on_behalf = False
            self.teleport.sts.reachable = True
            self.teleport.unlock_all()
            self.teleport.apply(self._cluster)
        if self._options.forwarding:
            self.start_forwarding()
        else:
            self.stop_forwarding()

    def stop(self) -> None:
        """Stop everything."""
        self.stop_forwarding()
        if self.teleport:
            self.teleport.stop()
        if self.servicenow:
            self.servicenow.stop()


def cluster_at(addr: str, ca_pem: str) -> str:
    """Return the name of the cluster whose proxy is at an address, by its web certificate; empty where none answers."""
    context = ssl.create_default_context()
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem)
    try:
        with urllib.request.urlopen(f"https://{addr}/webapi/find", timeout=5, context=context) as answer:
            return str(json.load(answer)["cluster_name"])
    except (OSError, ValueError, LookupError):
        return ""


def cluster_of(identity: str) -> str:
    """Return the name of the cluster that issued an identity file; empty where that can't be read."""
    try:
        certificate = x509.load_pem_x509_certificate(identity.encode())
    except ValueError:
        return ""
    names = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(names[0].value) if names else ""
