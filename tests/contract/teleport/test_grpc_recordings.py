"""The stand-in answers each call that was put to a real Teleport 18.0.0 as that one did."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.timestamp_pb2 import Timestamp
from grpclib.client import Channel

from local.teleport.cluster import TeleportCluster
from local.teleport.identity import IdentityShape
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.times import now_ns, timestamp
from tests.contract.teleport.wire import METHODS, Answer, ask, call, client_context, open_channel

RECORDINGS = Path(__file__).parents[2] / "recordings"
RECORDED_HOST = "ca48428a-c6e5-4e63-946d-bdc7446fe17b"
FIRST_REQUEST = "01a20645-1700-710f-912d-cd7494dd7fa3"
SKIPPED = {"plugin data": "GetPluginData is not served: the product keeps nothing there"}
LIST = "/proto.AuthService/ListAccessRequests"
MUST_EXPIRE = "create, pending expiry 31 s"


def recorded_calls(edition: str) -> list[dict[str, Any]]:
    """The calls in the order in which they were made: a request that was made, and what was asked after that."""
    lines = (RECORDINGS / "grpc.jsonl").read_text(encoding="utf-8").splitlines()
    made, timed = "", list[tuple[str, dict[str, Any]]]()
    for one in map(json.loads, lines):
        if one["edition"] == edition and one["name"] not in SKIPPED:
            if one["path"].endswith("/CreateAccessRequestV2"):
                made = one["response"]["Spec"]["Created"]
            timed.append((made, one))
    return [one for _, one in sorted(timed, key=lambda pair: pair[0])]


def resource(name: str) -> str:
    return (RECORDINGS / "resources" / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.fixture
def enterprise(tmp_path: Path) -> Iterator[TeleportCluster]:
    cluster = TeleportCluster(directory=tmp_path)
    cluster.apply(resource("roles"))
    cluster.apply(resource("bots"))
    with cluster:
        yield cluster


@pytest.fixture
def open_source(tmp_path: Path) -> Iterator[TeleportCluster]:
    cluster = TeleportCluster(directory=tmp_path, edition="oss")
    cluster.apply(resource("oss"))
    with cluster:
        yield cluster


class Replay:
    """Puts recorded calls to the cluster, with the cluster's own ids and times, and collects what differs."""

    def __init__(self, cluster: TeleportCluster) -> None:
        self.cluster = cluster
        self.ids = {RECORDED_HOST: cluster.host_id}
        self.differences: list[str] = []
        self._channels: dict[str, Channel] = {}
        self._next_key = ""
        self._stale = ExitStack()
        self._steps: dict[str, list[Callable[[], None]]] = {}

    def before(self, name: str, step: Callable[[], None]) -> None:
        """Does something just before the first call of this name."""
        self._steps.setdefault(name, []).append(step)

    def stale_lists_from(self, name: str, until: str) -> None:
        """From the first call of one name to the first of another, lists don't see what is new."""
        manager: AbstractContextManager[None] = self.cluster.stale_lists()
        self.before(name, lambda: self._stale.enter_context(manager))
        self.before(until, self._stale.close)

    async def run(self, calls: list[dict[str, Any]]) -> None:
        for recorded in calls:
            for step in self._steps.pop(recorded["name"], []):
                step()
            if recorded["name"] == "just expired: read":
                await self._until_expired()
            got = await self._ask(recorded)
            expected = self._expected(recorded)
            if expected != got:
                self.differences.append(f"{recorded['name']}\n  recorded {expected}\n  answered {got}")
        for channel in self._channels.values():
            channel.close()
        assert not self._steps, f"no such calls: {list(self._steps)}"

    # ---- asking

    def _channel(self, caller: str) -> Channel:
        user = "bot-sn-decisions" if caller == "ossbot" else caller
        if caller not in self._channels:
            shape: IdentityShape = "tbot" if user.startswith("bot-") else "tctl"
            identity = self.cluster.identity_file(user, shape=shape, ttl=timedelta(hours=8))
            context = client_context(self.cluster.host_ca_pem, ["h2"], identity)
            self._channels[caller] = open_channel(self.cluster.auth_addr, context)
        return self._channels[caller]

    async def _ask(self, recorded: dict[str, Any]) -> dict[str, Any]:
        metadata = {"old client": {"version": "16.5.0"}, "current client": {"version": "18.0.0"}}
        answer = await ask(
            self._channel(recorded["caller"]),
            recorded["path"],
            self._request(recorded),
            metadata.get(recorded["name"]),
        )
        self._learn_ids(recorded, answer)
        if answer.messages and isinstance(answer.messages[0], pb.ListAccessRequestsResponse):
            self._next_key = answer.messages[0].NextKey or self._next_key
        return comparable(answer.status, answer.message, answer.messages)

    def _request(self, recorded: dict[str, Any]) -> Any:
        request_type = METHODS[recorded["path"]][0]
        if recorded["request_wire"] is None:
            asked = with_long_reason(recorded["request"])
        else:
            asked = MessageToDict(request_type.FromString(base64.b64decode(recorded["request_wire"])))
        request = ParseDict(translated(asked, self.ids), request_type())
        if recorded["name"] == "list, next page":
            request.StartKey = self._next_key
        if isinstance(request, pb.AccessRequestV3):
            self._move_times(recorded, request)
        return request

    def _move_times(self, recorded: dict[str, Any], request: pb.AccessRequestV3) -> None:
        """The times that were asked for, as far from now as they were from then; what has to expire does so soon."""
        created = Timestamp()
        created.FromJsonString(recorded["response"]["Spec"]["Created"])
        speed = 40 if recorded["name"] == MUST_EXPIRE else 1
        for holder, field in (
            (request.Metadata, "Expires"),
            (request.Spec, "MaxDuration"),
            (request.Spec, "AssumeStartTime"),
        ):
            if holder.HasField(field):
                value = getattr(holder, field)
                value.CopyFrom(timestamp(now_ns() + (value.ToNanoseconds() - created.ToNanoseconds()) // speed))

    def _learn_ids(self, recorded: dict[str, Any], answer: Answer) -> None:
        if recorded["path"].endswith("/CreateAccessRequestV2") and answer.messages:
            self.ids[recorded["response"]["Metadata"]["Name"]] = answer.messages[0].Metadata.Name

    async def _until_expired(self) -> None:
        """Until a list of pending requests leaves out the three that were made to expire."""
        query = pb.ListAccessRequestsRequest(Filter=pb.AccessRequestFilter(State=pb.PENDING))
        expiring = list(self.ids.values())[-3:]
        async with asyncio.timeout(10):
            while True:
                answer = await ask(self._channel("sn-tickets"), LIST, query)
                if not any(one.Metadata.Name in expiring for one in answer.messages[0].AccessRequests):
                    return
                await asyncio.sleep(0.05)

    # ---- what was recorded

    def _expected(self, recorded: dict[str, Any]) -> dict[str, Any]:
        reply_type = METHODS[recorded["path"]][1]
        wires = recorded.get("response_wire") or []
        messages = [
            reply_type.FromString(base64.b64decode(wire)) for wire in (wires if isinstance(wires, list) else [wires])
        ]
        if recorded["status"] == "OK" and not messages:
            messages = [reply_type()]
        expected = comparable(recorded["status"], recorded.get("message", ""), messages)
        return translated(expected, self.ids)


def with_long_reason(request: Any) -> Any:
    """The request with the text that the recording leaves out."""
    return json.loads(json.dumps(request).replace("<5000 times x>", "x" * 5000))


def translated(value: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """The same with the cluster's own ids."""
    text = json.dumps(value)
    for recorded, own in ids.items():
        text = text.replace(recorded, own)
    changed: dict[str, Any] = json.loads(text)
    return changed


def comparable(status: str, message: str, messages: Any) -> dict[str, Any]:
    """An answer without what differs each time: times and revisions only have to be there, or be Go's zero."""
    bodies = [without_moments(MessageToDict(one, preserving_proto_field_name=True), "") for one in messages]
    is_lost = status == "TRANSPORT"
    return {"status": status, "message": "Connection lost" if is_lost else message, "bodies": bodies}


GO_ZERO = "0001-01-01T00:00:00Z"
MOMENTS = {
    "Created",
    "Expires",
    "MaxDuration",
    "SessionTTL",
    "AssumeStartTime",
    "ResourceExpiry",
    "Time",
}


def without_moments(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        plain = {name: without_moments(inner, name) for name, inner in sorted(value.items())}
        if "ResourceExpiry" in value:
            plain["ResourceExpiry"] = "access" if value["ResourceExpiry"] == value["Expires"] else "pending"
        return plain
    if isinstance(value, list):
        return [without_moments(inner, key) for inner in value]
    if key in MOMENTS and value != GO_ZERO:
        return "<time>"
    if key in ("Revision", "RemoteAddr", "ProxyPublicAddr"):
        return f"<{key}>"
    if key == "NextKey":
        return f"<time>/{value.rpartition('/')[2]}"
    return value


def test_each_recorded_call_is_answered_as_the_real_cluster_did(enterprise: TeleportCluster) -> None:
    reason = 'INC0010001 restart "db" <b>now</b> 日本 [code]x[/code]'
    replay = Replay(enterprise)
    replay.ids[FIRST_REQUEST] = enterprise.tctl_create("alice", ["dba"], reason)
    # Lists lag behind: the request made just before each of these was not in them yet.
    replay.stale_lists_from("create", until="tickets bot sets state")
    replay.stale_lists_from("create by rita", until="list, next page")
    replay.before("locked user", lambda: enterprise.lock("sn-update-only"))

    def later_resources() -> None:
        for name in ("more", "trait", "sn-decisions-later"):
            enterprise.apply(resource(name))

    calls = recorded_calls("reviews on")
    first_of_rita = next(one for one in calls if one["caller"] == "rita")
    first_of_rita["name"] = "create by rita"
    replay.before("create by rita", later_resources)

    asyncio.run(replay.run(calls))

    assert not replay.differences, "\n".join(replay.differences)


def test_each_recorded_call_to_the_open_source_edition_is_answered_as_there(open_source: TeleportCluster) -> None:
    replay = Replay(open_source)

    asyncio.run(replay.run(recorded_calls("open source")))

    assert not replay.differences, "\n".join(replay.differences)


def test_only_what_is_said_to_be_left_out_is_left_out() -> None:
    lines = (RECORDINGS / "grpc.jsonl").read_text(encoding="utf-8").splitlines()
    left_out = [json.loads(line) for line in lines]
    assert {one["path"] for one in left_out if one["name"] in SKIPPED} == {"/proto.AuthService/GetPluginData"}


def test_a_time_that_is_not_set_is_gos_zero(enterprise: TeleportCluster) -> None:
    answer = call(enterprise, "sn-tickets", "/proto.AuthService/Ping", pb.PingRequest())

    assert answer.messages[0].LicenseExpiry.seconds == -62135596800
