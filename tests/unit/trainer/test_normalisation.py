import numpy as np
import pytest

from services.trainer.normalisation import measure


class TestMeasure:
    def test_measures_each_channel(self) -> None:
        images = np.zeros((4, 8, 8, 2), dtype=np.uint8)
        images[:2, ..., 0], images[..., 1] = 200, 50
        found = measure(images)
        assert found.mean == (100.0, 50.0)
        assert found.std == (100.0, 1.0)  # never zero: it divides

    def test_rounds_to_hundredths(self) -> None:
        images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1), np.uint8)
        assert measure(images).mean[0] == pytest.approx(images.mean(), abs=0.005)
