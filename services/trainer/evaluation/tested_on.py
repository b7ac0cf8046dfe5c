"""What figures are about: a truth, and a hash that knows a test set again.

Figures of two models are comparable where both were evaluated on the same images and held to the
same labels. The service's gate asks for equal hashes (``services/common/registry/figures.py``).
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.bundles import Truth
from services.common.domain.emotions import EMOTIONS


def describe_test(
    hashes: Sequence[str] | NDArray[np.str_], labels: NDArray[np.int64], *, judged: bool
) -> dict[str, Any]:
    """Return truth, hash and number of images, as a manifest's metrics have them.

    The hash is that of a sorted listing with a line ``SHA-256  label`` for each image: neither the
    order of the files nor their names count.

    Args:
        hashes: SHA-256 of each file, hex digits ``[N]``.
        labels: the true labels, ``[N]``, indices into ``EMOTIONS``.
        judged: they are the majority of judges; else the data set's own.
    """
    lines = sorted(
        f"{digest}  {EMOTIONS[label]}\n" for digest, label in zip(hashes, labels, strict=True)
    )
    return {
        "truth": str(Truth.JUDGES if judged else Truth.DATA_SET),
        "test_sha256": hashlib.sha256("".join(lines).encode()).hexdigest(),
        "n": len(lines),
    }
