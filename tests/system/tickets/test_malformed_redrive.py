"""A malformed record that somebody sends back from the dead letters."""

from __future__ import annotations

import requests

from local.system import PATIENCE, LocalSystem
from tests.system.tickets.asking import Since


def test_a_malformed_record_that_is_redriven_lands_among_the_dead_letters_again(system: LocalSystem) -> None:
    since = Since(system)
    headers = {"Authorization": f"Bearer {system.webhook_token}"}
    assert requests.post(system.webhook_url, data="no event", headers=headers, timeout=PATIENCE).status_code == 200
    (letter,) = system.wait_until(system.dead_letters, what="no dead letter")
    environment = system.environment("teleport_events")
    system.aws.sqs.send_message(
        QueueUrl=environment["TICKETS_QUEUE_URL"],
        MessageBody=letter.body,
        MessageGroupId=letter.group,
        MessageDeduplicationId="redriven",
    )
    system.wait_until(lambda: len(system.dead_letters()) == 2, what="the record did not come back")
    system.settle()
    assert {item.body for item in system.dead_letters()} == {letter.body}
    assert not [line for line in since.logs() if line.get("level") == "ERROR"]
