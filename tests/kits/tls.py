"""Certificates of a test's own authority, and a Mosquitto that speaks TLS with them."""

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kits.ports import free_port

PEM = serialization.Encoding.PEM
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin") or ""


class Authority:
    """Signs certificates; `pem` is the file that says whom to trust."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        made = self._builder(self._name, self._key, days=30)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.pem = folder / "ca.pem"
        self.pem.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(PEM))

    def sign(self, name: str, *, address: str = "", days: int = 10) -> tuple[Path, Path]:
        """Files of a certificate and its key; `days` below 0: it has run out."""
        key = ec.generate_private_key(ec.SECP256R1())
        where = x509.IPAddress(ip_address(address)) if address else x509.DNSName(name)
        made = self._builder(_named(name), key, days)
        made = made.add_extension(x509.SubjectAlternativeName([where]), critical=False)
        certificate, secret = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(PEM))
        plain = serialization.NoEncryption()
        secret.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain))
        return certificate, secret

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
        )


class TlsMosquitto:
    """A Mosquitto of this test's own. With `clients` it takes those only whom that authority signed."""

    def __init__(
        self, folder: Path, certificate: tuple[Path, Path], clients: Authority | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self._log = free_port(), folder / "log"
        lines = [
            f"listener {self.port} 127.0.0.1", "allow_anonymous true", "max_inflight_messages 0",
            "max_queued_messages 0", f"certfile {certificate[0]}", f"keyfile {certificate[1]}",
        ]  # fmt: skip
        if os.geteuid() == 0:  # else it becomes a user who may not read the test's files
            lines.append("user root")
        if clients:
            lines += [f"cafile {clients.pem}", "require_certificate true"]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join([*lines, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "TlsMosquitto":
        with self._log.open("wb") as log:
            command = [MOSQUITTO, "-v", "-c", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while b"running" not in self._log.read_bytes():
            assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
