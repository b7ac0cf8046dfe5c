"""Weights that come with BatchNorm folded are trained on from what they know."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.config import DataConfig, DenseNetConfig, ModelConfig, TrainConfig
from services.trainer.networks.batch_norm import unfold_batch_norm
from services.trainer.networks.build import build_network
from services.trainer.networks.layers import FusedBatchNorm
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.state import TrainingState

Crops = NDArray[np.float32]
SIDE = 16
SCALE = Normalisation((128.0,), (64.0,))


def folded() -> keras.Model:
    """Two convolutions with a factor and a shift each, for moments of 0 and 1."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((SIDE, SIDE, 1))
    for name in ("first", "second"):
        x = keras.layers.Conv2D(4, 3, padding="same", use_bias=False, name=name)(x)
        x = FusedBatchNorm(epsilon=1e-3, name=f"{name}.bn")(x)
        x = keras.layers.ReLU(6.0)(x)
    model = keras.Model(inputs, x)
    for layer in batch_norms(model):
        layer.gamma.assign([0.01, 0.02, 0.0, 0.03])
        layer.beta.assign([0.5, 1.0, 0.7, 1.5])
    return model


def batch_norms(model: keras.Model) -> list[FusedBatchNorm]:
    return [layer for layer in model.layers if isinstance(layer, FusedBatchNorm)]


def values(model: keras.Model) -> list[Crops]:
    return [variable.numpy() for variable in model.weights]


@pytest.fixture
def batches() -> list[Crops]:
    """Unlike in brightness, so that moments differ between them too."""
    rng = np.random.default_rng(0)
    return [
        rng.uniform(low, low + 150, (16, SIDE, SIDE, 1)).astype(np.float32) for low in (0, 40, 100)
    ]


class TestUnfold:
    def test_the_answers_stay_the_same(self, batches: list[Crops]) -> None:
        model = folded()
        before = model(batches[1], training=False).numpy()
        assert before.std() > 0.1
        assert unfold_batch_norm(model, batches) == 2
        np.testing.assert_allclose(model(batches[1], training=False), before, atol=1e-4)

    def test_so_do_those_of_a_training_step(self, batches: list[Crops]) -> None:
        everything = np.concatenate(batches)
        model = folded()
        answers = model(everything, training=False).numpy()
        forgetful = np.abs(folded()(everything, training=True).numpy() - answers).max()
        unfold_batch_norm(model, batches)
        # One batch of all images: its moments are those that were measured.
        apart = np.abs(model(everything, training=True).numpy() - answers).max()
        assert apart < 1e-3
        assert forgetful > 0.1

    def test_measures_over_all_batches_together(self, batches: list[Crops]) -> None:
        model = folded()
        unfold_batch_norm(model, iter(batches))
        first = batch_norms(model)[0]
        maps = model.get_layer("first")(np.concatenate(batches)).numpy()
        np.testing.assert_allclose(first.moving_mean, maps.mean(axis=(0, 1, 2)), rtol=1e-4)
        np.testing.assert_allclose(first.moving_variance, maps.var(axis=(0, 1, 2)), rtol=1e-4)

    def test_leaves_weights_with_moments_alone(self, batches: list[Crops]) -> None:
        model = folded()
        for layer in batch_norms(model):
            layer.moving_mean.assign([0.0, 0.0, 0.0, 0.1])
        before = values(model)
        assert unfold_batch_norm(model, batches) == 0
        for ours, theirs in zip(values(model), before, strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_leaves_fresh_layers_alone(self, batches: list[Crops]) -> None:
        model = folded()
        fresh = batch_norms(model)[1]
        fresh.gamma.assign(np.ones(4))
        fresh.beta.assign(np.zeros(4))
        assert unfold_batch_norm(model, batches) == 1
        assert (fresh.moving_variance.numpy() == 1).all()
        assert (fresh.gamma.numpy() == 1).all()


class TestState:
    def test_training_starts_from_unfolded_weights(
        self, batches: list[Crops], tmp_path: Path
    ) -> None:
        weights = tmp_path / "folded.npz"
        model = ModelConfig(
            densenet=DenseNetConfig(blocks=(1,), growth=4, stem=4), weights=str(weights)
        )
        network = build_network(model, size=SIDE, normalisation=SCALE)
        folds = {
            f"{layer.name}/gamma": np.full(layer.gamma.shape, 0.5) for layer in batch_norms(network)
        }
        np.savez(weights, **folds)
        config = TrainConfig(preset="test", data=DataConfig(size=SIDE), model=model)
        state = TrainingState(config, normalisation=SCALE, counts=(8,) * 7, crops=batches)
        first = batch_norms(state.model)[0]
        assert (first.moving_variance.numpy() != 1).all()
        # The averaged weights start from them too.
        with state.averaged(batches):
            averaged = first.gamma.numpy()
        np.testing.assert_array_equal(averaged, first.gamma)
        np.testing.assert_allclose(
            averaged, 0.5 * np.sqrt((first.moving_variance + 1e-5) / (1 + 1e-5)), rtol=1e-5
        )
