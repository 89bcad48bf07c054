"""Providers behind TLS: whose certificates are believed, and hanging up in the middle of it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import ModuleType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fakes import gemini_wire, openai_wire
from fakes.one_turn import QUESTION, provider, refusal, turn
from fakes.sse_server import SseServer

from smartcloudops.core.errors import ProviderError

WIRES: dict[str, ModuleType] = {"openai": openai_wire, "gemini": gemini_wire}
wires = pytest.mark.parametrize("name", WIRES)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def serve(name: str, certificate: Path, *script: object) -> SseServer:
    server: SseServer = getattr(WIRES[name], f"{name}_wire")(script)
    return server.secured(certificate)


@wires
def test_an_unknown_authority_is_not_believed_and_hears_nothing(name: str, certificate: Path) -> None:
    with serve(name, certificate, WIRES[name].answer("mine!")) as server:
        found = refusal(name, server.url)
    assert found.kind == "down" and "certificate" in found.message
    assert found.hint and "SSL_CERT_FILE" in found.hint
    assert server.asked == []


@wires
def test_an_authority_that_is_declared_is_believed(
    name: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serve(name, certificate, WIRES[name].answer("All quiet.")) as server:
        assert turn(name, server.url).turn(name).text == "All quiet."


@wires
@pytest.mark.parametrize("moment", ["before", "middle"])
def test_closing_from_another_thread_ends_a_reply_that_hangs(
    name: str, moment: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    wire = WIRES[name]
    script = wire.status(200, {}, wait_s=30) if moment == "before" else [*wire.text("so far"), wire.stall(30)]
    with serve(name, certificate, script) as server:
        one = provider(name, server.url, timeout_s=30)
        threading.Timer(0.5, one.close).start()
        began = time.monotonic()
        with pytest.raises(ProviderError, match="hung up"):
            list(one.reply(QUESTION, ()))
        assert 0.4 < time.monotonic() - began < 2
