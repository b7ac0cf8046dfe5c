"""Decode a data set once into arrays, with a manifest of what is in them and why.

images.npy      uint8 [N, S, S, C]: faces in their own frames, or as serving would crop them where
                the recipe wants no other view (data.framing)
served.npy      the same as serving would crop them, if the recipe trains on those as well
votes.npy       float32 [N, 10], what judges said of each, where the recipe has votes
manifest.json   hashes, recipe, audit, framing, detector, and for each image: path, SHA-256, label,
                split, kept (used at all), leaked (an evaluation image with a copy in training),
                found (served.npy holds a crop around its face), own_label (the data set's, where
                label is the majority of votes)
"""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.common.files import write_atomically
from services.trainer.config import DataConfig
from services.trainer.data.audit import audit
from services.trainer.data.cache import whole_cache
from services.trainer.data.decoding import decode_face, side_of_face, source_sha256
from services.trainer.data.described import read_description
from services.trainer.data.framing import scaled
from services.trainer.data.known import halved, recognise
from services.trainer.data.layouts import Sample, Split, count_contempt, data_root, opened, scan
from services.trainer.data.seen import SeenImages
from services.trainer.data.splits import cut_splits
from services.trainer.data.views import detector_identity, look_as_served
from services.trainer.data.votes import judged, majority, sources_of
from services.trainer.errors import VOTES_NEEDED, VotesError
from services.trainer.files import sha256_of
from services.vision.detectors.port import FaceDetector
from services.vision.transforms import InputSpec

IMAGES_NAME = "images.npy"
SERVED_NAME = "served.npy"
VOTES_NAME = "votes.npy"
MANIFEST_NAME = "manifest.json"

# Largest side of the frames out of which faces are cut: 5,000 in RGB take 0.55 GB. Images that
# are smaller are not enlarged first; so many of them are asked.
_FRAME, _ASKED = 192, 32

Pixels = NDArray[np.uint8]
Progress = Callable[[str, int, int], None]
Stage = Callable[[int, int], None]


def prepare(
    source: Path,
    *,
    out: Path,
    config: DataConfig,
    needs_votes: bool = False,
    seen: SeenImages | None = None,
    detector: FaceDetector | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Read ``source`` (a folder or a ``.tar.gz``), audit it, write the cache, return its manifest.

    A whole cache of the same images, votes and recipe is taken as it is: looking for the faces of
    FER2013 takes some 20 minutes of a core, and a run may be stopped before its first step.

    Args:
        source: the data; never changed.
        out: the cache folder, made if missing.
        config: size, colour, splits, duplicate threshold, framing.
        needs_votes: the recipe cannot do without; told before minutes are spent.
        seen: by the model that training goes on from, for ``split_rule`` "unseen".
        detector: finds the faces whose framing is measured; the product's own when None.
        progress: called with (what, done, total) now and then.

    Raises:
        DataLayoutError: if the layout is unknown or an image cannot be decoded.
        VotesError: if the votes do not fit, or are needed and not there.
        SeenImagesError: if the earlier model has seen so many that too few are left to test on.
    """
    out.mkdir(parents=True, exist_ok=True)
    spec = _whole_frame(config)
    with opened(source) as root:
        base, sources = data_root(root), sources_of(root, [Path(name) for name in config.votes])
        samples, left_out = judged(scan(root), sources=sources, base=base)
        if needs_votes and all(sample.votes is None for sample in samples):
            raise VotesError(VOTES_NEEDED)
        left_out["contempt"] = count_contempt(root)
        described = read_description(base)
        side = config.size if config.framing == "own" else _side_of_frames(samples, base, config)
        frames, hashes = _decode_all(
            samples,
            base=base,
            spec=spec.model_copy(update={"size": side}),
            progress=_of("decoding", progress),
        )
    if described is not None:
        described.check(samples, hashes)
    votes = _votes(samples)
    identity = {
        "detector": detector_identity() if detector is None else None,
        "config": config.model_dump(mode="json"),
        "source_sha256": source_sha256(source, samples, hashes),
        **({} if votes is None else {"votes_sha256": _saved_sha256(votes)}),
    }
    arrays = {
        "images_sha256": out / IMAGES_NAME,
        "served_sha256": out / SERVED_NAME,
        "votes_sha256": out / VOTES_NAME,
    }
    repeats = detector is None and seen is None
    if repeats and (found := whole_cache(out / MANIFEST_NAME, arrays=arrays, wanted=identity)):
        return found
    images = frames if config.framing == "own" else _scaled_all(frames, spec)
    labels = np.array([sample.label for sample in samples], dtype=np.int64)
    if votes is not None:
        labels, decided = majority(votes)
    cut = cut_splits(
        samples,
        images,
        hashes,
        labels,
        config=config,
        seen=seen,
        progress=_of("looking for copies", progress),
    )
    splits = cut.splits
    findings = audit(images, labels=labels, splits=splits, threshold=config.near_duplicate)
    kept = findings.keep(splits) if config.drop_suspect else np.ones(len(samples), dtype=bool)
    facts = described.facts if described else recognise(samples, source=source)
    if config.split_rule == "halves":
        facts = halved(facts)
    elif config.split_rule == "unseen":
        facts = replace(facts, split_names={})  # the cut is not the data set's
    views = look_as_served(
        frames,
        train=kept & (splits == Split.TRAIN),
        facts=facts,
        config=config,
        spec=spec,
        known=[sample.box for sample in samples],
        detector=detector,
        progress=_of("looking for faces", progress),
    )
    served = views.served
    if config.framing == "served" and served is not None:
        images, served = served, None
    np.save(out / IMAGES_NAME, images)
    rows = _rows(
        samples,
        hashes=hashes,
        labels=labels,
        splits=splits,
        kept=kept,
        leaked=findings.leaked,
        found=views.found,
    )
    manifest = {
        "format_version": 1,
        "labels": list(EMOTIONS),
        "facts": asdict(views.facts),
        "data_set": described.reference if described else None,
        **identity,
        "images_sha256": sha256_of(out / IMAGES_NAME),
        "splits_sha256": _rows_hash(rows),
        "audit": findings.summary(splits),
        "kept_together": {
            "groups": len(cut.groups),
            "images": sum(map(len, cut.groups)),
            "largest": max(map(len, cut.groups), default=0),
        },
        "trained_before": int(cut.trained.sum()),
        "counts": _counts(labels, splits, kept),
        "left_out": {reason: count for reason, count in left_out.items() if count},
        "images": rows,
    }
    if votes is not None:
        np.save(out / VOTES_NAME, votes)
        manifest["without_majority"] = int((~decided).sum())
    if served is not None:
        np.save(out / SERVED_NAME, served)
        manifest["served_sha256"] = sha256_of(out / SERVED_NAME)
    write_atomically(out / MANIFEST_NAME, json.dumps(manifest, indent=1).encode())
    return manifest


def _of(what: str, progress: Progress | None) -> Stage | None:
    return None if progress is None else partial(progress, what)


def _whole_frame(config: DataConfig) -> InputSpec:
    channels = config.channels
    return InputSpec(
        size=config.size,
        channels=channels,
        crop_margin=0.0,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )


def _side_of_frames(samples: Sequence[Sample], base: Path, config: DataConfig) -> int:
    """Return the side to decode at: a face that fills a part of its frame is cut out of it."""
    some = samples[:: max(1, len(samples) // _ASKED)]
    found = (side_of_face(sample.read(base), path=sample.path) for sample in some)
    return max(config.size, min(_FRAME, max(found)))


def _scaled_all(frames: Pixels, spec: InputSpec) -> Pixels:
    images = np.empty((len(frames), *spec.shape), dtype=np.uint8)
    for index, frame in enumerate(frames):
        images[index] = scaled(frame, spec)
    return images


def _decode_all(
    samples: Sequence[Sample], *, base: Path, spec: InputSpec, progress: Stage | None
) -> tuple[Pixels, list[str]]:
    """Decode with the product's own decoder and crop, so that training sees what serving sees."""
    images = np.empty((len(samples), *spec.shape), dtype=np.uint8)
    hashes: list[str] = []

    def read(sample: Sample) -> tuple[Pixels, str]:
        data = sample.read(base)
        return decode_face(data, path=sample.path, spec=spec), hashlib.sha256(data).hexdigest()

    with ThreadPoolExecutor(max_workers=2) as pool:
        for index, (pixels, digest) in enumerate(pool.map(read, samples)):
            images[index] = pixels
            hashes.append(digest)
            if progress is not None and index % 500 == 0:
                progress(index, len(samples))
    return images, hashes


def _rows_hash(rows: Sequence[dict[str, Any]]) -> str:
    """Of every image's content, label and use: two machines that agree on it cut alike."""
    keys = ("sha256", "path", "label", "split", "kept", "own_label")
    return hashlib.sha256(
        json.dumps([[row[key] for key in keys if key in row] for row in rows]).encode()
    ).hexdigest()


def _votes(samples: Sequence[Sample]) -> NDArray[np.float32] | None:
    given = [sample.votes for sample in samples if sample.votes is not None]
    return np.array(given, dtype=np.float32) if given else None


def _saved_sha256(array: NDArray[Any]) -> str:
    """Of the file that ``np.save`` makes of it."""
    file = io.BytesIO()
    np.save(file, array)
    return hashlib.sha256(file.getvalue()).hexdigest()


def _counts(
    labels: NDArray[np.int64], splits: NDArray[np.str_], kept: NDArray[np.bool_]
) -> dict[str, dict[str, int]]:
    return {
        str(split): {
            str(emotion): int(((splits == split) & kept & (labels == index)).sum())
            for index, emotion in enumerate(EMOTIONS)
        }
        for split in Split
        if split in splits
    }


def _rows(
    samples: Sequence[Sample],
    *,
    hashes: Sequence[str],
    labels: NDArray[np.int64],
    splits: NDArray[np.str_],
    kept: NDArray[np.bool_],
    leaked: NDArray[np.bool_],
    found: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    return [
        {
            "path": sample.path,
            "sha256": digest,
            "label": int(label),
            "split": str(split),
            "kept": bool(keep),
            "leaked": bool(is_leaked),
            "found": bool(has_face),
            **({"own_label": sample.label} if sample.votes is not None else {}),
        }
        for sample, digest, label, split, keep, is_leaked, has_face in zip(
            samples, hashes, labels, splits, kept, leaked, found, strict=True
        )
    ]
