"""Public ids: a prefix that tells the kind, and a UUIDv7, so that they sort by time."""

import os
import time
import uuid
from enum import StrEnum


class IdKind(StrEnum):
    """Prefixes of public ids."""

    JOB = "job"
    ITEM = "itm"
    MODEL = "mdl"
    KEY = "key"
    UPLOAD = "upl"
    ENDPOINT = "whe"
    MESSAGE = "msg"
    CHANGE = "chg"
    DRAW = "drw"
    DATASET = "dst"
    ERASURE = "ers"


def new_uuid7() -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def format_id(kind: IdKind, value: uuid.UUID) -> str:
    """Write ``value`` as users see it, for example ``job_0198…`` (32 hex digits)."""
    return f"{kind}_{value.hex}"


def parse_id(kind: IdKind, text: str) -> uuid.UUID | None:
    """Read a public id back; None for anything else, so that callers can answer 404."""
    prefix, _, digits = text.partition("_")
    if prefix != kind or len(digits) != 32:  # noqa: PLR2004 - 32 hex digits of a UUID
        return None
    try:
        return uuid.UUID(hex=digits)
    except ValueError:
        return None
