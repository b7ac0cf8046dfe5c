"""The images a bundle is evaluated on: any folder of classes, read as ``prepare`` reads one."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.decoding import decode_known, listing_sha256, source_sha256
from services.trainer.data.halves import Half, half_of
from services.trainer.data.layouts import (
    Sample,
    Split,
    count_contempt,
    data_root,
    is_fer2013,
    opened,
    scan,
)
from services.trainer.data.votes import judged, sources_of
from services.trainer.errors import DataLayoutError
from services.vision.transforms import InputSpec

Pixels = NDArray[np.uint8]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FaceImages:
    """Whole-face images: crops uint8 ``[N, S, S, C]``, and for each its sample and file hash.

    ``sha256`` is the archive's, or that of the evaluated files' listing as ``sha256sum`` prints it.
    """

    name: str
    crops: Pixels
    samples: Sequence[Sample]
    hashes: Sequence[str]
    sha256: str
    fer2013: bool
    left_out: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def votes(self) -> NDArray[np.float64] | None:
        """What judges said of each image ``[N, 10]``, see ``data/votes``; None without."""
        given = [sample.votes for sample in self.samples if sample.votes is not None]
        return np.array(given, dtype=np.float64) if given else None

    @property
    def labels(self) -> NDArray[np.int64]:
        """Index into ``EMOTIONS`` of each image."""
        return np.array([sample.label for sample in self.samples], dtype=np.int64)

    def without(self, unwanted: NDArray[np.bool_], *, reason: str) -> "FaceImages":
        """Return the images where ``unwanted`` ``[N]`` is false, the others counted by reason.

        Raises:
            DataLayoutError: if none is left.
        """
        if unwanted.all():
            raise DataLayoutError(f"{self.name} has no image left: all of them are {reason}.")
        left = np.flatnonzero(~unwanted).tolist()
        samples = [self.samples[index] for index in left]
        hashes = [self.hashes[index] for index in left]
        return replace(
            self,
            crops=self.crops[left],
            samples=samples,
            hashes=hashes,
            sha256=listing_sha256(samples, hashes),
            reasons={**self.reasons, reason: int(unwanted.sum())},
        )

    def facts(self) -> dict[str, Any]:
        """Return what the report says of the data.

        ``left_out`` are images of other splits or halves, ``left_out_for`` those of this one
        without votes that could label them, and of contempt.
        """
        by_split = Counter(str(sample.split or "not told") for sample in self.samples)
        by_class = Counter(sample.label for sample in self.samples)
        return {
            "name": self.name,
            "sha256": self.sha256,
            "counts": {str(e): by_class[index] for index, e in enumerate(EMOTIONS)},
            "splits": dict(by_split),
            "left_out": self.left_out,
            "left_out_for": dict(self.reasons),
        }


def read_images(
    source: Path,
    spec: InputSpec,
    *,
    split: Split | None = None,
    half: Half | None = None,
    votes: Sequence[Path] = (),
    most: int | None = None,
    progress: Progress | None = None,
) -> FaceImages:
    """Decode the images of ``source`` as whole-face crops for a classifier.

    A folder of class folders is read whole. Where the layout has training images beside others,
    only its test images are read, or those of validation if there are none.

    Args:
        source: a folder or archive in a layout of docs/training.md.
        spec: the classifier's input; its margin and shift act where a data set of the service says
            where the face is.
        split: read this one instead.
        half: read only the files of this half (``data/halves.py``).
        votes: tables of what judges said (``data/votes/tables.py``); images that they cannot label
            are left out.
        most: read no more than so many of them, drawn at random (the same ones every time).
        progress: called with (done, total) now and then.

    Raises:
        DataLayoutError: if the layout is unknown, an image cannot be decoded or none is left.
        VotesError: if the votes do not fit.
    """
    with opened(source) as root:
        found, base = scan(root), data_root(root)
        samples = _chosen(found, split=split)
        if not samples:
            raise DataLayoutError(f"{source} has no {split} images; choose another --split.")
        if half is not None:
            samples = [
                s for s in samples if half_of(hashlib.sha256(s.read(base)).hexdigest()) is half
            ]
            if not samples:
                raise DataLayoutError(f"{source} has no images of half {half}.")
        others = len(found) - len(samples)
        samples, reasons = judged(samples, sources=sources_of(root, votes), base=base)
        reasons["contempt"] = count_contempt(root)
        if most is not None and len(samples) > most:
            drawn = np.random.default_rng(0).choice(len(samples), most, replace=False)
            samples = [samples[index] for index in sorted(drawn)]

        def read(sample: Sample) -> tuple[Pixels, str]:
            data = sample.read(base)
            crop = decode_known(data, path=sample.path, spec=spec, box=sample.box)
            return crop, hashlib.sha256(data).hexdigest()

        crops = np.empty((len(samples), *spec.shape), dtype=np.uint8)
        hashes: list[str] = []
        with ThreadPoolExecutor(max_workers=2) as pool:
            for index, (pixels, digest) in enumerate(pool.map(read, samples)):
                crops[index] = pixels
                hashes.append(digest)
                if progress is not None and (index % 100 == 0 or index + 1 == len(samples)):
                    progress(index + 1, len(samples))
    return FaceImages(
        name=source.resolve().name,
        crops=crops,
        samples=samples,
        hashes=hashes,
        sha256=source_sha256(source, samples, hashes),
        fer2013=is_fer2013(samples),
        left_out=others,
        reasons={reason: count for reason, count in reasons.items() if count},
    )


def _chosen(samples: Sequence[Sample], *, split: Split | None) -> list[Sample]:
    """Those of ``split``; by default never training images where others are."""
    if split is not None:
        return [sample for sample in samples if sample.split is split]
    splits = {sample.split for sample in samples}
    if Split.TRAIN in splits:
        for preferred in (Split.TEST, Split.VALIDATION):
            if preferred in splits:
                return _chosen(samples, split=preferred)
    return list(samples)
