from pathlib import Path

import numpy as np

from services.vision.detectors.finest_grid import FinestGrid
from tests.fixtures.photos import noise

RETINAFACE = Path(__file__).parents[4] / "models" / "retinaface"


def test_gives_the_values_of_each_cell_and_its_logit() -> None:
    values, logits = FinestGrid(RETINAFACE).of(noise(200, 100), 0.64)
    assert values.shape == (8, 16, 64)
    assert logits.shape == (8, 16)
    assert (values >= 0).all()  # behind a ReLU
    assert np.ptp(logits) > 0
