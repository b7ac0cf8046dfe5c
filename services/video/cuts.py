"""Where one shot ends and another begins, seen by the colours of frames alone."""

import numpy as np
from numpy.typing import NDArray

# Cells of the picture: a cut changes nearly all of them, a face that moves only some.
_ROWS, _COLUMNS = 4, 4
_LEVELS = 8
# Share of pixels that change their level, in the median cell. A lamp that is switched on reaches
# it too: that ends tracks needlessly, which hurts less than two people in one.
_CUT = 0.45


class CutFinder:
    """Says of each frame whether it begins a new shot; frames come in the order shown."""

    def __init__(self) -> None:
        self._before: NDArray[np.float64] | None = None

    def cut_before(self, rgb: NDArray[np.uint8]) -> bool:
        """Return whether ``rgb``, uint8 ``[H, W, 3]``, shows another scene than the frame before.

        The first frame begins no new shot. A change of size does not matter.
        """
        shares = _shares(rgb)
        before, self._before = self._before, shares
        if before is None:
            return False
        changed = np.abs(shares - before).sum(axis=-1) / 2
        return bool(np.median(changed.max(axis=-1)) > _CUT)


def _shares(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return float64 ``[cells, 3, levels]``: what share of a cell's pixels has which level."""
    height, width = rgb.shape[:2]
    # Some 100 x 100 pixels say enough.
    small = rgb[:: max(1, height // 100), :: max(1, width // 100)]
    cells = [
        cell
        for band in np.array_split(small, _ROWS, axis=0)
        for cell in np.array_split(band, _COLUMNS, axis=1)
    ]
    levels = np.arange(_LEVELS)
    shares = [
        [((cell[..., colour, None] >> 5) == levels).mean(axis=(0, 1)) for colour in range(3)]
        for cell in cells
        if cell.size
    ]
    return np.array(shares, np.float64)
