"""One HTTP call to the instance, and what a failure of the connection means: never sent, or sent and not answered."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from access_bridge.errors import BrokenConfiguration

from .address import instance_url
from .answers import Answer, Call, unusable
from .errors import AddressTooLong, Unavailable

LONGEST_ADDRESS: Final = 2048
"""Characters of an address that an instance takes for certain."""

_LONGEST_CONNECT: Final = 10.0


class SentHeaders(AuthBase):
    """Puts headers on a request the way requests expects authentication, so that a .netrc never replaces them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with the headers set."""
        request.headers.update(self._headers)
        return request


class Transport:
    """Calls to one instance. No redirect is followed; nothing is repeated, if the adapters don't (new ones don't).

    Parameters
    ----------
    url
        The instance's base address, checked by `instance_url`.
    session
        Where connections are kept; with `extra_ca_file` an adapter for `url` is mounted on it.
    timeout
        Seconds to wait for each part of an answer; to connect, at most 10 of them.
    extra_ca_file
        PEM certificates of authorities to trust besides the public ones.
    """

    def __init__(self, url: str, *, session: requests.Session, timeout: float, extra_ca_file: str | None) -> None:
        self._url = instance_url(url)
        self._session = session
        self._timeout = (min(timeout, _LONGEST_CONNECT), timeout)
        if extra_ca_file:
            session.mount(f"{self._url}/", _adapter_that_trusts(extra_ca_file))

    def address(self, path: str, parameters: Mapping[str, str]) -> str:
        """Return the whole address of a call; raise AddressTooLong where it is longer than `LONGEST_ADDRESS`."""
        address = f"{self._url}{path}"
        if parameters:
            address += "?" + urlencode(parameters, quote_via=quote, safe="")
        if len(address) > LONGEST_ADDRESS:
            raise AddressTooLong(
                f"{path}: an address of {len(address)} characters; {LONGEST_ADDRESS} are certain to do."
            )
        return address

    def send(
        self,
        call: Call,
        address: str,
        *,
        headers: Mapping[str, str],
        json: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one call to an address that `address` made, and return its answer, whatever its status.

        Raises
        ------
        Unavailable
            The connection was never made (so a write is certain not to be), or a read was not answered.
        WriteOutcomeUnknown
            A write that may have been sent was not answered.
        BrokenConfiguration
            The instance's certificate isn't trusted.
        """
        try:
            response = self._session.request(
                call.method,
                address,
                json=json,
                data=form,
                headers={"Accept": "application/json", "User-Agent": "access-bridge"},
                auth=SentHeaders(headers),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise self._failure(call, error) from error
        return Answer(
            status=response.status_code,
            content_type=response.headers.get("Content-Type", ""),
            body=response.content,
            retry_after=response.headers.get("Retry-After", ""),
            total_count=response.headers.get("X-Total-Count", ""),
        )

    def drop_connections(self) -> None:
        """Close idle connections; the next call opens a new one."""
        self._session.close()

    def _failure(self, call: Call, error: requests.RequestException) -> Exception:
        host = urlsplit(self._url).netloc
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
            return BrokenConfiguration(
                "EXTRA_CA_PARAMETER",
                f"{call}: the certificate of {host} isn't signed by a trusted authority, or is another host's.",
                "Put the authority's certificate (PEM) into this parameter, or correct SERVICENOW_URL.",
            )
        if _never_connected(error):
            return Unavailable(f"{call}: no connection to {host} could be made; nothing was sent.")
        kind = "no answer in time" if isinstance(error, requests.Timeout) else "the connection was lost"
        return unusable(call, f"{kind} ({host})")


def _never_connected(error: requests.RequestException) -> bool:
    """Whether the error arose before a connection stood: refused, unknown host, time out, or a proxy on the way."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    return any(isinstance(cause, NewConnectionError) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those it was made of: requests and urllib3 put them into `reason` or the first argument."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        wrapped: Any = inner.reason if isinstance(inner, MaxRetryError) else next(iter(inner.args), None)
        inner = wrapped if isinstance(wrapped, BaseException) else None


class _TrustingAdapter(HTTPAdapter):
    """requests' adapter with a context that already holds further authorities; requests adds the public ones to it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool for direct connections with our context."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pool for connections through a proxy with our context."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)


def _adapter_that_trusts(ca_file: str) -> HTTPAdapter:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BrokenConfiguration(
            "EXTRA_CA_PARAMETER", "it holds no usable PEM certificate.", "Paste the authority's certificate as PEM."
        ) from error
    return _TrustingAdapter(context)
