"""A desk: ServiceNow's stand-in with the demo's people, and a ledger whose table is the template's."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
import requests
from moto import mock_aws

from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from local.servicenow.instance import ServiceNowInstance
from tests.contract.tickets.desk import NOW, Desk
from tests.unit.stack import stack

_SESSION = boto3.Session(aws_access_key_id="sample", aws_secret_access_key="sample")


def new_ledger() -> Ledger:
    """An empty ledger, in moto's account of the moment."""
    resource = _SESSION.resource("dynamodb", region_name="eu-central-1")
    (table,) = stack().of_type("AWS::DynamoDB::Table").values()
    taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    resource.create_table(TableName="ledger", **{name: table[name] for name in taken})
    made = Ledger(resource, "ledger")
    made.started(NOW)
    return made


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with mock_aws():
        yield new_ledger()


@pytest.fixture
def desk(ledger: Ledger) -> Iterator[Desk]:
    instance = ServiceNowInstance(port=0)
    instance.start()
    account = instance.seed_demo().tickets
    with requests.Session() as session:
        client = ServiceNow(instance.url, BasicCredentials(account.user_name, account.password), session=session)
        yield Desk(instance, client, ledger)
    instance.stop()
