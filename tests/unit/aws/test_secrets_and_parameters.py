"""Secrets and parameters: which values count, how long they are kept, and what an error means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from access_bridge.aws.secrets import Parameters, Secrets
from access_bridge.errors import BrokenConfiguration, Retry

SETTING = "WEBHOOK_SECRET_ARN"
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhook"


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "the message"}}, "Get")


class SecretsManagerDouble:
    """A secret with its versions; `error` is raised instead of an answer."""

    def __init__(self, current: str | None = "new", previous: str | None = None, *, age: timedelta = timedelta()):
        self.versions = {"AWSCURRENT": current, "AWSPREVIOUS": previous}
        self.made = datetime.now(UTC) - age
        self.error: Exception | None = None
        self.calls: list[str] = []

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, Any]:
        assert SecretId == ARN
        self.calls.append(VersionStage)
        if self.error:
            raise self.error
        value = self.versions[VersionStage]
        if value is None:
            raise client_error("ResourceNotFoundException")
        return {"ARN": ARN, "SecretString": value, "CreatedDate": self.made, "VersionStages": [VersionStage]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_current_value_is_kept_for_five_minutes(clock: Clock) -> None:
    manager = SecretsManagerDouble()
    secrets = Secrets(manager, monotonic=clock)
    assert secrets.current(SETTING, ARN) == "new"
    clock.now += 299
    assert secrets.current(SETTING, ARN) == "new"
    assert manager.calls == ["AWSCURRENT"]
    manager.versions["AWSCURRENT"] = "newer"
    clock.now += 1
    assert secrets.current(SETTING, ARN) == "newer"


def test_a_line_end_around_a_value_is_no_part_of_it(clock: Clock) -> None:
    assert Secrets(SecretsManagerDouble(" new\n"), monotonic=clock).current(SETTING, ARN) == "new"


@pytest.mark.parametrize(
    ("previous", "age", "expected"),
    [
        ("old", timedelta(hours=1), ("new", "old")),
        ("old", timedelta(hours=23, minutes=59), ("new", "old")),
        ("old", timedelta(hours=24, minutes=1), ("new",)),
        (None, timedelta(hours=1), ("new",)),
        ("new", timedelta(hours=1), ("new",)),
        (" ", timedelta(hours=1), ("new",)),
    ],
)
def test_the_previous_value_is_accepted_for_a_day_after_the_rotation(
    previous: str | None, age: timedelta, expected: tuple[str, ...], clock: Clock
) -> None:
    secrets = Secrets(SecretsManagerDouble("new", previous, age=age), monotonic=clock)
    assert secrets.accepted(SETTING, ARN) == expected


def test_before_anybody_is_refused_the_values_are_fetched_anew_at_most_every_ten_seconds(clock: Clock) -> None:
    manager = SecretsManagerDouble(age=timedelta(days=2))
    secrets = Secrets(manager, monotonic=clock)
    assert secrets.accepted(SETTING, ARN) == ("new",)
    manager.versions["AWSCURRENT"] = "rotated"
    clock.now += 9
    assert secrets.fetched_anew(SETTING, ARN, previous=True) == ("new",)
    clock.now += 1
    assert secrets.fetched_anew(SETTING, ARN, previous=True) == ("rotated",)
    assert secrets.fetched_anew(SETTING, ARN, previous=True) == ("rotated",)
    assert manager.calls == ["AWSCURRENT", "AWSCURRENT"]


def test_what_was_fetched_anew_is_the_current_value_for_everybody(clock: Clock) -> None:
    manager = SecretsManagerDouble()
    secrets = Secrets(manager, monotonic=clock)
    secrets.current(SETTING, ARN)
    manager.versions["AWSCURRENT"] = "rotated"
    clock.now += 10
    secrets.fetched_anew(SETTING, ARN)
    assert secrets.current(SETTING, ARN) == "rotated"


@pytest.mark.parametrize("value", ["", "  \n", None])
def test_a_secret_without_a_text_names_the_setting_and_the_fix(value: str | None, clock: Clock) -> None:
    manager = SecretsManagerDouble("x")
    manager.versions["AWSCURRENT"] = value
    with pytest.raises(BrokenConfiguration, match=f"^{SETTING}: names a secret") as caught:
        Secrets(manager, monotonic=clock).current(SETTING, ARN)
    assert caught.value.fix


@pytest.mark.parametrize(
    "code", ["ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException", "DecryptionFailure"]
)
def test_a_secret_that_cannot_be_read_names_the_setting_and_the_fix(code: str, clock: Clock) -> None:
    manager = SecretsManagerDouble()
    manager.error = client_error(code)
    with pytest.raises(BrokenConfiguration) as caught:
        Secrets(manager, monotonic=clock).accepted(SETTING, ARN)
    assert str(caught.value) == (
        f"{SETTING}: names a secret that can't be read ({code}). "
        "Create the secret, or allow the function's role to read it."
    )


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("InternalServiceError"),
        EndpointConnectionError(endpoint_url=ARN),
    ],
)
def test_a_manager_that_does_not_answer_means_try_again_and_tells_nothing_secret(
    error: Exception, clock: Clock
) -> None:
    manager = SecretsManagerDouble()
    manager.error = error
    secrets = Secrets(manager, monotonic=clock)
    with pytest.raises(Retry) as caught:
        secrets.current(SETTING, ARN)
    assert str(caught.value).startswith(f"the secret of {SETTING} can't be read now: ")
    manager.error = None
    assert secrets.current(SETTING, ARN) == "new"


class ParameterStoreDouble:
    """A parameter that is read decrypted."""

    def __init__(self, value: str = "version: 1") -> None:
        self.value = value
        self.error: Exception | None = None
        self.calls = 0

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:
        assert (Name, WithDecryption) == ("/bridge/rules", True)
        self.calls += 1
        if self.error:
            raise self.error
        return {"Parameter": {"Name": Name, "Value": self.value}}


def test_a_parameter_is_read_anew_within_a_minute(clock: Clock) -> None:
    store = ParameterStoreDouble("old")
    parameters = Parameters(store, monotonic=clock)
    assert parameters.value("RULES_PARAMETER", "/bridge/rules") == "old"
    store.value = "new"
    clock.now += 44
    assert (parameters.value("RULES_PARAMETER", "/bridge/rules"), store.calls) == ("old", 1)
    clock.now += 1
    assert parameters.value("RULES_PARAMETER", "/bridge/rules") == "new"


def test_a_missing_parameter_names_the_setting(clock: Clock) -> None:
    store = ParameterStoreDouble()
    store.error = client_error("ParameterNotFound")
    with pytest.raises(BrokenConfiguration, match=r"^RULES_PARAMETER: names a parameter .*ParameterNotFound"):
        Parameters(store, monotonic=clock).value("RULES_PARAMETER", "/bridge/rules")


def test_a_parameter_store_that_does_not_answer_means_try_again(clock: Clock) -> None:
    store = ParameterStoreDouble()
    store.error = client_error("ThrottlingException")
    with pytest.raises(Retry, match="the parameter of RULES_PARAMETER can't be read now: ThrottlingException"):
        Parameters(store, monotonic=clock).value("RULES_PARAMETER", "/bridge/rules")
