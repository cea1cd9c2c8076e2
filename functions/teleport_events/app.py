"""Entry point of the function that turns audit events into incidents and keeps each incident true to its request."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from access_bridge.aws.telemetry import logger, metrics
from access_bridge.aws.teleport_events import TeleportEvents

function = TeleportEvents(os.environ)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer the webhook, a message of the tickets queue, or one of the two schedules."""
    return function.handle(event, context)
