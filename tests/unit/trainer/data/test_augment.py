import numpy as np
import pytest

from services.trainer.config import AugmentConfig
from services.trainer.data.augment import augment
from tests.fixtures.training import striped

IMAGES = np.stack([striped(label, seed=label, side=24) for label in range(7)])
NOTHING = dict.fromkeys(("flip", "shift", "zoom", "rotate", "brightness", "contrast", "erase"), 0)


def changed(seed: int = 0, **settings: object) -> np.ndarray:
    config = AugmentConfig.model_validate({**NOTHING, **settings})
    return augment(IMAGES, config=config, rng=np.random.default_rng(seed))


class TestAugment:
    def test_changes_nothing_when_all_is_off(self) -> None:
        result = changed()
        assert result.dtype == np.float32
        assert np.allclose(result, IMAGES, atol=1e-3)

    def test_flips_exactly(self) -> None:
        assert np.allclose(changed(flip=1), IMAGES[:, :, ::-1], atol=1e-3)

    def test_leaves_the_originals_alone(self) -> None:
        before = IMAGES.copy()
        changed(flip=1, erase=1, contrast=0.3)
        assert (before == IMAGES).all()

    @pytest.mark.parametrize("settings", [{"shift": 0.1}, {"zoom": 0.1}, {"rotate": 10}])
    def test_moves_pixels_within_their_range(self, settings: dict[str, float]) -> None:
        result = changed(**settings)
        assert not np.allclose(result, IMAGES, atol=1)
        assert result.min() >= 0
        assert result.max() <= 255

    def test_a_shift_repeats_the_border(self) -> None:
        ramp = np.tile(np.arange(100, 124, dtype=np.uint8)[:, None], (1, 24))[None, ..., None]
        config = AugmentConfig.model_validate({**NOTHING, "shift": 0.4})
        result = augment(ramp, config=config, rng=np.random.default_rng(1))
        assert result.min() >= 100  # no black came in

    def test_light_stays_within_bytes(self) -> None:
        result = changed(brightness=0.9, contrast=0.9)
        assert result.min() >= 0
        assert result.max() <= 255

    def test_erases_a_rectangle_of_the_area_asked_for(self) -> None:
        result = changed(erase=1, erase_area=(0.1, 0.1))
        shares = (np.abs(result - IMAGES) > 1e-3).mean(axis=(1, 2, 3))
        assert (shares > 0.05).all()
        assert (shares < 0.15).all()

    def test_follows_the_generator(self) -> None:
        settings = {"shift": 0.1, "erase": 0.5, "contrast": 0.3}
        assert (changed(1, **settings) == changed(1, **settings)).all()
        assert not (changed(1, **settings) == changed(2, **settings)).all()
