"""Which images a model has seen: in training, or when it was calibrated.

A bundle carries ``seen_images.npz``: for "train" and "validation" the first eight bytes of each
file's SHA-256 as uint64 (0.2 MB for FER2013; by chance one of 3,589 strangers matches one of 32,000
once in 10^11 evaluations). Images cannot be had back from it.

A model that goes on from another, or learns from its answers, has seen what that one has: its list
holds both, and says so where nobody knows what the earlier one has seen. A run writes the earlier
models' list into its folder when it begins, since they may be gone or replaced when it ends.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.bundles import MANIFEST_NAME
from services.common.domain.errors import BundleError
from services.common.files import write_atomically
from services.trainer.config import PUBLISHED_WEIGHTS, TrainConfig
from services.trainer.data.layouts import Split
from services.trainer.errors import SeenImagesError
from services.trainer.files import read_arrays
from services.vision.bundle import Bundle, load_bundle

SEEN_NAME = "seen_images.npz"
_SPLITS = (Split.TRAIN, Split.VALIDATION)
# In a run folder: of the models that the run goes on from or learns from.
_EARLIER_NAME = "seen_by_earlier.npz"
# A run's own images, as `prepare` left them there.
_ROWS = Path("data") / "manifest.json"
_INCOMPLETE = "incomplete"

Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class SeenImages:
    """Short hashes of image files.

    Attributes:
        train: trained on, sorted, each once.
        validation: calibrated on, likewise; of two models in a row an image may be in both.
        complete: whether there are no others that nobody wrote down.
    """

    train: Hashes
    validation: Hashes
    complete: bool = True

    def joined(self, other: "SeenImages") -> "SeenImages":
        """Return what two models have seen together."""
        return SeenImages(
            np.union1d(self.train, other.train),
            np.union1d(self.validation, other.validation),
            self.complete and other.complete,
        )

    def trained_on(self, hashes: Sequence[str]) -> Flags:
        """Return which of the files with these SHA-256 were trained on."""
        return np.isin(_short(hashes), self.train)

    def calibrated_on(self, hashes: Sequence[str]) -> Flags:
        """Return which of the files with these SHA-256 were calibrated on."""
        return np.isin(_short(hashes), self.validation)

    def as_bytes(self) -> bytes:
        """Return the content of ``seen_images.npz``."""
        buffer = io.BytesIO()
        arrays = {str(Split.TRAIN): self.train, str(Split.VALIDATION): self.validation}
        if not self.complete:
            arrays[_INCOMPLETE] = np.zeros(0, dtype=np.uint64)
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()


def seen_in(rows: Iterable[Mapping[str, Any]]) -> SeenImages:
    """Return what a run on prepared data sees, by its manifest's rows (sha256, split, kept)."""
    kept: dict[str, list[str]] = {str(split): [] for split in _SPLITS}
    for row in rows:
        if row["kept"] and row["split"] in kept:
            kept[row["split"]].append(row["sha256"])
    train, validation = (np.unique(_short(kept[split])) for split in _SPLITS)
    return SeenImages(train, validation)


def seen_by(bundle: Bundle) -> SeenImages | None:
    """Return what a bundle says that it has seen; None if it does not say.

    Raises:
        BundleError: if its list cannot be read.
    """
    if SEEN_NAME not in bundle.manifest.files:
        return None
    try:
        return _read(bundle.directory / SEEN_NAME)
    except (OSError, KeyError, ValueError) as error:
        raise BundleError(f"{SEEN_NAME} is not readable; export the bundle again.") from error


def seen_by_earlier(config: TrainConfig) -> SeenImages:
    """Return what the models have seen from which a run starts or whose answers it learns.

    Those are bundles and runs: published weights, such as ImageNet's, know other images.

    Raises:
        SeenImagesError: if one of them cannot be read; the text names it.
    """
    seen = _nothing(complete=True)
    for name in filter(_is_folder, _earlier(config)):
        try:
            seen = seen.joined(_seen_by_model(Path(name)))
        except (BundleError, OSError, KeyError, ValueError) as error:
            raise SeenImagesError(
                f"What {name} was trained on cannot be read, and a model made from it must say; "
                "export it again, or name another (model.weights, loss.distill.bundle)."
            ) from error
    return seen


def keep_earlier(run: Path, config: TrainConfig) -> None:
    """Write into a run's folder what the models before it have seen.

    Raises:
        SeenImagesError: of ``seen_by_earlier``.
    """
    write_atomically(run / _EARLIER_NAME, seen_by_earlier(config).as_bytes())


def seen_by_run(run: Path, config: TrainConfig) -> SeenImages:
    """Return what a run has seen, and the models before it.

    Raises:
        SeenImagesError: if that cannot be read any more.
    """
    own = seen_in(json.loads((run / _ROWS).read_bytes())["images"])
    if not (run / _EARLIER_NAME).is_file():  # begun by a trainer that did not keep it
        there = all(map(_is_folder, _earlier(config)))
        return own.joined(seen_by_earlier(config)).joined(_nothing(complete=there))
    try:
        return own.joined(_read(run / _EARLIER_NAME))
    except (OSError, KeyError, ValueError) as error:
        raise SeenImagesError(
            f"{run / _EARLIER_NAME} is damaged; start anew in another folder."
        ) from error


def _earlier(config: TrainConfig) -> set[str]:
    return {config.model.weights, config.loss.distill.bundle or "none"} - PUBLISHED_WEIGHTS


def _is_folder(name: str) -> bool:
    return Path(name).is_dir()


def _seen_by_model(folder: Path) -> SeenImages:
    if (folder / MANIFEST_NAME).is_file():
        return seen_by(load_bundle(folder)) or _nothing(complete=False)
    kept = folder / _EARLIER_NAME
    before = _read(kept) if kept.is_file() else _nothing(complete=False)
    return seen_in(json.loads((folder / _ROWS).read_bytes())["images"]).joined(before)


def _read(path: Path) -> SeenImages:
    arrays = read_arrays(path)
    train, validation = (np.asarray(arrays[split], dtype=np.uint64) for split in _SPLITS)
    return SeenImages(train, validation, complete=_INCOMPLETE not in arrays)


def _nothing(*, complete: bool) -> SeenImages:
    empty = np.zeros(0, dtype=np.uint64)
    return SeenImages(empty, empty, complete)


def _short(hashes: Sequence[str]) -> Hashes:
    return np.array([int(digest[:16], 16) for digest in hashes], dtype=np.uint64)
