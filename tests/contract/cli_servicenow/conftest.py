"""`access-bridge servicenow …` in this process, an instance with an administrator, and the address of the callbacks."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from access_bridge.decisions.callback import NotGenuine, decode_keys, read, verify
from cli.app import app
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.store import Row

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(32, 64))).decode()
NAME = "teleport.example.test"
REQUEST = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"


@dataclass(frozen=True)
class Desk:
    """An instance, the files that an operator has, and the address that takes callbacks signed with KEY."""

    instance: ServiceNowInstance
    folder: Path
    callback_url: str

    def run(self, command: str, *arguments: str, input: str | None = None) -> Result:
        """Run `access-bridge servicenow <command>` for the cluster, signed in as the administrator."""
        files = ("--credentials-file", str(self.folder / "admin.json"))
        where = ("--instance", self.instance.url, "--cluster", NAME)
        call = ("servicenow", command, *where, *files, *arguments)
        return CliRunner().invoke(app, call, prog_name="access-bridge", env={"COLUMNS": "200"}, input=input)

    def configure(self, *arguments: str) -> Result:
        group = ("--approver-group", "Access approvers")
        key = ("--key-file", str(self.folder / "key"))
        return self.run("configure", "--callback-url", self.callback_url, *key, *group, *arguments)

    def check(self, *arguments: str, key: str = "key") -> Result:
        files = [f"--{side}-credentials-file={self.folder / side}.json" for side in ("tickets", "decisions")]
        url = ("--callback-url", self.callback_url)
        return self.run("check", *url, "--key-file", str(self.folder / key), *files, *arguments)

    def remove(self, *arguments: str, input: str | None = None) -> Result:
        return self.run("remove", *arguments, input=input)

    def row(self, table: str, **values: str) -> Row:
        """The one row that has these values."""
        (found,) = [row for row in self.instance.rows(table) if values.items() <= row.items()]
        return found

    def change(self, table: str, key: tuple[str, str], **values: str) -> None:
        """Change a row behind everybody's back: the row whose column has this value."""
        self.instance.update_raw(table, self.row(table, **{key[0]: key[1]})["sys_id"], values)

    def database(self) -> dict[str, list[Row]]:
        """What `configure` may write."""
        tables = (
            "sys_user_has_role",
            "sys_group_has_role",
            "sys_alias",
            "discovery_credentials",
            "x_acbr_bridge_cluster",
        )
        return {table: self.instance.rows(table) for table in tables}


@pytest.fixture
def callback_url() -> Iterator[str]:
    """Checks what it gets as the deployed door does: 200 for a genuine test, 401 for another key's, 404 elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                event_id = verify(headers, body, decode_keys((KEY,)), time.time())
                status = 200 if read(body, event_id) is None else 202
            except NotGenuine:
                status = 401
            self.send_response(404 if self.path != "/servicenow/decisions" else status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Prints nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/servicenow/decisions"
        server.shutdown()
        thread.join()


@pytest.fixture
def desk(tmp_path: Path, callback_url: str) -> Iterator[Desk]:
    instance = ServiceNowInstance()
    instance.start()
    try:
        accounts = instance.seed_demo()
        instance.add_user("admin", roles=["admin"], password="admin")
        for account, roles in (
            (accounts.tickets, ("x_acbr_bridge.tickets", "sn_incident_write")),
            (accounts.decisions, ("x_acbr_bridge.decisions", "sn_incident_read")),
        ):
            for role in roles:
                instance.remove_role(account.user_name, role)
        people = {
            "admin": ("admin", "admin"),
            "tickets": (accounts.tickets.user_name, accounts.tickets.password),
            "decisions": (accounts.decisions.user_name, accounts.decisions.password),
        }
        for side, (user_name, password) in people.items():
            (tmp_path / f"{side}.json").write_text(json.dumps({"username": user_name, "password": password}))
        (tmp_path / "key").write_text(f"{KEY}\n")
        (tmp_path / "other-key").write_text(f"{OTHER_KEY}\n")
        yield Desk(instance, tmp_path, callback_url)
    finally:
        instance.stop()


@pytest.fixture
def configured(desk: Desk) -> Desk:
    """A desk whose instance is configured, with a ticket that was decided on."""
    assert desk.configure().exit_code == 0
    marker = {"correlation_id": REQUEST, "correlation_display": f"Teleport {NAME} #3"}
    ticket = desk.instance.insert_raw("incident", {**marker, "number": "INC0099999"})
    desk.instance.decide("bob", ticket)
    assert desk.instance.wait_for_callbacks()
    return desk
