"""Throw-away certificates: an authority of this test, and servers it vouches for."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates; whoever trusts `trusting` believes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of a test")])
        built = self._builder(self._name, self._key, datetime.now(UTC) + timedelta(days=2))
        constrained = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self._certificate = constrained.sign(self._key, hashes.SHA256())

    def trusting(self) -> ssl.SSLContext:
        """What a client checks with who trusts this authority and nobody else."""
        return ssl.create_default_context(
            cadata=self._certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        )

    def serving(self, *hosts: str, expired: bool = False) -> ssl.SSLContext:
        """What a server shows who claims to be these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        until = datetime.now(UTC) + (timedelta(hours=-1) if expired else timedelta(days=1))
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        signed = self._builder(name, key, until).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        path = self.folder / f"{hosts[0]}-{'expired' if expired else 'valid'}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - timedelta(days=3))
            .not_valid_after(until)
        )
