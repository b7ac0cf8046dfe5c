"""What the API wants of a bundle's manifest before it is stored.

The worker's check (`services.vision.bundle`) knows more, and needs numpy and OpenCV; whatever
it refuses later leaves the model before it at work.
"""

import json
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.common.domain.bundles import (
    FILE_NAME_PATTERN,
    GOLDEN_NAME,
    MANIFEST_NAME,
    MODEL_NAME,
    MODEL_NAME_PATTERN,
    PUBLISHED_VERSION_PATTERN,
    SHA256_PATTERN,
)
from services.common.domain.emotions import EMOTIONS

MAX_MANIFEST_BYTES = 1_000_000
_REQUIRED = frozenset({MODEL_NAME, GOLDEN_NAME})
_DEEPEST = 32

FileName = Annotated[str, Field(pattern=FILE_NAME_PATTERN)]
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]


class ManifestError(ValueError):
    """The manifest is not one; the text says what is wrong."""


class UploadedManifest(BaseModel):
    """The fields that identify a bundle; the others are stored as they are."""

    model_config = ConfigDict(strict=True)

    format_version: Literal[1] = 1
    name: str = Field(pattern=MODEL_NAME_PATTERN)
    version: str = Field(pattern=PUBLISHED_VERSION_PATTERN)
    labels: list[str] = list(EMOTIONS)
    files: dict[FileName, Sha256]


def parse_manifest(raw: bytes) -> UploadedManifest:
    """Read ``bundle.json``.

    Raises:
        ManifestError: it is not JSON that Postgres can keep, or not the manifest of a bundle.
    """
    try:
        document = json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ManifestError("it is not valid JSON in UTF-8") from error
    _check_storable(document)
    try:
        manifest = UploadedManifest.model_validate(document)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the manifest"
        raise ManifestError(f"{place}: {fault['msg']}") from error
    if tuple(manifest.labels) != EMOTIONS:
        raise ManifestError(f"labels must be {', '.join(EMOTIONS)}, in this order")
    if missing := _REQUIRED - manifest.files.keys():
        raise ManifestError(f"files must name {', '.join(sorted(missing))}")
    if MANIFEST_NAME in manifest.files:
        raise ManifestError("the manifest cannot hold its own hash")
    return manifest


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _check_storable(value: object, depth: int = 0) -> None:
    """Refuse what JSON may say and jsonb cannot keep, or an answer cannot repeat."""
    if depth > _DEEPEST:
        raise ManifestError(f"it is nested deeper than {_DEEPEST} levels")
    if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        raise ManifestError("a text holds U+0000 or half a character")
    if isinstance(value, float) and not math.isfinite(value):
        raise ManifestError("a number is too large")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_storable(key, depth)
            _check_storable(inner, depth + 1)
    if isinstance(value, list):
        for inner in value:
            _check_storable(inner, depth + 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
