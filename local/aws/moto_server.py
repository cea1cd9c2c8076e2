"""moto's server as a process of its own, with the trouble before it that is asked for (`local.aws.faults`).

`python -m local.aws.moto_server` binds a free loopback port, prints it, and serves until its standard input ends.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs.models import sqs_backends
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from local.aws.fault_layer import FaultLayer
from local.aws.moto_pace import hurry
from local.aws.names import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


QUEUES_PATH = "/local/queues"


class OneAtATime:
    """WSGI middleware that lets one request through at a time: moto's queues are plain lists without locks.

    It answers `/local/queues` itself: GET shows every message of every queue without receiving any, DELETE empties the
    queues (SQS itself, and moto with it, purges a queue only once a minute).
    """

    def __init__(self, application: DomainDispatcherApplication) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            if environ["PATH_INFO"] == QUEUES_PATH:
                if environ["REQUEST_METHOD"] == "DELETE":
                    _empty_queues()
                return Response(json.dumps(_messages()), mimetype="application/json")(environ, start_response)
            return list(self._application(environ, start_response))


def _messages() -> dict[str, list[dict[str, str | int | bool]]]:
    queues = sqs_backends[ACCOUNT_ID][REGION].queues.values()
    return {
        queue.name: [
            {
                "id": message.id,
                "group": message.group_id or "",
                "body": message.body,
                "receives": message.approximate_receive_count,
                "visible": message.visible,
            }
            for message in queue._messages
        ]
        for queue in queues
    }


def _empty_queues() -> None:
    for queue in sqs_backends[ACCOUNT_ID][REGION].queues.values():
        queue._messages.clear()
        queue._pending_messages.clear()


class QuietRequestHandler(MotoRequestHandler):
    """moto's own request handler without a log line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Serve until standard input is closed, which happens when the parent ends, however it ends."""
    hurry()
    application = FaultLayer(OneAtATime(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
