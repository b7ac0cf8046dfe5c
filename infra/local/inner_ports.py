"""What closes SeaweedFS' inner ports to everybody else on the machine.

By its nature a loopback port answers every user of a machine. Filer and volume server then ask for
a token (JWT), and each gRPC port for a certificate that only its owner can read: `security.toml` in
the working folder names both. They are drawn anew at each start, as nothing outlives the server
that was signed by them.
"""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.local.private_files import write_private

_TOKENS = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
_GRPC = ("master", "volume", "filer", "s3", "admin", "worker", "msg_broker", "mq", "client")
# A server is started anew more often than that.
_VALID = timedelta(days=3_650)


def close_inner_ports(folder: Path) -> None:
    """Write ``security.toml`` into ``folder``, and the certificate and key that it names."""
    certificate, key = folder / "inner.crt", folder / "inner.key"
    pair = _self_signed()
    write_private(certificate, pair[0])
    write_private(key, pair[1])
    lines = [f'[{name}]\nkey = "{secrets.token_hex(32)}"' for name in _TOKENS]
    lines.append(f'[grpc]\nca = "{certificate}"')
    lines += [f'[grpc.{name}]\ncert = "{certificate}"\nkey = "{key}"' for name in _GRPC]
    write_private(folder / "security.toml", "\n".join(lines) + "\n")


def _self_signed() -> tuple[str, str]:
    """Return a certificate that is its own authority, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hfer local stack")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )
