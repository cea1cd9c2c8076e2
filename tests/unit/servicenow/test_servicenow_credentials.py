"""The secret's shape chooses the way of authentication; what is wrong with it is said without its values."""

import json

import pytest

from access_bridge.errors import BrokenConfiguration
from access_bridge.servicenow.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    Credentials,
    OAuthCredentials,
    parse_credentials,
)


@pytest.mark.parametrize(
    ("secret", "credentials"),
    [
        ({"username": "svc", "password": " pä:ss "}, BasicCredentials("svc", " pä:ss ")),
        ({"client_id": "id", "client_secret": "s3"}, OAuthCredentials("id", "s3")),
        ({"api_key": "now_abc\n"}, ApiKeyCredentials("now_abc")),
        ({"api_key": "now_abc", "comment": "made by dave"}, ApiKeyCredentials("now_abc")),
    ],
)
def test_the_shape_of_the_secret_chooses(secret: dict[str, str], credentials: Credentials) -> None:
    assert parse_credentials(json.dumps(secret)) == credentials


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hunter2", "no JSON"),
        ('"hunter2"', "no object"),
        ("{}", "none of the known shapes"),
        ('{"token": "hunter2"}', "none of the known shapes"),
        ('{"username": "hunter2"}', '"password" is missing'),
        ('{"client_secret": "hunter2"}', '"client_id" is missing'),
        ('{"username": "svc", "password": ""}', '"password" is missing, empty'),
        ('{"username": "hunter2", "password": 5}', '"password" is missing, empty or no text'),
        ('{"username": "hunter2:x", "password": "hunter2"}', "colon"),
        ('{"api_key": "hunter2\\nX-Evil: 1"}', "characters that no key has"),
        ('{"api_key": "hunter2", "username": "svc", "password": "hunter2"}', "more than one shape"),
    ],
)
def test_a_secret_that_cannot_be_used_names_the_setting_and_the_fix_but_no_value(text: str, problem: str) -> None:
    with pytest.raises(BrokenConfiguration) as error:
        parse_credentials(text)
    assert error.value.setting == "SERVICENOW_SECRET_ARN"
    assert problem in str(error.value)
    assert "hunter2" not in str(error.value)
    assert error.value.fix
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "credentials", [BasicCredentials("svc", "hunter2"), OAuthCredentials("id", "hunter2"), ApiKeyCredentials("hunter2")]
)
def test_credentials_never_show_what_is_secret(credentials: Credentials) -> None:
    assert "hunter2" not in repr(credentials)
    assert "hunter2" not in str(credentials)
