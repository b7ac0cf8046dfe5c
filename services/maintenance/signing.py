"""The key that signs receipts: Ed25519, in the form of a JWS (RFC 7515, RFC 8037)."""

import base64
import binascii
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

_SEED_BYTES = 32


class ReceiptSigner:
    """Signs texts with the deployment's key. ``kid`` is its thumbprint (RFC 7638)."""

    def __init__(self, key: SecretStr) -> None:
        """Take 32 random bytes in URL-safe base64.

        Raises:
            ValueError: it is something else; the message does not show it.
        """
        try:
            seed = base64.urlsafe_b64decode(key.get_secret_value())
        except (binascii.Error, ValueError):
            seed = b""
        if len(seed) != _SEED_BYTES:
            raise ValueError(
                "HFER_RECEIPTS__SIGNING_KEY must be 32 random bytes in URL-safe base64; "
                "docs/configuration.md says how to make it"
            ) from None
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()
        self.kid = thumbprint(self.public_key)

    def sign(self, text: str) -> str:
        """Return the compact JWS over ``text``, which it carries."""
        header = {"alg": "EdDSA", "kid": self.kid}
        parts = (json.dumps(header, separators=(",", ":")).encode(), text.encode())
        signed = b".".join(encode(part) for part in parts)
        return (signed + b"." + encode(self._key.sign(signed))).decode()


def thumbprint(public_key: bytes) -> str:
    """Return the JWK thumbprint of an Ed25519 key, by which receipts name theirs."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": encode(public_key).decode()}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return encode(hashlib.sha256(text.encode()).digest()).decode()


def encode(data: bytes) -> bytes:
    """Return base64url without padding, as JOSE has it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
