"""Mixing two images and their targets, so that the network learns what lies between them.

A batch is mixed with itself in another order, by one share: mixup blends all pixels (Zhang et
al., arXiv 1710.09412), cutmix pastes one rectangle (Yun et al., arXiv 1905.04899).
"""

import numpy as np
from numpy.typing import NDArray

from services.trainer.config import AugmentConfig

Floats = NDArray[np.float32]


def mix(
    crops: Floats, targets: Floats, *, config: AugmentConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return mixed copies of ``crops`` ``[B, S, S, C]`` and ``targets`` ``[B, K]``.

    Of a batch that is cut together, the share is uniform, as the paper has it for cutmix.
    """
    cut = rng.random() < config.cutmix
    if not cut and not config.mixup:
        return crops, targets
    others = rng.permutation(len(crops))
    if cut:
        mixed, share = _cut(crops, crops[others], share=rng.uniform(), rng=rng)
    else:
        share = rng.beta(config.mixup, config.mixup)
        mixed = _blend(crops, crops[others], share)
    return mixed, _blend(targets, targets[others], share)


def _blend(ours: Floats, theirs: Floats, share: float) -> Floats:
    ratio = np.float32(share)
    return np.asarray(ours * ratio + theirs * (1 - ratio), dtype=np.float32)


def _cut(
    ours: Floats, theirs: Floats, *, share: float, rng: np.random.Generator
) -> tuple[Floats, float]:
    """Paste a rectangle of about ``1 - share``; return with the share that is left of ours.

    Its centre lies anywhere, so it may reach over the border and be smaller than drawn.
    """
    size = np.array(ours.shape[1:3])
    half = size * np.sqrt(1 - share) / 2
    centre = rng.integers(0, size)
    top, left = np.maximum(np.rint(centre - half), 0).astype(int)
    bottom, right = np.rint(centre + half).astype(int)
    mixed = ours.copy()
    patch = mixed[:, top:bottom, left:right]
    patch[...] = theirs[:, top:bottom, left:right]
    return mixed, 1 - patch[0, ..., 0].size / size.prod()
