import numpy as np
import pytest

from services.trainer.config import AugmentConfig
from services.trainer.data.augment import augment, unreadable
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


class TestPoorPhotos:
    def test_blur_keeps_the_mean_and_lowers_the_contrast(self) -> None:
        result = changed(blur=1, blur_sigma=0.1)
        assert np.allclose(result.mean(axis=(1, 2, 3)), IMAGES.mean(axis=(1, 2, 3)), atol=6)
        assert (result.std(axis=(1, 2, 3)) < IMAGES.std(axis=(1, 2, 3))).all()

    def test_levels_are_squeezed_into_whole_ones(self) -> None:
        result = changed(levels=1, least_levels=0.2)
        spans, before = np.ptp(result, axis=(1, 2, 3)), np.ptp(IMAGES, axis=(1, 2, 3))
        assert (result == np.rint(result)).all()
        assert (spans >= 0.2 * before - 1).all()
        assert (spans < before).all()
        assert len(np.unique(np.round(spans / before, 2))) > 1

    def test_a_jpeg_is_near_its_image_and_not_the_same(self) -> None:
        result = changed(jpeg=1, jpeg_quality=60)
        distance = np.abs(result - IMAGES).mean(axis=(1, 2, 3))
        assert (distance > 0.1).all()
        assert (distance < 20).all()

    @pytest.mark.parametrize("channels", [1, 3])
    def test_keep_the_shape_of_gray_and_colour(self, channels: int) -> None:
        config = AugmentConfig.model_validate({**NOTHING, "blur": 1, "levels": 1, "jpeg": 1})
        images = np.repeat(IMAGES[..., :1], channels, axis=3)
        result = augment(images, config=config, rng=np.random.default_rng(0))
        assert result.shape == images.shape
        assert result.dtype == np.float32
        assert (result >= 0).all()
        assert (result <= 255).all()

    def test_happen_to_the_share_of_images_asked_for(self) -> None:
        config = AugmentConfig.model_validate({**NOTHING, "levels": 0.25})
        many = np.repeat(IMAGES, 100, axis=0)
        result = augment(many, config=config, rng=np.random.default_rng(0))
        share = (np.abs(result - many) > 1e-3).any(axis=(1, 2, 3)).mean()
        assert 0.2 < share < 0.3


def test_an_unreadable_image_keeps_its_light_and_little_of_its_detail() -> None:
    for seed, image in enumerate(IMAGES.astype(np.float32)):
        result = unreadable(image, rng=np.random.default_rng(seed))
        assert result.shape == image.shape
        assert abs(result.mean() - image.mean()) < 15
        steps, left = (np.abs(np.diff(each, axis=0)).mean() for each in (image, result))
        assert left < 0.7 * steps
