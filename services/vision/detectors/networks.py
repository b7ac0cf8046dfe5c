"""Exported networks: read and verified, run in batches of one size."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from services.common.domain.errors import BundleError
from services.vision.detectors.boxes import Floats


def read_networks(directory: Path, *names: str) -> dict[str, bytes]:
    """Return serialised networks by name, each checked against ``manifest.json``.

    Raises:
        BundleError: if the manifest or a network is missing or not what its SHA-256 says.
    """
    restore = f"restore models/{directory.name}"
    try:
        files = json.loads((directory / "manifest.json").read_bytes())["files"]
        networks = {name: (directory / f"{name}.onnx").read_bytes() for name in names}
        expected = {name: files[f"{name}.onnx"] for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"The detector's networks are incomplete; {restore}.") from error
    for name, data in networks.items():
        if hashlib.sha256(data).hexdigest() != expected[name]:
            raise BundleError(f"{name}.onnx is not what its SHA-256 says; {restore}.")
    return networks


def in_batches(
    run: Callable[[Floats], Sequence[Floats]], crops: Floats, batch: int
) -> list[Floats]:
    """Run fixed batches, the last one padded: one shape, compiled once, constant memory."""
    parts: list[Sequence[Floats]] = []
    for start in range(0, len(crops), batch):
        some = crops[start : start + batch]
        if len(some) < batch:
            padding = np.zeros((batch - len(some), *crops.shape[1:]), np.float32)
            some = np.concatenate([some, padding])
        parts.append(run(some))
    return [np.concatenate(part)[: len(crops)] for part in zip(*parts, strict=True)]
