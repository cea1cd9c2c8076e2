"""The AWS account of the local system: moto's server in a process of its own, and clients for it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import requests
from botocore.config import Config

from local.aws.faults import Faults
from local.aws.names import REGION

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_secretsmanager.client import SecretsManagerClient
    from types_boto3_sqs.client import SQSClient
    from types_boto3_ssm.client import SSMClient

_PROJECT = Path(__file__).resolve().parents[2]
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local"}  # fakes


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it lies in a queue; `visible` is false while somebody works on it or it waits for its next try."""

    id: str
    group: str
    body: str
    receives: int
    visible: bool


class Account:
    """An empty AWS account that lives as long as this object does.

    `sqs`, `dynamodb`, `secretsmanager` and `ssm` are boto3 clients for it; `variables` is what a process needs in its
    environment to reach it. `faults` makes trouble for coming calls.
    """

    sqs: SQSClient
    dynamodb: DynamoDBClient
    secretsmanager: SecretsManagerClient
    ssm: SSMClient

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.variables: dict[str, str] = {}
        self.faults = Faults(lambda: self.variables["AWS_ENDPOINT_URL"])

    def start(self) -> None:
        """Start moto's server and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.aws.moto_server"],
            cwd=_PROJECT,
            env={**os.environ, "PYTHONPATH": str(_PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        session = boto3.Session(
            aws_access_key_id="local", aws_secret_access_key="local", aws_session_token="local", region_name=REGION
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError("moto's server ended before it listened; try `python -m local.aws.moto_server`")
        endpoint = f"http://127.0.0.1:{port}"
        self.variables = {
            **_CREDENTIALS,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": endpoint,
        }
        config = Config(max_pool_connections=50, retries={"mode": "standard"})
        self.sqs = session.client("sqs", endpoint_url=endpoint, config=config)
        self.dynamodb = session.client("dynamodb", endpoint_url=endpoint, config=config)
        self.secretsmanager = session.client("secretsmanager", endpoint_url=endpoint, config=config)
        self.ssm = session.client("ssm", endpoint_url=endpoint, config=config)

    def messages(self) -> dict[str, list[Message]]:
        """Return what lies in each queue, by the queue's name, without receiving it."""
        answer = requests.get(f"{self.variables['AWS_ENDPOINT_URL']}/local/queues", timeout=10)
        answer.raise_for_status()
        return {name: [Message(**message) for message in found] for name, found in answer.json().items()}

    def empty_queues(self) -> None:
        """Remove every message from every queue, those that somebody works on too."""
        requests.delete(f"{self.variables['AWS_ENDPOINT_URL']}/local/queues", timeout=10).raise_for_status()

    def stop(self) -> None:
        """End moto's server, and with it everything that was in the account."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._process = None
