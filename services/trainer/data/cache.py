"""Whether prepared data are there already."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.trainer.files import sha256_of


def whole_cache(
    manifest: Path, *, arrays: Mapping[str, Path], wanted: Mapping[str, object]
) -> dict[str, Any] | None:
    """Return what ``manifest`` holds if it is of what is wanted and its arrays are whole.

    Args:
        manifest: written last, so that one that is there tells of a preparation that ended.
        arrays: files by the key of their SHA-256 in it; one without that key is of no use to it.
        wanted: keys and what they have to be.
    """
    try:
        told: dict[str, Any] = json.loads(manifest.read_bytes())
        whole = all(sha256_of(path) == told[key] for key, path in arrays.items() if key in told)
    except (OSError, ValueError):
        return None
    return told if whole and all(told.get(key) == value for key, value in wanted.items()) else None
