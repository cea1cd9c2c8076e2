"""Entry point of the function that takes decisions made in ServiceNow and carries them to Teleport."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from access_bridge.aws.servicenow_decisions import ServiceNowDecisions
from access_bridge.aws.telemetry import logger, metrics

function = ServiceNowDecisions(os.environ)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer the callback, a message of the decisions queue, or the schedule of every five minutes."""
    return function.handle(event, context)
