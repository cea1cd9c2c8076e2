"""Secrets and parameters, cached briefly: the current value, the previous one while it may still be in use, and a fresh
look before anybody is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from access_bridge.errors import BrokenConfiguration, Retry

CACHE_SECONDS: Final = 300.0
REFETCH_SECONDS: Final = 10.0
PREVIOUS_VALID: Final = timedelta(hours=24)
_GONE: Final = {
    "ResourceNotFoundException",
    "AccessDeniedException",
    "InvalidRequestException",
    "DecryptionFailure",
    "ParameterNotFound",
}


@dataclass(frozen=True, slots=True)
class _Cached:
    values: tuple[str, ...]
    fetched: float


class Secrets:
    """Values of Secrets Manager.

    Parameters
    ----------
    client
        A boto3 Secrets Manager client.
    monotonic
        Seconds of a clock that only goes forward.
    """

    def __init__(self, client: Any, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._cache: dict[str, _Cached] = {}

    def current(self, setting: str, arn: str) -> str:
        """Return the current value of a secret.

        Parameters
        ----------
        setting
            The setting that names the secret, for the error.
        arn
            The secret's ARN or name.

        Raises
        ------
        BrokenConfiguration
            The secret is absent, empty, or may not be read.
        Retry
            Secrets Manager can't be reached.
        """
        return self._cached(setting, arn, max_age=CACHE_SECONDS).values[0]

    def accepted(self, setting: str, arn: str) -> tuple[str, ...]:
        """Return the values that a caller may present: the current one, and the previous one for 24 h from the current
        one's creation. Raises like `current`."""
        return self._cached(setting, arn, max_age=CACHE_SECONDS, previous=True).values

    def fetched_anew(self, setting: str, arn: str, *, previous: bool = False) -> tuple[str, ...]:
        """Return the values as they are now, fetched anew at most every 10 s. Raises like `current`."""
        return self._cached(setting, arn, max_age=REFETCH_SECONDS, previous=previous).values

    def _cached(self, setting: str, arn: str, *, max_age: float, previous: bool = False) -> _Cached:
        cached = self._cache.get(arn)
        if cached is None or self._monotonic() - cached.fetched >= max_age:
            cached = _Cached(self._fetch(setting, arn, previous), self._monotonic())
            self._cache[arn] = cached
        return cached

    def _fetch(self, setting: str, arn: str, previous: bool) -> tuple[str, ...]:
        answer = self._get(setting, arn, "AWSCURRENT")
        value = str(answer.get("SecretString") or "").strip()
        if not value:
            raise BrokenConfiguration(
                setting, "names a secret without a text value.", "Put the value in as SecretString."
            )
        if not previous or datetime.now(UTC) - answer["CreatedDate"] > PREVIOUS_VALID:
            return (value,)
        try:
            old = str(self._get(setting, arn, "AWSPREVIOUS").get("SecretString") or "").strip()
        except BrokenConfiguration:
            return (value,)
        return (value, old) if old and old != value else (value,)

    def _get(self, setting: str, arn: str, stage: str) -> dict[str, Any]:
        try:
            return dict(self._client.get_secret_value(SecretId=arn, VersionStage=stage))
        except (BotoCoreError, ClientError) as error:
            raise _translated(setting, "secret", error) from error


class Parameters:
    """Values of SSM Parameter Store, read anew within a minute.

    Parameters
    ----------
    client
        A boto3 SSM client.
    monotonic
        Seconds of a clock that only goes forward.
    """

    MAX_AGE: Final = 45.0

    def __init__(self, client: Any, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._cache: dict[str, tuple[str, float]] = {}

    def value(self, setting: str, name: str) -> str:
        """Return a parameter's value; raises BrokenConfiguration where it is absent or may not be read, Retry where SSM
        can't be reached."""
        cached = self._cache.get(name)
        if cached is None or self._monotonic() - cached[1] >= self.MAX_AGE:
            try:
                answer = self._client.get_parameter(Name=name, WithDecryption=True)
            except (BotoCoreError, ClientError) as error:
                raise _translated(setting, "parameter", error) from error
            cached = (str(answer["Parameter"]["Value"]), self._monotonic())
            self._cache[name] = cached
        return cached[0]


def _translated(setting: str, what: str, error: BotoCoreError | ClientError) -> Retry | BrokenConfiguration:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    if code in _GONE:
        return BrokenConfiguration(
            setting,
            f"names a {what} that can't be read ({code}).",
            f"Create the {what}, or allow the function's role to read it.",
        )
    return Retry(f"the {what} of {setting} can't be read now: {code or type(error).__name__}")
