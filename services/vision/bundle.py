"""A model bundle: one folder with the network, its manifest and its golden answers.

    bundle.json      the manifest; names every other file with its SHA-256
    model.onnx       input "crops" float32 [N, S, S, C] raw 0..255, output "logits" [N, 7]
    model.int8.onnx  optional: the same network, quantised
    golden.npz       "crops" uint8 [N, S, S, C] and the "probabilities" float64 [N, 7] expected
    …                whatever else the trainer ships (report, model card, model.keras)

Loading verifies every hash and refuses networks that name other files; ``check_golden`` then
compares the engine's answers with those of the trainer, so that a wrong channel order, label order
or engine bug cannot reach a user.
Nothing is unpickled.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from services.common.domain.bundles import (
    FILE_NAME_PATTERN,
    GOLDEN_NAME,
    MANIFEST_NAME,
    MODEL_NAME,
    MODEL_NAME_PATTERN,
    MODEL_VERSION_PATTERN,
    NETWORK_SUFFIX,
    SHA256_PATTERN,
    model_version,
)
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.errors import BundleError
from services.vision.bundle_checks import check_archive, check_network
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.transforms import InputSpec, Pixels

INT8_MODEL_NAME = "model.int8.onnx"

# Largest difference of a probability from its golden value. fp32 engines differ by about 1e-6
# among themselves; bf16 keeps 8 bits of mantissa and int8 is re-quantised, so they drift more.
GOLDEN_TOLERANCES: Mapping[Precision, float] = {
    Precision.FP32: 2e-3,
    Precision.BF16: 5e-2,
    Precision.INT8: 1e-1,
}

Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]
FileName = Annotated[str, Field(pattern=FILE_NAME_PATTERN)]
Probability = Annotated[float, Field(ge=0, le=1)]
SevenFloats = tuple[float, float, float, float, float, float, float]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TrainingData(_Frozen):
    """Where the weights learned from. ``sha256`` is that of the archive or its manifest."""

    name: str = Field(min_length=1)
    sha256: Sha256
    licence: str = Field(min_length=1)


class BundleCard(_Frozen):
    """Everything the trainer says about a model; the manifest adds the files.

    ``prior_shift`` is added to the logits and ``temperature`` then divides them (see
    ``classifiers/logits.py``). A face whose top probability is below ``abstention_threshold`` is
    reported as uncertain. ``recipe`` and ``metrics`` are the trainer's, free in shape.
    ``format_version`` 2 is that of bundles whose input is framed by landmarks.
    """

    format_version: Literal[1, 2] = 1
    name: str = Field(pattern=MODEL_NAME_PATTERN)
    version: str = Field(pattern=MODEL_VERSION_PATTERN)
    labels: tuple[Emotion, ...] = EMOTIONS
    input: InputSpec
    temperature: float = Field(default=1.0, gt=0)
    prior_shift: SevenFloats = (0.0,) * 7
    abstention_threshold: Probability = 0.0
    training_data: TrainingData
    git_revision: str = Field(min_length=1)
    recipe: dict[str, Any]
    metrics: dict[str, Any]
    created_at: AwareDatetime

    @model_validator(mode="after")
    def _labels_in_our_order(self) -> Self:
        if self.labels != EMOTIONS:
            raise ValueError(f"labels must be {', '.join(EMOTIONS)}, in this order")
        return self

    @model_validator(mode="after")
    def _version_of_its_fields(self) -> Self:
        if (self.format_version == 2) != (self.input.landmarks is not None):  # noqa: PLR2004 - the version
            raise ValueError("input.landmarks belong to format_version 2, and to it alone")
        return self


class Manifest(BundleCard):
    """The content of ``bundle.json``: the card and the SHA-256 of every other file."""

    files: dict[FileName, Sha256]

    @model_validator(mode="after")
    def _has_the_parts(self) -> Self:
        missing = {MODEL_NAME, GOLDEN_NAME} - self.files.keys()
        if missing:
            raise ValueError(f"files must name {', '.join(sorted(missing))}")
        if MANIFEST_NAME in self.files:
            raise ValueError("the manifest cannot hold its own hash")
        return self


@dataclass(frozen=True, slots=True)
class Golden:
    """Crops (uint8 ``[N, S, S, C]``) and the probabilities ``[N, 7]`` the trainer saw for them."""

    crops: Pixels
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle on disk. ``identity`` is the SHA-256 of its manifest, hence of it all."""

    directory: Path
    manifest: Manifest
    identity: str

    @property
    def version(self) -> str:
        """The name that every result carries, such as ``starter-0.1.0+1a2b3c4d``."""
        return model_version(self.manifest.name, self.manifest.version, self.identity)

    def model_path(self, precision: Precision = Precision.FP32) -> Path:
        """Return the ONNX file for a precision; bf16 is made from the fp32 one at run time.

        Raises:
            BundleError: if the bundle has none.
        """
        name = INT8_MODEL_NAME if precision is Precision.INT8 else MODEL_NAME
        if name not in self.manifest.files:
            raise BundleError(f"{self.version} has no {precision} network; use fp32 or bf16.")
        return self.directory / name


def write_bundle(
    directory: Path,
    *,
    card: BundleCard,
    model: bytes,
    golden: Golden,
    extras: Mapping[str, bytes] | None = None,
) -> Bundle:
    """Write a bundle into ``directory`` (made if missing, else it must be empty) and load it.

    Args:
        directory: where the files go.
        card: the manifest without its files.
        model: the serialised ONNX graph.
        golden: at least one crop with the probabilities expected for it.
        extras: further files by plain name, such as ``MODEL_CARD.md``.

    Raises:
        BundleError: if the folder is not empty or the parts do not fit together.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise BundleError("The bundle's folder is not empty; choose a new one.")
    contents = {**(extras or {}), MODEL_NAME: model, GOLDEN_NAME: _golden_bytes(golden)}
    hashes = {name: _sha256(data) for name, data in sorted(contents.items())}
    try:
        manifest = Manifest(**dict(card), files=hashes)
    except ValidationError as error:
        raise BundleError(f"The manifest is not valid: {_first_fault(error)}") from error
    for name, data in contents.items():
        (directory / name).write_bytes(data)
    # The manifest last: a folder without it is no bundle, however the writer ended.
    (directory / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
    bundle = load_bundle(directory)
    load_golden(bundle)
    return bundle


def load_bundle(directory: Path) -> Bundle:
    """Read and verify the bundle in ``directory``.

    Raises:
        BundleError: if the manifest is missing or invalid, or if a file is missing, unlisted,
            not a plain file or not what its hash says, or if a network is no ONNX or keeps weights
            in other files.
    """
    try:
        raw = (directory / MANIFEST_NAME).read_bytes()
        manifest = Manifest.model_validate_json(raw)
    except OSError as error:
        raise BundleError(f"No readable {MANIFEST_NAME}; is this a model bundle?") from error
    except ValidationError as error:
        raise BundleError(f"{MANIFEST_NAME} is not valid: {_first_fault(error)}") from error
    unlisted = {path.name for path in directory.iterdir()} - {
        MANIFEST_NAME,
        *manifest.files,
    }
    if unlisted:
        raise BundleError(f"Files not named in {MANIFEST_NAME}: {', '.join(sorted(unlisted))}.")
    for name, expected in manifest.files.items():
        _verify(directory / name, expected)
    return Bundle(directory, manifest, _sha256(raw))


def load_golden(bundle: Bundle) -> Golden:
    """Read the golden crops and answers.

    Raises:
        BundleError: if arrays are missing or their shapes or types do not fit the manifest, or if
            there is far more of them than golden answers need.
    """
    try:
        # Opened here: given a path, numpy leaves the file of a broken archive open.
        with (bundle.directory / GOLDEN_NAME).open("rb") as file:
            check_archive(file)
            with np.load(file, allow_pickle=False) as arrays:
                crops, probabilities = arrays["crops"], arrays["probabilities"]
    except (MemoryError, BundleError):
        raise
    except Exception as error:
        # numpy, zipfile and zlib each have errors of their own for what is no archive of arrays.
        raise BundleError(f"{GOLDEN_NAME} is not readable; export the bundle again.") from error
    count = len(crops) if crops.ndim else 0
    fits = (
        count > 0
        and crops.dtype == np.uint8
        and crops.shape[1:] == bundle.manifest.input.shape
        and probabilities.dtype.kind in "fiu"
        and probabilities.shape == (count, len(EMOTIONS))
    )
    if not fits:
        raise BundleError(f"{GOLDEN_NAME} does not fit the manifest; export the bundle again.")
    return Golden(crops, probabilities.astype(np.float64))


def check_golden(bundle: Bundle, classifier: ExpressionClassifier) -> float:
    """Return the largest difference of ``classifier`` from the golden probabilities.

    Raises:
        BundleError: if it is above the tolerance of the classifier's precision (or not a number).
    """
    golden = load_golden(bundle)
    answers = classifier.classify(golden.crops)
    worst = float(np.abs(answers - golden.probabilities).max())
    tolerance = GOLDEN_TOLERANCES[classifier.precision]
    if not worst <= tolerance:
        raise BundleError(
            f"{bundle.version} in {classifier.precision} differs from its golden answers by "
            f"{worst:.2g} (allowed {tolerance:.2g}); use another precision or export it again."
        )
    return worst


def _verify(path: Path, expected: str) -> None:
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"{path.name} is missing from the bundle; fetch it again.")
    data = path.read_bytes()
    if _sha256(data) != expected:
        raise BundleError(f"{path.name} is not what its SHA-256 says; fetch the bundle again.")
    if path.suffix == NETWORK_SUFFIX:
        check_network(path.name, data)


def _golden_bytes(golden: Golden) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, crops=golden.crops, probabilities=golden.probabilities)
    return buffer.getvalue()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'manifest'}: {fault['msg']}"
