"""The identity file: both shapes that Teleport's tools write, and everything else that people paste."""

from __future__ import annotations

import base64
import re
import warnings
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.errors import NotPermitted
from access_bridge.teleport.identity import identity_from_pems, parse_identity
from access_bridge.teleport.tls import client_context
from tests.unit.teleport.certificates import Authority, authority, client
from tests.unit.teleport.recorded import text

CLUSTER = "tele.example.test"


@pytest.mark.parametrize(
    ("file", "user", "expires"),
    [
        ("identity-tctl.pem", "sn-tickets", datetime(2026, 11, 23, 10, 37, 50, tzinfo=UTC)),
        ("identity-tbot.pem", "bot-sn-lab", datetime(2026, 11, 23, 3, 43, 16, tzinfo=UTC)),
    ],
)
def test_both_recorded_shapes_are_read(file: str, user: str, expires: datetime) -> None:
    identity = parse_identity(text(file))
    assert (identity.username, identity.cluster_name, identity.roles) == (user, CLUSTER, ("sn-tickets",))
    assert identity.not_after == expires
    assert identity.key_pem in text(file)
    assert identity.certificate_pem in text(file)
    assert identity.certificate_pem.count("BEGIN") == 1
    assert len(identity.host_ca_pems) == 1
    assert identity.host_ca_pems[0] in text(file)


def test_windows_line_ends_and_text_around_the_blocks_do_not_matter() -> None:
    pasted = "our bot\n" + text("identity-tctl.pem") + "\nend of file"
    assert parse_identity(pasted.replace("\n", "\r\n")) == parse_identity(text("identity-tctl.pem"))


def test_only_host_cas_of_the_own_cluster_are_kept() -> None:
    users, host, new_host = (authority(CLUSTER, serial) for serial in ("1", "2", "3"))
    foreign = authority("leaf.example.test", "4")
    key, certificate = client(users, "bot-x", ("a", "b"))
    identity = identity_from_pems(key, certificate, [users.pem, foreign.pem, host.pem, new_host.pem])
    assert identity.host_ca_pems == (host.pem, new_host.pem)
    assert identity.roles == ("a", "b")


@pytest.fixture(scope="module")
def users() -> Authority:
    return authority(CLUSTER, "1")


@pytest.fixture(scope="module")
def parts(users: Authority) -> dict[str, str]:
    key, certificate = client(users, "bot-x", ("a",))
    other_key, _ = client(users, "bot-y", ("a",))
    return {
        "key": key,
        "cert": certificate,
        "other key": other_key,
        "user ca": users.pem,
        "ca": authority(CLUSTER, "2").pem,
        "foreign ca": authority("leaf.example.test", "3").pem,
        "damaged key": key.replace("MIG", "MIX", 1),
        "damaged cert": certificate.replace("MII", "MIX", 1),
    }


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ([], "no PEM block"),
        (["key"], "one private key, then the client certificate"),
        (["cert", "key", "ca"], "doesn't start with a private key"),
        (["key", "key", "ca"], "one private key, then the client certificate"),
        (["key", "cert"], "no Host CA"),
        (["key", "cert", "user ca"], "no Host CA"),
        (["key", "cert", "foreign ca"], "no Host CA"),
        (["other key", "cert", "ca"], "don't belong together"),
        (["damaged key", "cert", "ca"], "identity file holds a private key that can't be read"),
        (["key", "damaged cert", "ca"], "identity file holds a certificate that can't be read"),
        (["key", "cert", "damaged cert"], "identity file holds a certificate that can't be read"),
    ],
    ids=lambda value: "+".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_anything_else_names_the_secret_and_the_fix(parts: dict[str, str], order: list[str], problem: str) -> None:
    with pytest.raises(BrokenConfiguration, match=problem) as caught:
        parse_identity("".join(parts[name] for name in order))
    assert caught.value.setting == "TELEPORT_IDENTITY_SECRET_ARN"
    assert "tctl auth sign" in caught.value.fix


@pytest.mark.parametrize("length", [40, 200, 1500])
def test_a_file_cut_short_is_refused_whatever_is_missing(length: int) -> None:
    with pytest.raises(BrokenConfiguration):
        parse_identity(text("identity-tctl.pem")[:length])


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_file_with_a_damaged_byte_is_read_or_refused_but_never_crashes(position: int, value: int) -> None:
    blocks = re.split(r"(?<=-----\n)(?=[A-Za-z0-9])|(?<=\n)(?=-----END)", text("identity-tctl.pem"))
    damaged = [base64.b64decode(block) if not block.startswith(("-", "@", "ecdsa")) else None for block in blocks]
    number = [index for index, der in enumerate(damaged) if der][position % 3]
    der = bytearray(damaged[number] or b"")
    der[position % len(der)] = value
    blocks[number] = base64.encodebytes(der).decode()
    with suppress(BrokenConfiguration), warnings.catch_warnings(action="ignore"):
        client_context(parse_identity("".join(blocks)))


def test_a_key_is_in_no_repr_and_no_error(parts: dict[str, str]) -> None:
    secret_lines = [line for line in parts["key"].splitlines() if not line.startswith("-")]
    shown = repr(identity_from_pems(parts["key"], parts["cert"], [parts["ca"]]))
    with pytest.raises(BrokenConfiguration) as caught:
        parse_identity(parts["damaged key"] + parts["cert"] + parts["ca"])
    shown += repr(caught.value) + repr(caught.value.__cause__)
    assert not any(line in shown for line in secret_lines)


def test_an_expired_identity_says_when_and_how_to_renew() -> None:
    identity = parse_identity(text("identity-tctl.pem"))
    identity.check_valid(datetime(2026, 11, 23, 10, 37, 49, tzinfo=UTC))
    with pytest.raises(NotPermitted, match=r"'sn-tickets' expired at 2026-11-23 10:37 UTC.*Store a new identity file"):
        identity.check_valid(datetime(2026, 11, 23, 10, 37, 50, tzinfo=UTC))
