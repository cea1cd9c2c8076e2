"""The functions' log and metrics, in Powertools' formats."""

from __future__ import annotations

import logging
import warnings

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# An invocation that counts nothing is ordinary here.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# What these write at DEBUG holds secrets: signed requests, answers of Secrets Manager, HTTP headers.
for _library in ("boto3", "botocore", "urllib3", "hpack", "h2", "grpclib"):
    logging.getLogger(_library).setLevel(logging.WARNING)

logger = Logger()
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Add to a counter of this invocation."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
