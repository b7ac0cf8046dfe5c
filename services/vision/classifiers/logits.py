"""Logits of any number of faces, in batches of few different sizes, and their probabilities.

Trainer and worker make probabilities of logits in this one way.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from services.common.domain.emotions import EMOTIONS
from services.vision.transforms import InputSpec, Pixels

# Measured on one core: DenseNet121 at 224 px in bf16 takes 14.5 ms a face alone, 9.7 in batches of
# 8, 10.0 of 16 and 11.2 of 32; the starter stays within 4 % from 4 on. Every doubling costs memory.
LARGEST_BATCH = 8

Floats = NDArray[np.float32]
Run = Callable[[Pixels], Floats]
Sizes = Sequence[int]

# An engine prepares its kernels per batch size. Four sizes are prepared once; the sizes of real
# chunks would never end, and padding to one size would waste most of a small chunk.
POWERS_OF_TWO: Sizes = (LARGEST_BATCH, 4, 2, 1)
_PADDED: Sizes = (LARGEST_BATCH,)
_ALONE: Sizes = (1,)


def steady_sizes(run: Run, spec: InputSpec) -> Sizes:
    """Return batch sizes with which a face's logits do not depend on the faces around it.

    OpenVINO 2026.4.1 (AVX2, AVX-512) and ONNX Runtime 1.32.0 (AVX-512) give the starter's faces
    the same bits in any batch, but promise it nowhere. An engine that does not gets batches of one
    size, the last one padded; if a face's place in it still matters, each face runs alone.

    Args:
        run: uint8 ``[n, S, S, C]`` to logits ``[n, 7]``.
        spec: the shape of a crop.
    """
    # So many that every size runs; turned round, nearly all of them meet another size and place.
    shape = (2 * LARGEST_BATCH - 1, *spec.shape)
    crops = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for sizes in (POWERS_OF_TWO, _PADDED):
        logits = logits_in_batches(run, crops, spec, sizes=sizes)
        turned = logits_in_batches(run, np.ascontiguousarray(crops[::-1]), spec, sizes=sizes)
        if np.array_equal(logits, turned[::-1]):
            return sizes
    return _ALONE


def batch_sizes(count: int, sizes: Sizes = POWERS_OF_TWO) -> Iterator[int]:
    """Cut ``count`` into ``sizes``, largest first: 23 is 8, 8, 4, 2 and 1.

    Without a size of 1 the last batch may hold more than what is left.
    """
    while count > 0:
        size = next((size for size in sizes if size <= count), sizes[-1])
        yield size
        count -= size


def logits_in_batches(
    run: Run, crops: Pixels, spec: InputSpec, *, sizes: Sizes = POWERS_OF_TWO
) -> Floats:
    """Run the network over all crops in bounded batches.

    Args:
        run: uint8 ``[n, S, S, C]`` to logits ``[n, 7]``.
        crops: uint8 ``[N, S, S, C]``; N may be 0.
        spec: the shape that the crops must have.
        sizes: of batches, largest first; the last one is padded with black crops.

    Returns:
        float32 ``[N, 7]``.

    Raises:
        ValueError: if the crops are not those of ``spec``.
    """
    if crops.dtype != np.uint8 or crops.shape[1:] != spec.shape:
        raise ValueError(f"expected uint8 crops of {spec.shape}, got {crops.dtype} {crops.shape}")
    logits = np.empty((len(crops), len(EMOTIONS)), np.float32)
    start = 0
    for size in batch_sizes(len(crops), sizes):
        some = crops[start : start + size]
        padding = np.zeros((size - len(some), *spec.shape), np.uint8)
        whole = np.concatenate([some, padding]) if len(padding) else some
        logits[start : start + size] = run(whole)[: len(some)]
        start += size
    return logits


def to_probabilities(
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    prior_shift: Sequence[float] = (0.0,) * 7,
) -> NDArray[np.float64]:
    """Return ``softmax((logits + prior_shift) / temperature)`` over the last axis.

    The shift is post-hoc logit adjustment (Menon et al., arXiv 2007.07314), the temperature is
    fitted after it (Guo et al., arXiv 1706.04599). In float64, so that each row sums to 1
    within 1e-12 and no class is rounded to a sum of 1.0000002.

    Args:
        logits: any float type, ``[N, 7]``, ordered as ``EMOTIONS``.
        temperature: above 0; above 1 softens.
        prior_shift: seven values added to each row.
    """
    shifted = (np.asarray(logits, dtype=np.float64) + np.asarray(prior_shift)) / temperature
    powers = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
