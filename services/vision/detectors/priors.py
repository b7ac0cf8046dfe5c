"""RetinaFace's priors: squares of two sizes in each cell of three grids, and what is said of them.

Numbers as in biubug6/Pytorch_Retinaface, with which the weights were trained.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from services.vision.detectors.boxes import Floats

STRIDES = (8, 16, 32)
# What a cell says; at the finest grid, last, a second logit of its smaller prior.
VALUES = {8: 31, 16: 30, 32: 30}
MEAN = (123, 117, 104)  # red, green, blue
_SIDES = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
_SECOND_LOGIT = 30
_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2


def decode(cells: Mapping[int, Floats], lowest_logit: float) -> tuple[Floats, Floats, Floats]:
    """Boxes, logits and landmarks of the priors that may be faces.

    Args:
        cells: ``[30, h, w]`` for each stride, see ``export_retinaface``.
        lowest_logit: of a face; what is below is left out.

    Returns:
        Corners ``x1, y1, x2, y2`` ``[N, 4]``, logits ``[N]`` and landmarks ``[N, 5, 2]`` as
        ``x, y``, in pixels of the picture.
    """
    parts = list(_parts(cells, lowest_logit))
    boxes, logits, points = (np.concatenate(part) for part in zip(*parts, strict=True))
    return boxes, logits, points


def _parts(
    cells: Mapping[int, Floats], lowest_logit: float
) -> Iterator[tuple[Floats, Floats, Floats]]:
    for stride, values in cells.items():
        for number, side in enumerate(_SIDES[stride]):
            logits = values[number]
            if number == 0 and len(values) > _SECOND_LOGIT:
                logits = np.maximum(logits, values[_SECOND_LOGIT])
            y, x = np.nonzero(logits >= lowest_logit)
            seen = values[:, y, x].T
            centre = (np.stack([x, y], axis=1) + np.float32(0.5)) * np.float32(stride)
            shift = np.float32(_CENTRE_VARIANCE * side)
            corrections = seen[:, 2 + 4 * number : 6 + 4 * number]
            middle = centre + corrections[:, :2] * shift
            half = np.exp(corrections[:, 2:] * np.float32(_SIZE_VARIANCE)) * np.float32(side / 2)
            offsets = seen[:, 10 + 10 * number : 20 + 10 * number].reshape(-1, 5, 2)
            yield (
                np.hstack([middle - half, middle + half]).astype(np.float32),
                logits[y, x],
                (centre[:, np.newaxis] + offsets * shift).astype(np.float32),
            )
