import numpy as np
import pytest

from services.trainer.config import NO_AUGMENT
from services.trainer.data.mixing import Floats, mix

# Crop i has the value i everywhere, so that a pixel tells where it came from.
CROPS = np.broadcast_to(
    np.arange(14, dtype=np.float32)[:, None, None, None], (14, 20, 20, 1)
).copy()
TARGETS = np.eye(7, dtype=np.float32)[np.arange(14) % 7]


def mixed(*, mixup: float = 0.0, cutmix: float = 0.0, seed: int = 0) -> tuple[Floats, Floats]:
    config = NO_AUGMENT.model_copy(update={"mixup": mixup, "cutmix": cutmix})
    return mix(CROPS, TARGETS, config=config, rng=np.random.default_rng(seed))


class TestMix:
    def test_changes_nothing_when_both_are_off(self) -> None:
        crops, targets = mixed()
        assert (crops == CROPS).all()
        assert (targets == TARGETS).all()

    @pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"cutmix": 1.0}])
    def test_leaves_the_originals_alone(self, settings: dict[str, float]) -> None:
        crops, targets = CROPS.copy(), TARGETS.copy()
        mixed(**settings)
        assert (crops == CROPS).all()
        assert (targets == TARGETS).all()

    @pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"cutmix": 1.0}])
    @pytest.mark.parametrize("seed", range(20))
    def test_targets_stay_distributions_in_float32(
        self, settings: dict[str, float], seed: int
    ) -> None:
        crops, targets = mixed(**settings, seed=seed)
        assert crops.dtype == targets.dtype == np.float32
        np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
        assert (targets >= 0).all()

    @pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"cutmix": 1.0}])
    @pytest.mark.parametrize("seed", range(20))
    def test_targets_are_mixed_by_the_share_of_pixels(
        self, settings: dict[str, float], seed: int
    ) -> None:
        crops, targets = mixed(**settings, seed=seed)
        for index in range(14):
            shares = targets[index].astype(float)
            shares[index % 7] = 0
            if not shares.any():  # it met its own class
                continue
            other = int(shares.argmax())
            # One of the two crops of that class, so much of it as the target says.
            means = [index + shares[other] * (source - index) for source in (other, other + 7)]
            assert np.isclose(crops[index].mean(), means, atol=1e-3).any()


class TestMixup:
    def test_blends_all_pixels_alike(self) -> None:
        crops, _ = mixed(mixup=1.0)
        assert np.ptp(crops, axis=(1, 2, 3)).max() < 1e-5
        assert not np.allclose(crops, CROPS)

    def test_a_small_alpha_leaves_most_of_one_image(self) -> None:
        shares = [mixed(mixup=0.1, seed=seed)[1].max(axis=1).mean() for seed in range(40)]
        assert np.mean(shares) > 0.85


class TestCutmix:
    def test_pastes_one_rectangle_at_the_same_place_of_all(self) -> None:
        crops, _ = mixed(cutmix=1.0, seed=3)
        changed = (crops != CROPS).any(axis=0)[..., 0]
        assert 0 < changed.sum() < changed.size
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        assert changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()

    def test_is_as_frequent_as_asked_and_mixup_fills_the_rest(self) -> None:
        cut = 0
        for seed in range(100):
            crops, _ = mixed(mixup=1.0, cutmix=0.3, seed=seed)
            cut += bool(np.ptp(crops, axis=(1, 2, 3)).max() > 1e-3)
        assert 15 < cut < 45
