"""What a failure of the connection means for a write: certainly not made, or in doubt."""

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from access_bridge.errors import BrokenConfiguration
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.errors import Unavailable, WriteOutcomeUnknown
from tests.unit.servicenow.peer import Ending, Peer, Reply, record

TICKET = "0f" * 16
Call = Callable[[ServiceNow], object]


def read(servicenow: ServiceNow) -> object:
    return servicenow.get("incident", TICKET, ["state"])


def insert(servicenow: ServiceNow) -> object:
    return servicenow.insert("incident", {"state": "1"})


def update(servicenow: ServiceNow) -> object:
    return servicenow.update("incident", TICKET, {"state": "6"})


def client(url: str, session: requests.Session, *, extra_ca_file: str | None = None) -> ServiceNow:
    return ServiceNow(
        url, BasicCredentials("svc", "hunter2"), session=session, timeout=0.3, extra_ca_file=extra_ca_file
    )


@pytest.fixture
def refusing_url() -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize("call", [read, insert, update])
def test_where_nobody_listens_nothing_was_written(refusing_url: str, session: requests.Session, call: Call) -> None:
    with pytest.raises(Unavailable) as error:
        call(client(refusing_url, session))
    assert "nothing was sent" in str(error.value)


@pytest.mark.parametrize("call", [read, insert])
def test_where_no_connection_comes_about_in_time_nothing_was_written(session: requests.Session, call: Call) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        with pytest.raises(Unavailable) as error:
            call(client(f"http://127.0.0.1:{address[1]}", session))
        for filler in fillers:
            filler.close()
    assert "nothing was sent" in str(error.value)


LOST = [Ending.NO_ANSWER, Ending.LOST, Ending.CUT]


@pytest.mark.parametrize("ending", LOST)
def test_a_read_without_an_answer_is_read_again(peer: Peer, session: requests.Session, ending: Ending) -> None:
    peer.will(Reply(body={"result": {"sys_id": TICKET}}, ending=ending))
    with pytest.raises(Unavailable):
        read(client(peer.url, session))
    assert len(peer.asked) == 1


@pytest.mark.parametrize("ending", LOST)
@pytest.mark.parametrize("call", [insert, update])
def test_a_write_without_an_answer_is_in_doubt_and_not_repeated(
    peer: Peer, session: requests.Session, call: Call, ending: Ending
) -> None:
    peer.will(Reply(body={"result": {"sys_id": TICKET}}, ending=ending))
    with pytest.raises(WriteOutcomeUnknown):
        call(client(peer.url, session))
    assert len(peer.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("call", [read, insert, update])
def test_no_redirect_is_followed(peer: Peer, session: requests.Session, call: Call, status: int) -> None:
    peer.will(Reply(status=status, headers={"Location": f"{peer.url}/elsewhere"}))
    with pytest.raises((Unavailable, WriteOutcomeUnknown)) as error:
        call(client(peer.url, session))
    assert "SERVICENOW_URL" in str(error.value)
    assert len(peer.asked) == 1


def test_a_dead_connection_is_not_used_again_once_connections_were_dropped(
    peer: Peer, session: requests.Session
) -> None:
    peer.will(record(sys_id=TICKET), record(sys_id=TICKET))
    servicenow = client(peer.url, session)
    read(servicenow)
    servicenow.drop_connections()
    assert read(servicenow) == {"sys_id": TICKET}


def test_a_netrc_file_never_replaces_the_credentials(
    peer: Peer, session: requests.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    peer.will(record(sys_id=TICKET))
    read(client(peer.url, session))
    assert peer.asked[0].headers["authorization"] == "Basic c3ZjOmh1bnRlcjI="


def test_no_secret_is_in_a_log_or_an_error(
    peer: Peer, refusing_url: str, session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    peer.will(Reply(status=500), Reply(ending=Ending.LOST))
    errors = []
    for url in (peer.url, peer.url, refusing_url):
        with pytest.raises((WriteOutcomeUnknown, Unavailable)) as error:
            insert(client(url, session))
        errors.append(str(error.value) + repr(error.value.__cause__))
    for text in (caplog.text, *errors):
        assert "hunter2" not in text
        assert "c3ZjOmh1bnRlcjI" not in text
        assert "Authorization" not in text


@pytest.fixture
def private_authority(peer: Peer, tmp_path: Path) -> Path:
    """Puts TLS before the peer, with a certificate of an authority of its own, and returns that authority's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = tmp_path / "ca.pem", tmp_path / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    peer.server.socket = context.wrap_socket(peer.server.socket, server_side=True, do_handshake_on_connect=False)
    return certificate_file


def test_a_private_authority_is_trusted_when_it_is_given(
    peer: Peer, session: requests.Session, private_authority: Path
) -> None:
    peer.will(record(sys_id=TICKET))
    url = peer.url.replace("http:", "https:")
    assert read(client(url, session, extra_ca_file=str(private_authority))) == {"sys_id": TICKET}


@pytest.mark.parametrize("call", [read, insert])
def test_an_untrusted_certificate_is_for_a_person_and_nothing_was_sent(
    peer: Peer, session: requests.Session, private_authority: Path, call: Call
) -> None:
    with pytest.raises(BrokenConfiguration) as error:
        call(client(peer.url.replace("http:", "https:"), session))
    assert error.value.setting == "EXTRA_CA_PARAMETER"
    assert peer.asked == []


def test_an_authority_that_is_no_certificate_is_for_a_person(session: requests.Session, tmp_path: Path) -> None:
    no_certificate = tmp_path / "ca.pem"
    no_certificate.write_text("nothing")
    with pytest.raises(BrokenConfiguration) as error:
        client("https://example.service-now.com", session, extra_ca_file=str(no_certificate))
    assert error.value.setting == "EXTRA_CA_PARAMETER"
