"""The Table API: routes, parameters, status codes and headers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlencode

from werkzeug.datastructures import Headers

from local.servicenow.access import AccessControls, Session
from local.servicenow.errors import Refused
from local.servicenow.http_calls import Answer
from local.servicenow.query import Query, Term, parse
from local.servicenow.records import Habits, Records
from local.servicenow.render import Renderer, View
from local.servicenow.schema import TABLES
from local.servicenow.store import Row, Store
from local.servicenow.values import from_display

DEFAULT_LIMIT: Final = 10000
_ROUTE: Final = re.compile(r"/api/now(?P<version>/v\d+)?/table/(?P<table>[^/]+)(?:/(?P<sys_id>[^/]+))?/?")
_WRITES: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Route:
    """A path below `/api/now/table`; `version` is empty, `v1` or `v2`."""

    version: str
    table: str
    sys_id: str

    @property
    def base(self) -> str:
        """The path that links to records start with."""
        return f"/api/now/{self.version}/table" if self.version else "/api/now/table"


@dataclass(frozen=True, slots=True)
class Request:
    """A call to the Table API, its sender known."""

    method: str
    route: Route
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    session: Session


def route_of(path: str) -> Route | None:
    """The route of a path; None where the Table API has none."""
    found = _ROUTE.fullmatch(path)
    if found is None or found["version"] not in (None, "/v1", "/v2"):
        return None
    return Route((found["version"] or "").lstrip("/"), found["table"], found["sys_id"] or "")


class TableApi:
    """Answers calls for the tables of the dictionary. `url` answers where the instance is reached, for links."""

    def __init__(
        self, store: Store, controls: AccessControls, records: Records, habits: Habits, url: Callable[[], str]
    ) -> None:
        self._store = store
        self._controls = controls
        self._records = records
        self._habits = habits
        self._url = url

    def answer(self, request: Request) -> Answer:
        """Does what is asked. Raises Refused with the platform's own texts."""
        _check_headers(request)
        if not self._is_there(request.route.table):
            raise Refused(400, f"Invalid table {request.route.table}")
        actions: dict[tuple[str, bool], Callable[[Request], Answer]] = {
            ("GET", False): self._list,
            ("HEAD", False): self._list,
            ("POST", False): self._create,
            ("GET", True): self._read,
            ("HEAD", True): self._read,
            ("PUT", True): self._change,
            ("PATCH", True): self._change,
            ("DELETE", True): self._delete,
        }
        action = actions.get((request.method, request.route.sys_id != ""))
        if action is None:
            raise Refused(405, "Method not supported", f"{request.method} is not supported here")
        return action(request)

    def _is_there(self, table: str) -> bool:
        """Whether the instance has the table; one of an application comes and goes with that."""
        if table not in TABLES:
            return False
        return not table.startswith("x_") or self._store.find_by("sys_db_object", "name", table) is not None

    def _list(self, request: Request) -> Answer:
        table, renderer = request.route.table, self._renderer(request)
        found = self._matching(request, renderer)
        limit = _number(request.query.get("sysparm_limit"), DEFAULT_LIMIT)
        offset = _number(request.query.get("sysparm_offset"), 0)
        # The page is cut before access controls look at its rows: it can be short though there is more.
        page = [row for row in found[offset : offset + limit] if self._visible(request, row)]
        if not page and request.route.version == "v1":
            raise Refused(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        view = self._view(request)
        shown = [renderer.record(table, row, view) for row in page]
        return Answer.of_json(200, {"result": shown}, self._page_headers(request, len(found), limit, offset))

    def _read(self, request: Request) -> Answer:
        row = self._records.read(request.session, request.route.table, request.route.sys_id)
        return self._one(request, 200, row)

    def _create(self, request: Request) -> Answer:
        body = _json_object(request.body)
        row = self._records.insert(request.session, request.route.table, body, typed=_typed(request))
        location = f"{self._url()}{request.route.base}/{request.route.table}/{row['sys_id']}"
        return self._one(request, 201, row, {"Location": location})

    def _change(self, request: Request) -> Answer:
        body, route = _json_object(request.body), request.route
        row = self._records.update(request.session, route.table, route.sys_id, body, typed=_typed(request))
        return self._one(request, 200, row)

    def _delete(self, request: Request) -> Answer:
        self._records.delete(request.session, request.route.table, request.route.sys_id)
        return Answer(204)

    def _one(self, request: Request, status: int, row: Row, headers: dict[str, str] | None = None) -> Answer:
        if request.headers.get("X-no-response-body", "").lower() == "true":
            return Answer(status, b"", headers or {})
        if not self._visible(request, row):
            return Answer.of_json(status, {"result": {}}, headers)
        shown = self._renderer(request).record(request.route.table, row, self._view(request))
        return Answer.of_json(status, {"result": shown}, headers)

    def _matching(self, request: Request, renderer: Renderer) -> list[Row]:
        table = request.route.table

        def known(path: str) -> bool:
            return renderer.knows(table, path) and f"{table}.{path}" not in self._habits.unqueryable

        def literal(path: str, value: str) -> str:
            column = TABLES[table].fields.get(path)
            if self._habits.query_times == "utc" or column is None or column.kind != "datetime":
                return value
            return from_display(self._store, request.session, table, column, value)

        if "sysparm_query" in request.query:
            query = parse(request.query["sysparm_query"], known, request.session.user_id, literal)
        else:
            pairs = [Term(name, "=", value) for name, value in request.query.items() if known(name)]
            query = Query([[[term] for term in pairs]])
        # Without ORDERBY nothing is promised; by sys_id looks as arbitrary as it is.
        rows = sorted(self._store.rows(table), key=lambda row: row["sys_id"])
        found = [row for row in rows if query.matches(partial(renderer.stored, table, row))]
        for path, descending in reversed(query.order):
            found.sort(key=lambda row: renderer.stored(table, row, path), reverse=descending)
        return found

    def _visible(self, request: Request, row: Row) -> bool:
        return self._controls.may(request.session, request.route.table, "read", row)

    def _renderer(self, request: Request) -> Renderer:
        return Renderer(self._store, self._controls, request.session)

    def _view(self, request: Request) -> View:
        return View.of(request.query, self._url() + request.route.base)

    def _page_headers(self, request: Request, total: int, limit: int, offset: int) -> dict[str, str]:
        headers: dict[str, str] = {}
        if request.query.get("sysparm_no_count", "").lower() != "true":
            headers["X-Total-Count"] = str(total)
        if request.query.get("sysparm_suppress_pagination_header", "").lower() == "true":
            return headers
        last = (max(total - 1, 0) // limit) * limit if limit else 0
        starts = {"first": 0, "prev": offset - limit, "next": offset + limit, "last": last}
        path = f"{self._url()}{request.route.base}/{request.route.table}"
        links = []
        for relation, start in starts.items():
            if 0 <= start <= last:
                query = urlencode({**request.query, "sysparm_limit": limit, "sysparm_offset": start})
                links.append(f'<{path}?{query}>;rel="{relation}"')
        return {**headers, "Link": ",".join(links)}


def _check_headers(request: Request) -> None:
    accept = request.headers.get("Accept", "")
    content_type = request.headers.get("Content-Type", "")
    if request.method in _WRITES and (not accept or not content_type):
        missing = "Accept" if not accept else "Content-Type"
        raise Refused(400, "Bad Request", f"The {missing} header is missing")
    if accept and not any(kind in accept for kind in ("application/json", "application/*", "*/*")):
        raise Refused(406, "Not acceptable", "The requested response media type is not available")
    if request.method in _WRITES and content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "Unsupported media type", f"Unsupported media type {content_type}")


def _json_object(body: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise Refused(400, "Exception while reading request", "The payload is not valid JSON.") from error
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    if not isinstance(parsed, dict):
        raise Refused(400, "Exception while reading request", "The payload is not a JSON object.")
    return parsed


def _typed(request: Request) -> bool:
    return request.query.get("sysparm_input_display_value", "").lower() == "true"


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default
