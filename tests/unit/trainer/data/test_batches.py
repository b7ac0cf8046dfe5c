from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.config import NO_AUGMENT, AugmentConfig, ImbalanceConfig, LossConfig
from services.trainer.data.batches import Floats, TrainBatches
from services.trainer.data.dataset import Subset
from tests.fixtures.training import subset, tiny_config

MIXED = AugmentConfig(mixup=0.2, cutmix=0.5)


class Brightness:
    """A teacher that is the surer of the first class the brighter a crop is."""

    identity = "brightness"

    def answers(self, crops: Floats) -> Floats:
        sure = crops.mean(axis=(1, 2, 3))[:, None] / 255
        return np.concatenate([sure, np.repeat((1 - sure) / 6, 6, axis=1)], axis=1)


def batches(
    data: Subset | None = None,
    *,
    seed: int = 0,
    augment: AugmentConfig | None = None,
    imbalance: ImbalanceConfig | None = None,
    teacher: Brightness | None = None,
) -> TrainBatches:
    base = tiny_config()
    config = base.model_copy(
        update={
            "augment": augment or AugmentConfig(),
            "loss": LossConfig(imbalance=imbalance or ImbalanceConfig()),
            "loop": base.loop.model_copy(update={"seed": seed}),
        }
    )
    return TrainBatches(data or subset(5, seed=0), config, teacher)


def stacked(some: TrainBatches, epoch: int, start: int = 0) -> NDArray[np.float32]:
    return np.stack([batch.crops for batch in some.epoch(epoch, start=start)])


class TestTrainBatches:
    def test_leaves_out_the_incomplete_last_batch(self) -> None:
        assert len(batches()) == 4  # of 35 images

    @pytest.mark.parametrize("augment", [AugmentConfig(), MIXED])
    def test_an_epoch_is_the_same_every_time(self, augment: AugmentConfig) -> None:
        some = batches(augment=augment)
        assert (stacked(some, 3) == stacked(some, 3)).all()

    @pytest.mark.parametrize("augment", [AugmentConfig(), MIXED])
    def test_starting_in_the_middle_gives_the_rest_of_the_epoch(
        self, augment: AugmentConfig
    ) -> None:
        some = batches(augment=augment)
        assert (stacked(some, 3, start=2) == stacked(some, 3)[2:]).all()

    def test_epochs_and_seeds_differ(self) -> None:
        first = stacked(batches(), 0)
        assert not (first == stacked(batches(), 1)).all()
        assert not (first == stacked(batches(seed=1), 0)).all()

    def test_an_epoch_shows_no_image_twice(self) -> None:
        assert sorted(batches().order(0)) == list(range(35))

    def test_targets_go_with_their_images(self) -> None:
        some = batches(augment=NO_AUGMENT)
        batch = some.batch(0, 1)
        chosen = some.order(0)[8:16]
        assert np.allclose(batch.crops, some.data.images[chosen], atol=1e-3)
        assert batch.targets.dtype == np.float32
        assert (batch.targets == np.eye(7)[some.data.labels[chosen]]).all()
        assert batch.teacher is None


class TestVotes:
    """Faces of which all judges but one say fear, in a data set that says the stripes' class."""

    COUNTS = np.tile(np.array([1, 9] + [0] * 8, np.float32), (35, 1))
    DATA = replace(subset(5, seed=0), votes=COUNTS, own_labels=subset(5, seed=0).labels)

    def with_own_head(self, augment: AugmentConfig) -> TrainBatches:
        some = batches(self.DATA, augment=augment)
        loss = LossConfig(own_label_weight=0.5)
        return TrainBatches(self.DATA, some.config.model_copy(update={"loss": loss}))

    def test_shares_are_the_targets(self) -> None:
        batch = batches(self.DATA, augment=NO_AUGMENT).batch(0, 1)
        assert np.allclose(batch.targets, [0.1, 0.9, 0, 0, 0, 0, 0])
        assert batch.own is None

    def test_a_second_head_gets_the_own_labels(self) -> None:
        some = self.with_own_head(NO_AUGMENT)
        batch = some.batch(0, 1)
        assert batch.own is not None
        assert (batch.own == np.eye(7)[self.DATA.labels[some.order(0)[8:16]]]).all()
        assert np.allclose(batch.targets, [0.1, 0.9, 0, 0, 0, 0, 0])

    def test_both_are_mixed_as_the_images_are(self) -> None:
        some = self.with_own_head(NO_AUGMENT.model_copy(update={"mixup": 1.0}))
        plain, mixed = self.with_own_head(NO_AUGMENT).batch(0, 0), some.batch(0, 0)
        assert mixed.own is not None
        assert plain.own is not None
        assert np.allclose(mixed.targets.sum(axis=1), 1)
        assert np.allclose(mixed.own.sum(axis=1), 1)
        assert not np.allclose(mixed.own, plain.own)


class TestMixing:
    def test_mixing_changes_no_other_random_number(self) -> None:
        plain, mixed = batches(), batches(augment=AugmentConfig(mixup=0.2))
        unmixed = [next(some.first_crops(2, count=1)) for some in (plain, mixed)]
        assert (unmixed[0] == unmixed[1]).all()
        assert not np.allclose(plain.batch(2, 0).crops, mixed.batch(2, 0).crops)

    def test_batch_norm_is_estimated_on_crops_as_they_are(self) -> None:
        some = batches(augment=NO_AUGMENT.model_copy(update={"mixup": 1.0}))
        (crops,) = some.first_crops(0, count=1)
        assert np.allclose(crops, some.data.images[some.order(0)[:8]], atol=1e-3)


class TestTeacher:
    def test_answers_on_the_very_crops_that_the_pupil_sees(self) -> None:
        batch = batches(augment=MIXED, teacher=Brightness()).batch(1, 2)
        assert batch.teacher is not None
        np.testing.assert_allclose(batch.teacher, Brightness().answers(batch.crops))


class TestUnreadable:
    """A share of the images of which nobody can tell, whatever their label, votes or teacher."""

    SOME = AugmentConfig(**{**dict(NO_AUGMENT), "unreadable": 0.4})

    def test_everybody_answers_evenly_and_no_other_image_changes(self) -> None:
        loss = LossConfig(own_label_weight=0.5)
        plain, some = (
            TrainBatches(TestVotes.DATA, config.model_copy(update={"loss": loss}), Brightness())
            for config in (batches(augment=each).config for each in (NO_AUGMENT, self.SOME))
        )
        before, after = plain.batch(1, 0), some.batch(1, 0)
        changed = (before.crops != after.crops).any(axis=(1, 2, 3))
        assert 0 < changed.sum() < len(changed)
        for was, now in zip(before[1:], after[1:], strict=True):
            assert was is not None
            assert now is not None
            assert np.allclose(now[changed], 1 / 7)
            assert (now[~changed] == was[~changed]).all()


class TestOversampling:
    DATA = Subset(
        np.zeros((72, 16, 16, 1), np.uint8),
        np.array([0] * 64 + [3] * 8),
        np.zeros(72, dtype=bool),
    )

    def test_draws_rare_classes_more_often(self) -> None:
        imbalance = ImbalanceConfig(method="oversample", oversample_power=0.0)
        some = batches(self.DATA, imbalance=imbalance)
        labels = self.DATA.labels[some.order(0)]
        assert len(labels) == 72
        assert (labels == 3).sum() == 36

    def test_is_a_pure_function_of_the_epoch(self) -> None:
        some = batches(self.DATA, imbalance=ImbalanceConfig(method="oversample"))
        assert (some.order(4) == some.order(4)).all()
        assert not (some.order(4) == some.order(5)).all()


class TestViews:
    WHOLE = subset(8, seed=0)
    OTHER = 255 - WHOLE.images
    FOUND = np.arange(len(WHOLE)) % 2 == 0
    SECOND = Subset(WHOLE.images, WHOLE.labels, WHOLE.leaked, OTHER, FOUND)

    def crops(self, share: float) -> dict[int, bool]:
        """Which of the images came as served, in one epoch."""
        config = tiny_config().model_copy(
            update={
                "augment": NO_AUGMENT,
                "data": tiny_config().data.model_copy(update={"served_share": share}),
            }
        )
        batches = TrainBatches(self.SECOND, config)
        crops = np.concatenate([batch.crops for batch in batches.epoch(0)])
        order = batches.order(0)[: len(crops)]
        return {
            int(index): bool((crop == self.OTHER[index]).all())
            for index, crop in zip(order, crops, strict=True)
        }

    def test_all_that_have_a_face_come_as_served(self) -> None:
        assert all(served == self.FOUND[index] for index, served in self.crops(1.0).items())

    def test_a_share_of_them_does(self) -> None:
        served = [s for index, s in self.crops(0.5).items() if self.FOUND[index]]
        assert 0 < sum(served) < len(served)

    def test_none_does_by_default(self) -> None:
        assert not any(self.crops(0.0).values())
