"""The secret of an API key: made once, shown once, kept only as its SHA-256."""

import hashlib
import secrets
from enum import StrEnum

_ENTROPY_BYTES = 32
_VISIBLE_CHARS = 12
MIN_SECRET_CHARS = 24


class Scope(StrEnum):
    """What a key may do. ``admin`` is the operator of the deployment and may do everything."""

    JOBS_WRITE = "jobs:write"
    JOBS_READ = "jobs:read"
    MODELS_ADMIN = "models:admin"
    ADMIN = "admin"


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
