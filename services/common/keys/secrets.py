"""Secrets of API keys: made once, shown once, and kept only as their SHA-256."""

import hashlib
import secrets

_ENTROPY_BYTES = 32
_VISIBLE_CHARS = 12
MIN_SECRET_CHARS = 24


def new_secret(environment: str) -> str:
    """Return a fresh secret, ``hfer_<environment>_<43 characters>``, 256 bits of randomness."""
    return f"hfer_{environment}_{secrets.token_urlsafe(_ENTROPY_BYTES)}"


def hash_secret(secret: str) -> bytes:
    """Return the 32 bytes that are stored.

    Plain SHA-256 and no slow hash: a secret of 256 random bits cannot be guessed, and every
    request pays for this call.
    """
    return hashlib.sha256(secret.encode()).digest()


def visible_prefix(secret: str) -> str:
    """Return the first characters of a secret, by which an operator tells keys apart."""
    return secret[:_VISIBLE_CHARS]


def check_length(what: str, secret: str) -> None:
    """Refuse a secret of an operator's that is so short that its plain SHA-256 could be guessed.

    Raises:
        ValueError: ``what`` it is of, and what to do.
    """
    if len(secret) < MIN_SECRET_CHARS:
        raise ValueError(
            f"the {what} has fewer than {MIN_SECRET_CHARS} characters; make a random one"
        )
