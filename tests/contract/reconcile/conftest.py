"""Passes over ServiceNow's tables without Lambda and queues: on its stand-in, with a ledger as the template has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import boto3
import pytest
import requests
from moto import mock_aws

from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccount, DemoAccounts
from tests.unit.stack import stack

_SESSION = boto3.Session(aws_access_key_id="sample", aws_secret_access_key="sample")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with mock_aws():
        resource = _SESSION.resource("dynamodb", region_name="eu-central-1")
        (table,) = stack().of_type("AWS::DynamoDB::Table").values()
        taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        resource.create_table(TableName="ledger", **{name: table[name] for name in taken})
        yield Ledger(resource, "ledger")


@pytest.fixture
def instance() -> Iterator[ServiceNowInstance]:
    made = ServiceNowInstance(port=0)
    made.callbacks.enabled = False
    made.start()
    yield made
    made.stop()


@pytest.fixture
def accounts(instance: ServiceNowInstance) -> DemoAccounts:
    return instance.seed_demo()


@pytest.fixture
def client_of(instance: ServiceNowInstance) -> Iterator[Callable[[DemoAccount], ServiceNow]]:
    with ExitStack() as sessions:

        def made(account: DemoAccount) -> ServiceNow:
            session = sessions.enter_context(requests.Session())
            return ServiceNow(instance.url, BasicCredentials(account.user_name, account.password), session=session)

        yield made
