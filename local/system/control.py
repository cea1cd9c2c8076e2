"""How `python -m local request|review|decide|show` reach the system that `up` keeps running: JSON on loopback."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.paths import command
from local.system import actions
from local.system.actions import ActionError
from local.system.local_system import LocalSystem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STATE = Path(__file__).resolve().parents[2] / ".local"
_PATIENCE = 20.0  # seconds to wait for what follows from an action


class ControlServer:
    """Serves the running system's actions; a file in `STATE`, one for each gateway port, says where."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        self._file = STATE / f"up-{system.gateway.port}.json"
        self._token = secrets.token_urlsafe(24)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_QuietHandler)
        self._actions: dict[str, Callable[..., dict[str, Any]]] = {
            "request": self._request,
            "review": self._review,
            "decide": self._decide,
            "show": self._show,
        }

    def start(self) -> None:
        """Serve, and write the state file, which only this user can read."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        STATE.mkdir(exist_ok=True)
        self._file.unlink(missing_ok=True)
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps({"url": f"http://127.0.0.1:{self._server.port}", "token": self._token}))

    def stop(self) -> None:
        """Stop serving, and take the state file away."""
        self._file.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        status, document = self._answer(request)
        return Response(json.dumps(document), status, mimetype="application/json")(environ, start_response)

    def _answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        given = request.headers.get("Authorization", "")
        action = self._actions.get(request.path.removeprefix("/"))
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return 401, {"error": "wrong token"}
        if action is None:
            return 404, {"error": "no such action"}
        try:
            return 200, action(**json.loads(request.get_data()))
        except ActionError as error:
            return 400, {"error": str(error)}

    def _request(self, user: str, roles: list[str], reason: str) -> dict[str, Any]:
        request_id = actions.request(self._system, user, roles, reason)
        if self._system.stand_ins.servicenow is None:
            return {"request_id": request_id}
        incident = self._await(lambda: actions.find_incident(self._system, request_id))
        return {"request_id": request_id, "incident": incident.number if incident else None}

    def _review(self, request_id: str, state: Any, user: str, reason: str) -> dict[str, Any]:
        return {"state": actions.review(self._system, request_id, state, user, reason)}

    def _decide(self, ticket: str, decision: Any, user: str, reason: str) -> dict[str, Any]:
        row_id = actions.decide(self._system, ticket, decision, user, reason)
        became = self._await(lambda: actions.decision(self._system, row_id))
        return {"outcome": became.outcome if became else None, "detail": became.detail if became else None}

    def _show(self) -> dict[str, Any]:
        return actions.overview(self._system)

    def _await(self, look: Callable[[], Any]) -> Any:
        try:
            return self._system.wait_until(look, timeout=_PATIENCE)
        except AssertionError:
            return None


def ask(action: str, **arguments: Any) -> dict[str, Any]:
    """Let the system that `up` keeps running do something, the one that was started last; return its answer.

    Raises
    ------
    ActionError
        Nothing runs here, or it can't be done.
    """
    for file in sorted(STATE.glob("up-*.json"), key=lambda file: file.stat().st_mtime, reverse=True):
        state = json.loads(file.read_text())
        try:
            answer = requests.post(
                f"{state['url']}/{action}",
                json=arguments,
                headers={"Authorization": f"Bearer {state['token']}"},
                timeout=_PATIENCE + 10,
            )
        except requests.ConnectionError:
            continue  # it ended without taking its file away
        document: dict[str, Any] = answer.json()
        if "error" in document:
            raise ActionError(document["error"])
        return document
    raise ActionError(f"Nothing runs here. Start it in another terminal: {command()} up")


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""
