"""Checks that each close code of the rules file is one that the instance has."""

from __future__ import annotations

from collections.abc import Iterator

from access_bridge.rules.model import Outcome, Rules
from access_bridge.servicenow.query import Query
from cli.servicenow.admin import Instance
from cli.servicenow.findings import Finding


def check_close_codes(instance: Instance, rules: Rules) -> Iterator[Finding]:
    """Yield the close codes that are no active choice of incident.close_code; none where it has no choices at all."""
    query = Query().equals("name", "incident").equals("element", "close_code").equals("inactive", "false")
    choices = {row["value"] for row in instance.every("sys_choice", query, ("value",))}
    for name, outcome in rules.ticket.outcomes:
        if isinstance(outcome, Outcome) and outcome.close_code not in choices:
            what = f"The instance has no close code {outcome.close_code!r} (outcome {name})."
            known = ", ".join(sorted(choices)) or "none"
            fix = f"Set ticket.outcomes.{name}.close_code in the rules file to one that it has: {known}."
            yield Finding(what, "sys_choice, incident.close_code", fix)
