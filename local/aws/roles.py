"""The IAM role that a function runs with, as far as anybody can tell it from outside: by its credentials."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass

from local.aws.names import ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class AwsRole:
    """Temporary credentials, and the ARN that AWS's STS says they stand for."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    arn: str

    @classmethod
    def of_function(cls, name: str) -> AwsRole:
        """Make new credentials of the role that a function of this name has."""
        return cls(
            access_key_id="ASIA" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(16)),
            secret_access_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(60),
            arn=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}-role/{name}",
        )

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables in which Lambda hands the credentials to the function."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }
