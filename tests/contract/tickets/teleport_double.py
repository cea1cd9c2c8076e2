"""A Teleport that shows what a test puts into it: the calls that the tickets' side makes, without a connection."""

from __future__ import annotations

from collections.abc import Callable

from access_bridge.access_request import AccessRequest
from access_bridge.teleport.convert import Cluster, User


class TeleportDouble:
    """`requests` are those that it shows; `before_answer` is called before each answer about one of them, `after_list`
    after each list of several."""

    cluster_name = "tele.example.test"
    username = "bot-access-bridge-tickets"

    def __init__(self) -> None:
        self.requests: list[AccessRequest] = []
        self.before_answer: Callable[[], None] = lambda: None
        self.after_list: Callable[[], None] = lambda: None

    def ping(self) -> Cluster:
        """Return what the cluster says about itself."""
        return Cluster(self.cluster_name, "18.0.0", "teleport.example.test:443", True)

    def access_request(self, request_id: str) -> AccessRequest | None:
        """Return a request that it shows."""
        self.before_answer()
        return next((request for request in self.requests if request.id == request_id), None)

    def access_requests(self, *, limit: int | None = None) -> tuple[AccessRequest, ...]:
        """Return the requests that it shows."""
        shown = tuple(self.requests[:limit])
        self.after_list()
        return shown

    def user(self, name: str) -> User | None:
        """Return a user whose e-mail address is alice's, where it is her name at the identity provider."""
        return User(name, (), {"email": ("alice@example.test",)}) if name == "alice-sso" else None
