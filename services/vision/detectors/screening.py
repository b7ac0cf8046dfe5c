"""Networks that ask twice: in low precision for everything, exactly for what may matter.

In bfloat16 alone the cascade finds the same faces in other boxes (79 % at IoU 0.95), as another
candidate wins by a hair. But 99 % of P-Net's cells and nine in ten of R-Net's candidates are far
from their thresholds, and for them half the time will do. Of 45,000 cells and 2,500 candidates
that passed, in dark, bright, noisy and gray photos of groups, none was rated lower than 0.051
below its threshold; the margin is more than twice that.
"""

from typing import Protocol

import numpy as np

from services.vision.detectors.boxes import Floats
from services.vision.detectors.mtcnn import (
    PNET_THRESHOLD,
    RNET_THRESHOLD,
    STRIDE,
    WINDOW,
    Networks,
    logit,
)

_MARGIN = 0.12
_PNET_LOGIT = logit(PNET_THRESHOLD - _MARGIN)
# Below, looking again costs as much as it saves.
_SCREENED_PIXELS = 100_000


class ExactNetworks(Networks, Protocol):
    """Networks that answer for single windows of P-Net as well."""

    def pnet_windows(self, windows: Floats) -> Floats:
        """Cells ``[N, 5]`` of windows ``[N, 3, 12, 12]``."""


class RoughNetworks(Protocol):
    """The two networks that have something to screen; see ``Networks``."""

    def pnet(self, pixels: Floats) -> Floats:
        """See ``Networks.pnet``."""

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        """See ``Networks.rnet``."""


class ScreenedNetworks:
    """``Networks`` that answer as the exact ones wherever a threshold is near."""

    def __init__(self, exact: ExactNetworks, rough: RoughNetworks) -> None:
        """Join them; ``rough`` are the first two networks in low precision."""
        self._exact = exact
        self._rough = rough

    def pnet(self, pixels: Floats) -> Floats:
        """See ``Networks.pnet``; cells well below the threshold are the rough ones."""
        height, width = pixels.shape[1:]
        if height * width < _SCREENED_PIXELS:
            return self._exact.pnet(pixels)
        cells = self._rough.pnet(pixels)
        # Cells at an odd edge see a window that is a pixel short.
        if height % 2:
            cells[:, -1:] = self._exact.pnet(pixels[:, 1 - WINDOW :])
        if width % 2:
            cells[:, :, -1:] = self._exact.pnet(pixels[:, :, 1 - WINDOW :])
        rows, columns = (height - WINDOW) // STRIDE + 1, (width - WINDOW) // STRIDE + 1
        y, x = np.nonzero(cells[0, :rows, :columns] >= _PNET_LOGIT)
        if not y.size:
            return cells
        windows = np.lib.stride_tricks.sliding_window_view(pixels, (WINDOW, WINDOW), axis=(1, 2))
        seen = windows[:, ::STRIDE, ::STRIDE][:, y, x].transpose(1, 0, 2, 3)
        cells[:, y, x] = self._exact.pnet_windows(np.ascontiguousarray(seen)).T
        return cells

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        """See ``Networks.rnet``; scores well below the threshold are the rough ones."""
        scores, offsets = self._rough.rnet(crops)
        likely = np.flatnonzero(scores > RNET_THRESHOLD - _MARGIN)
        if likely.size:
            scores[likely], offsets[likely] = self._exact.rnet(crops[likely])
        return scores, offsets

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """See ``Networks.onet``."""
        return self._exact.onet(crops)
