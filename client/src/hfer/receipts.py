"""Receipts of erasures: fetched from the service, verified without it.

A receipt's signature is a JWS (RFC 7515) by an Ed25519 key (RFC 8037). Verifying takes the public
key, kept from a time and a place that are trusted: `Erasures.keys` gives it as a JWK set.
Verifying needs the package ``cryptography`` (``pip install 'hfer[receipts]'``).
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hfer._wire import iterate, run
from hfer.aio.receipts import AsyncErasures
from hfer.errors import MissingPackageError, ReceiptError
from hfer.receipt_models import Erasure

# What a receipt says again beside its signature, by the name that it has there.
_SAID_AGAIN = {
    "job": "id",
    "tenant": "tenant",
    "key": "key",
    "key_name": "key_name",
    "reason": "reason",
    "photos": "photos",
    "photos_kept": "photos_kept",
    "training_faces": "training_faces",
}
_OF_PHOTOS = {**_SAID_AGAIN, "id": "id", "job": "job", "items": "items"}
_TIMES = ("erased_at", "bucket_empty_at")


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What the signature covers, and the ``kid`` of the key that made it."""

    facts: Mapping[str, Any]
    kid: str


class Erasures:
    """The receipts of what was erased on demand."""

    def __init__(self, core: AsyncErasures) -> None:
        self._core = core

    def get(self, job_id: str) -> Erasure:
        """Return the receipt of a job's erasure, or of an erasure of photos by its own id."""
        return run(self._core.get(job_id))

    def list(self, *, tenant: str | None = None) -> Iterator[Erasure]:
        """Iterate over receipts, of the newest job first; of other tenants with the scope admin."""
        yield from iterate(self._core.list(tenant=tenant))

    def raw(self, job_id: str) -> bytes:
        """Return a receipt as the service writes it, to be kept in a file."""
        return run(self._core.raw(job_id))

    def keys(self) -> bytes:
        """Return the public keys as a JWK set, to be kept in a file."""
        return run(self._core.keys())


def verify_receipt(receipt: bytes, keys: bytes) -> VerifiedReceipt:
    """Check a receipt against public keys; nothing is asked of the service.

    Args:
        receipt: as `Erasures.raw` gives it, or the JWS alone.
        keys: a JWK set, as `Erasures.keys` gives it.

    Raises:
        ReceiptError: it is none, is unsigned, or is not what one of the keys signed.
        MissingPackageError: ``cryptography`` is not installed.
    """
    beside, signature = _read(receipt)
    head, facts, signed = _parts(signature)
    kid = str(head.get("kid"))
    if head.get("alg") != "EdDSA":
        raise ReceiptError("The receipt is not signed by Ed25519 (EdDSA).")
    public_key = _keys(keys).get(kid)
    if public_key is None:
        raise ReceiptError(f"The receipt is signed by the key {kid}, which is not among yours.")
    _check(public_key, signed, signature.rpartition(".")[0].encode())
    if facts.get("type") != "hfer-erasure" or facts.get("version") != 1:
        raise ReceiptError("What is signed is no receipt of an erasure, or one of a newer version.")
    _check_beside(beside, facts)
    return VerifiedReceipt(facts, kid)


def _read(receipt: bytes) -> tuple[dict[str, Any], str]:
    try:
        text = receipt.decode().strip()
        body = json.loads(text) if text.startswith("{") else {"signature": text}
    except ValueError as error:
        raise ReceiptError("The file is no receipt.") from error
    signature = body.get("signature")
    if not isinstance(signature, str):
        status = body.get("status", "unknown")
        raise ReceiptError(
            f"The receipt is not signed (its status is {status}): fetch it again when it is "
            "confirmed, or have the operator set HFER_RECEIPTS__SIGNING_KEY."
        )
    return body, signature


def _parts(signature: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    try:
        head, payload, signed = (_decode(part) for part in signature.split("."))
        read = json.loads(head), json.loads(payload)
    except ValueError as error:
        raise ReceiptError("The signature of the receipt is damaged.") from error
    if not all(isinstance(part, dict) for part in read):
        raise ReceiptError("The signature of the receipt is damaged.")
    return *read, signed


def _keys(keys: bytes) -> dict[str, bytes]:
    try:
        found = json.loads(keys)["keys"]
        return {str(key["kid"]): _decode(key["x"]) for key in found if key.get("crv") == "Ed25519"}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReceiptError(
            "The file of keys is no JWK set; `hfer receipts keys` gives one."
        ) from error


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _check(public_key: bytes, signature: bytes, signed: bytes) -> None:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise MissingPackageError(
            "Verifying needs the package cryptography: pip install 'hfer[receipts]'"
        ) from error
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise ReceiptError(
            "The signature does not fit: the receipt or the key was changed."
        ) from error


def _check_beside(beside: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Refuse a file whose readable part says something else than what is signed."""
    again = _OF_PHOTOS if "items" in facts else _SAID_AGAIN
    pairs = [
        (name, facts.get(said), beside[name]) for said, name in again.items() if name in beside
    ]
    pairs += [
        (name, _moment(facts.get(name)), _moment(beside[name])) for name in _TIMES if name in beside
    ]
    for name, signed, read in pairs:
        if signed != read:
            raise ReceiptError(f"The receipt says {read} of {name}, and {signed} is signed.")


def _moment(text: object) -> object:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else text
    except ValueError:
        return text
