"""The AWS account that the operator works on: his session, the stack's outputs, and AWS's errors in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.parsers import ResponseParserError

from access_bridge.errors import BridgeError
from cli.problem import Problem

DEFAULT_STACK: Final = "access-bridge"
_CONFIG: Final = Config(connect_timeout=10, retries={"mode": "standard", "max_attempts": 5})
_SIGN_IN: Final = "Sign in (aws sso login, aws configure), or name a profile: --profile NAME."
_REFUSED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_BAD_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_COMPLAINTS: Final[tuple[tuple[tuple[type[BotoCoreError], ...], str], ...]] = (
    ((NoCredentialsError, PartialCredentialsError), f"No AWS credentials were found. {_SIGN_IN}"),
    ((SSOError, TokenRetrievalError), f"Your AWS sign-in has expired. {_SIGN_IN}"),
    ((ProfileNotFound,), "{error} See which there are: aws configure list-profiles."),
    ((NoRegionError,), "No AWS region is set. Name it: --region NAME."),
    ((ParamValidationError,), "AWS takes no such name. {error}"),
    ((BotoConnectionError, HTTPClientError), "AWS can't be reached. {error} Check the network and the region."),
)


@dataclass(frozen=True, slots=True)
class Stack:
    """A CloudFormation stack: its ARN, name and outputs, and what can be named in its place, for errors."""

    arn: str
    name: str
    outputs: Mapping[str, str]
    instead: str

    @property
    def partition(self) -> str:
        """The AWS partition that it is in, such as `aws`."""
        return self.arn.split(":")[1]

    @property
    def account(self) -> str:
        """The AWS account that it is in."""
        return self.arn.split(":")[4]

    def output(self, key: str) -> str:
        """Return an output; raises Problem where there is none."""
        if key in self.outputs:
            return self.outputs[key]
        raise Problem(
            f"The stack {self.name!r} has no output {key}: it isn't one of Access Bridge, isn't finished, or is older "
            f"than this command. Deploy it again, or name another (--stack NAME){self.instead}."
        )


class Account:
    """An AWS account and region, as boto3 finds them: environment, profile, or what the operator named.

    Parameters
    ----------
    region, profile
        As for the AWS CLI; None leaves the choice to boto3's own environment.

    Raises
    ------
    Problem
        There is no such profile.
    """

    def __init__(self, region: str | None, profile: str | None) -> None:
        with plain_errors():
            self._session = boto3.Session(region_name=region, profile_name=profile)

    def resource(self, service: str) -> Any:
        """Return a boto3 service resource; raises Problem where no region is known."""
        return self._made(self._session.resource, service)

    def client(self, service: str, *, read_timeout: int | None = None) -> Any:
        """Return a boto3 client; with `read_timeout` one that waits so many seconds for an answer, and asks once.
        Raises Problem where no region is known."""
        if read_timeout is None:
            return self._made(self._session.client, service)
        once = _CONFIG.merge(Config(read_timeout=read_timeout, retries={"total_max_attempts": 1}))
        return self._made(lambda name, config: self._session.client(name, config=config.merge(once)), service)

    def stack(self, name: str, *, instead: str = "") -> Stack:
        """Return a stack by its name or ARN.

        `instead`: what the operator can name in its place, as the end of a sentence.

        Raises
        ------
        Problem
            There is no such stack here, or AWS refuses to tell.
        """
        client = self.client("cloudformation")
        with plain_errors():
            try:
                found = client.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if _code(error) == "ValidationError":  # CloudFormation's answer for a stack that isn't there
                    raise Problem(
                        f"There is no stack {name!r} in {client.meta.region_name}. Name yours (--stack NAME), or its "
                        f"region (--region NAME){instead}."
                    ) from error
                raise
        outputs = {str(given["OutputKey"]): str(given["OutputValue"]) for given in found.get("Outputs", ())}
        return Stack(str(found["StackId"]), str(found["StackName"]), outputs, instead)

    def stack_output(self, stack: str, output: str) -> str:
        """Return an output of a stack that a table could be named in place of; raises Problem where there is none."""
        return self.stack(stack, instead=", or the table (--table NAME)").output(output)

    @staticmethod
    def _made(make: Callable[..., Any], service: str) -> Any:
        with plain_errors():
            try:
                return make(service, config=_CONFIG)
            except ValueError as error:  # botocore's answer to an endpoint that is no URL
                raise Problem(f"AWS_ENDPOINT_URL is no address of a service: {_sentence(str(error))}") from error


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn AWS's errors, and ours that come of them, into a Problem."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Problem(_words(error)) from error
    except ResponseParserError as error:
        raise Problem(
            "What answers in AWS's place isn't AWS: its answer can't be read. Check AWS_ENDPOINT_URL and the proxy."
        ) from error
    except BridgeError as error:
        cause = error.__cause__
        if isinstance(cause, BotoCoreError | ClientError):
            raise Problem(_words(cause)) from error
        raise Problem(str(error)) from error


def _words(error: BotoCoreError | ClientError) -> str:
    """Say what AWS or botocore complains of, and the next step."""
    if isinstance(error, ClientError):
        return _refusal(error)
    for kinds, words in _COMPLAINTS:
        if isinstance(error, kinds):
            return words.format(error=_sentence(str(error)))
    return f"AWS can't be asked: {_sentence(str(error))}"


def _refusal(error: ClientError) -> str:
    code, operation = _code(error), error.operation_name
    if code in _REFUSED:
        return (
            f"AWS doesn't allow {operation} with these credentials. docs/operations.md lists the permissions that "
            "this command needs."
        )
    if code in _BAD_CREDENTIALS:
        return f"AWS refuses these credentials ({code}). {_SIGN_IN}"
    if code == "ResourceNotFoundException":
        return "There is no such table in this account and region. Check --table, --region and --profile."
    return f"AWS answered {operation} with {code}: {_sentence(error.response.get('Error', {}).get('Message', ''))}"


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _sentence(text: str) -> str:
    """Return a message on one line, with its full stop."""
    return " ".join(text.split()).rstrip(".") + "."
