import numpy as np

from services.trainer.evaluation.slices import slices

RNG = np.random.default_rng(0)


class TestSlices:
    def test_finds_that_dark_images_fail(self) -> None:
        levels = np.repeat([20, 90, 160, 230], 10).astype(np.uint8)
        crops = np.broadcast_to(levels[:, None, None, None], (40, 8, 8, 1)).copy()
        found = [s for s in slices(crops, levels > 20) if s.measure == "brightness"]
        assert [s.accuracy for s in found] == [0, 1, 1, 1]
        assert [s.n for s in found] == [10] * 4
        assert (found[0].low, found[0].high) == (20, 20)

    def test_keeps_equal_values_together(self) -> None:
        crops = np.full((12, 8, 8, 3), 100, dtype=np.uint8)
        found = slices(crops, np.ones(12, dtype=bool))
        assert [(s.measure, s.n) for s in found] == [
            ("brightness", 12),
            ("contrast", 12),
            ("sharpness", 12),
        ]

    def test_sharpness_ignores_contrast(self) -> None:
        noise = RNG.normal(0, 10, (8, 16, 16, 1))
        low, high = 128 + noise, 128 + 4 * noise
        crops = np.concatenate([low, high]).clip(0, 255).astype(np.uint8)
        found = slices(crops, np.repeat([True, False], 8))
        contrast = [s.accuracy for s in found if s.measure == "contrast"]
        sharpness = [s.accuracy for s in found if s.measure == "sharpness"]
        assert contrast == [1, 1, 0, 0]
        assert max(sharpness) < 1
