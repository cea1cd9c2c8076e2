"""The shipped scripts: what a click in ServiceNow sends, and what becomes of it there."""

import base64
import hashlib
import hmac
import json
import subprocess

import pytest

from local.servicenow.glide import generate_mac
from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow.conftest import CLUSTER, KEY, REQUEST, Receiver


def test_the_documented_sample_of_a_mac() -> None:
    key = base64.b64encode(b"sample_key").decode()
    assert generate_mac(key, "HmacSHA256", "sample_data") == "4VWUI48lJvmGSF6MYmOVWA9c0hfu55Ur+3e+fUFFFr4="


@pytest.mark.parametrize(
    ("key", "algorithm", "data"),
    [("not base64!", "HmacSHA256", "x"), (KEY, "HmacMD5", "x"), (KEY, "HmacSHA256", "ü")],
)
def test_a_mac_that_the_documentation_does_not_cover_is_refused(key: str, algorithm: str, data: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        generate_mac(key, algorithm, data)


@pytest.mark.parametrize("length", [1, 32, 64, 65, 200])
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000])
def test_openssl_computes_the_same_mac_for_any_length_of_key_and_text(length: int, size: int) -> None:
    key = bytes((7 * index + length) % 256 for index in range(length))
    text = "".join(chr(32 + (11 * index + size) % 95) for index in range(size))
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary"]
    by_openssl = subprocess.run(command, input=text.encode("ascii"), stdout=subprocess.PIPE, check=True).stdout
    assert generate_mac(base64.b64encode(key).decode(), "HmacSHA256", text) == base64.b64encode(by_openssl).decode()


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_click_sends_one_signed_callback(
    sn: ServiceNowInstance, ticket: str, receiver: Receiver, decision: str
) -> None:
    row = sn.decide("bob", ticket, decision, "a reason with ${braces}, [code]tags[/code] and 🦉")
    received = receiver.next()
    expected = f'{{"table":"incident","sys_id":"{ticket}","request_id":"{REQUEST}","decision":"{decision}"}}'
    assert received.path == "/servicenow/decisions"
    assert received.body == expected.encode("ascii")
    assert received.headers["content-type"].startswith("application/json")
    assert received.headers["x-bridge-event-id"] == row
    assert received.signature == hmac.new(base64.b64decode(KEY), received.signed, hashlib.sha256).digest()
    assert sn.wait_for_callbacks()
    assert sn.row("x_acbr_bridge_decision", row)["delivery"] == "202"
    assert receiver.inbox.empty()
    assert sn.system_log == []


def test_openssl_finds_the_same_signature(sn: ServiceNowInstance, ticket: str, receiver: Receiver) -> None:
    sn.decide("bob", ticket)
    received = receiver.next()
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{bytes(range(32)).hex()}", "-binary"]
    assert subprocess.run(command, input=received.signed, stdout=subprocess.PIPE, check=True).stdout == (
        received.signature
    )


def test_the_time_is_signed_in_seconds_and_a_resend_is_signed_anew(
    sn: ServiceNowInstance, ticket: str, receiver: Receiver
) -> None:
    clock = [1_800_000_000.9]
    sn.set_clock(lambda: clock[0])
    row = sn.decide("bob", ticket)
    first = receiver.next()
    clock[0] += 60
    sn.redeliver(row)
    second = receiver.next()
    assert (first.headers["x-bridge-timestamp"], second.headers["x-bridge-timestamp"]) == ("1800000000", "1800000060")
    assert first.headers["x-bridge-event-id"] == second.headers["x-bridge-event-id"] == row
    assert first.body == second.body
    assert first.signature != second.signature


def test_a_callback_can_be_lost_doubled_or_late(sn: ServiceNowInstance, ticket: str, receiver: Receiver) -> None:
    sn.callbacks_enabled = False
    lost = sn.decide("bob", ticket)
    assert sn.wait_for_callbacks()
    assert (sn.outbound_calls, sn.row("x_acbr_bridge_decision", lost)["delivery"]) == ([], "")

    sn.callbacks_enabled, sn.callbacks.copies = True, 2
    sn.decide("bob", ticket)
    assert sn.wait_for_callbacks()
    assert [call.status for call in sn.outbound_calls] == [202, 202]

    sn.callbacks.copies, sn.callbacks.delay = 1, 60
    sn.decide("bob", ticket)
    assert not sn.wait_for_callbacks(0.1)
    assert len(sn.outbound_calls) == 2


def test_a_callback_that_waits_survives_a_restart(sn: ServiceNowInstance, ticket: str, receiver: Receiver) -> None:
    sn.callbacks.delay = 60
    row = sn.decide("bob", ticket)
    sn.stop()
    sn.callbacks.delay = 0
    sn.start()
    assert receiver.next().headers["x-bridge-event-id"] == row


@pytest.mark.parametrize("status", [200, 202, 400, 401, 413, 429, 500, 502, 503, 504])
def test_what_the_bridge_answers_is_noted(sn: ServiceNowInstance, ticket: str, receiver: Receiver, status: int) -> None:
    receiver.status = status
    row = sn.decide("bob", ticket)
    assert sn.wait_for_callbacks()
    assert sn.row("x_acbr_bridge_decision", row)["delivery"] == str(status)


def test_no_answer_and_no_configuration_are_noted(sn: ServiceNowInstance, ticket: str) -> None:
    sn.configure_cluster(CLUSTER, "http://127.0.0.1:9/servicenow/decisions", KEY)
    silent = sn.decide("bob", ticket)
    marker = {"correlation_id": REQUEST, "correlation_display": "Teleport other.example.test #1"}
    unknown = sn.decide("bob", sn.insert_raw("incident", marker))
    assert sn.wait_for_callbacks()
    assert sn.row("x_acbr_bridge_decision", silent)["delivery"].startswith("no answer: ")
    delivery = sn.row("x_acbr_bridge_decision", unknown)["delivery"]
    assert delivery == "not sent: no callback is configured for cluster other.example.test"
    assert len(sn.system_log) == 1
    assert KEY not in json.dumps(sn.system_log)


def test_an_execute_that_does_not_throw_but_has_no_status_is_no_answer_either(
    sn: ServiceNowInstance, ticket: str
) -> None:
    sn.callbacks.throws = False
    sn.configure_cluster(CLUSTER, "http://127.0.0.1:9/servicenow/decisions", KEY)
    row = sn.decide("bob", ticket)
    assert sn.wait_for_callbacks()
    assert [call.status for call in sn.outbound_calls] == [0]
    assert sn.row("x_acbr_bridge_decision", row)["delivery"].startswith("no answer: ")


def test_a_ticket_whose_ids_are_not_of_their_form_sends_nothing(sn: ServiceNowInstance, ticket: str) -> None:
    sn.update_raw("incident", ticket, {"correlation_id": "${evil}"})
    row = sn.decide("bob", ticket)
    assert sn.wait_for_callbacks()
    assert sn.outbound_calls == []
    assert sn.row("x_acbr_bridge_decision", row)["delivery"].startswith("not sent: ")


def test_a_shortened_cluster_name_is_found_where_it_is_one_of_the_configured(
    sn: ServiceNowInstance, ticket: str, receiver: Receiver
) -> None:
    long = "teleport." + "x" * 90 + ".example.test"
    sn.configure_cluster(long, receiver.url, KEY)
    sn.update_raw("incident", ticket, {"correlation_display": f"Teleport {long[:80]}… #1"})
    row = sn.decide("bob", ticket)
    assert sn.row("x_acbr_bridge_decision", row)["cluster"] == long


def test_noting_the_delivery_does_not_send_again(sn: ServiceNowInstance, ticket: str, receiver: Receiver) -> None:
    sn.decide("bob", ticket)
    assert sn.wait_for_callbacks()
    assert len(sn.outbound_calls) == 1
