"""What the stack would create in the account: queues, ledger, secrets and parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from local.aws.account import Account

Texts = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Queue:
    """A FIFO queue and the dead-letter queue behind it."""

    name: str
    url: str
    arn: str
    dead_letter_name: str
    dead_letter_url: str


@dataclass(slots=True)
class Resources:
    """Everything that the functions are given names of."""

    account: Account
    tickets: Queue
    decisions: Queue
    ledger_table: str
    _texts: Texts = field(default_factory=dict)

    @classmethod
    def create(cls, account: Account, *, visibility_timeout: int, max_receive_counts: Sequence[int]) -> Resources:
        """Create both queues with their dead-letter queues, and the ledger.

        Parameters
        ----------
        visibility_timeout
            Of both queues, in seconds.
        max_receive_counts
            Of the tickets queue and of the decisions queue.
        """
        tickets, decisions = (
            _create_queue(account, name, visibility_timeout, count)
            for name, count in zip(("tickets", "decisions"), max_receive_counts, strict=True)
        )
        account.dynamodb.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "open", "failed")
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": name,
                    "KeySchema": [
                        {"AttributeName": name, "KeyType": "HASH"},
                        {"AttributeName": "pk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for name in ("open", "failed")
            ],
        )
        return cls(account, tickets, decisions, "ledger")

    def put_secret(self, name: str, text: str) -> str:
        """Create the secret, or give it a new current version when its text is another; return its ARN."""
        secrets = self.account.secretsmanager
        before = self._texts.get(("secret", name))
        self._texts["secret", name] = text
        if before is None:
            return secrets.create_secret(Name=name, SecretString=text)["ARN"]
        if before != text:
            return secrets.put_secret_value(SecretId=name, SecretString=text)["ARN"]
        return secrets.describe_secret(SecretId=name)["ARN"]

    def put_parameter(self, name: str, text: str) -> str:
        """Create or replace the parameter; return its name."""
        self.account.ssm.put_parameter(Name=name, Value=text, Type="String", Overwrite=True, Tier="Intelligent-Tiering")
        self._texts["parameter", name] = text
        return name

    def texts(self) -> Texts:
        """Return the texts of all secrets and parameters, for `restore`."""
        return dict(self._texts)

    def restore(self, texts: Texts) -> bool:
        """Put back the texts of secrets and parameters, and remove what is new; return whether any was another."""
        changed = {key: text for key, text in texts.items() if self._texts[key] != text}
        for (kind, name), text in changed.items():
            (self.put_secret if kind == "secret" else self.put_parameter)(name, text)
        for kind, name in self._texts.keys() - texts.keys():
            if kind == "secret":
                self.account.secretsmanager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
            else:
                self.account.ssm.delete_parameter(Name=name)
            del self._texts[kind, name]
        return bool(changed)


def _create_queue(account: Account, name: str, visibility_timeout: int, max_receive_count: int) -> Queue:
    def create(queue_name: str, **attributes: str) -> tuple[str, str]:
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "false", **attributes}
        url = account.sqs.create_queue(QueueName=queue_name, Attributes=fifo)["QueueUrl"]  # type: ignore[arg-type]
        found = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]

    dead_letter_name = f"{name}-dead-letters.fifo"
    dead_letter_url, dead_letter_arn = create(dead_letter_name, MessageRetentionPeriod="1209600")
    redrive = json.dumps({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": max_receive_count})
    url, arn = create(
        f"{name}.fifo",
        VisibilityTimeout=str(visibility_timeout),
        MessageRetentionPeriod="1209600",
        RedrivePolicy=redrive,
    )
    return Queue(f"{name}.fifo", url, arn, dead_letter_name, dead_letter_url)
