"""What the API wants of a bundle's manifest before it is stored.

The worker's check (`services.vision.bundle`) knows more, and needs numpy and OpenCV; whatever
it refuses later leaves the model before it at work.
"""

import json
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.common.domain.emotions import EMOTIONS

MANIFEST_NAME = "bundle.json"
MAX_MANIFEST_BYTES = 1_000_000
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_REQUIRED = frozenset({"model.onnx", "golden.npz"})
_DEEPEST = 32

FileName = Annotated[str, Field(pattern=FILE_NAME)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ManifestError(ValueError):
    """The manifest is not one; the text says what is wrong."""


class UploadedManifest(BaseModel):
    """The fields that identify a bundle; the others are stored as they are."""

    model_config = ConfigDict(strict=True)

    format_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")
    version: str = Field(pattern=r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$")
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
