import numpy as np

from services.trainer.config import AugmentConfig
from services.trainer.data.dataset import TrainBatches
from tests.fixtures.training import subset


def batches(*, seed: int = 0, batch_size: int = 8) -> TrainBatches:
    return TrainBatches(subset(5, seed=0), batch_size, seed, AugmentConfig())


def stacked(some: TrainBatches, epoch: int, start: int = 0) -> np.ndarray:
    return np.stack([crops for crops, _ in some.epoch(epoch, start=start)])


class TestTrainBatches:
    def test_leaves_out_the_incomplete_last_batch(self) -> None:
        assert len(batches()) == 4  # of 35 images

    def test_an_epoch_is_the_same_every_time(self) -> None:
        assert (stacked(batches(), 3) == stacked(batches(), 3)).all()

    def test_starting_in_the_middle_gives_the_rest_of_the_epoch(self) -> None:
        assert (stacked(batches(), 3, start=2) == stacked(batches(), 3)[2:]).all()

    def test_epochs_and_seeds_differ(self) -> None:
        first = stacked(batches(), 0)
        assert not (first == stacked(batches(), 1)).all()
        assert not (first == stacked(batches(seed=1), 0)).all()

    def test_an_epoch_shows_no_image_twice(self) -> None:
        order = batches().order(0)
        assert sorted(order) == list(range(35))

    def test_labels_go_with_their_images(self) -> None:
        plain = AugmentConfig(flip=0, shift=0, zoom=0, rotate=0, brightness=0, contrast=0, erase=0)
        data = subset(5, seed=0)
        some = TrainBatches(data, 8, 0, plain)
        crops, labels = some.batch(0, 1)
        chosen = some.order(0)[8:16]
        assert np.allclose(crops, data.images[chosen], atol=1e-3)
        assert (labels == data.labels[chosen]).all()
