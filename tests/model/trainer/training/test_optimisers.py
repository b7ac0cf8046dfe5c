import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from services.trainer.config import OptimConfig, Precision
from services.trainer.training.optimisers import build_optimizer, is_head

Arrays = list[NDArray[np.float32]]
NOTHING = OptimConfig(kind="adam", lr=0.1, weight_decay=0, clip_norm=None)


def network() -> keras.Model:
    """A "backbone" with BatchNorm, and a head."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    x = keras.layers.Dense(4, name="stem")(inputs)
    x = keras.layers.BatchNormalization(name="stem_bn")(x)
    x = keras.layers.Dense(4, name="head_dense1")(x)
    return keras.Model(inputs, keras.layers.Dense(7, name="logits")(x))


def gradients_of(model: keras.Model, *, scale: float = 1.0, seed: int = 1) -> list[tf.Tensor]:
    rng = np.random.default_rng(seed)
    return [
        tf.constant(rng.normal(0, scale, variable.shape), dtype=tf.float32)
        for variable in model.trainable_variables
    ]


def change(config: OptimConfig, *, scale: float = 1.0, steps: int = 1) -> tuple[list[str], Arrays]:
    """By how much each variable moves in ``steps`` steps."""
    model = network()
    variables = model.trainable_variables
    before = [variable.numpy() for variable in variables]
    optimizer = build_optimizer(config, variables)
    for step in range(steps):
        optimizer.apply(gradients_of(model, scale=scale, seed=step), variables)
    moved = [variable.numpy() - old for variable, old in zip(variables, before, strict=True)]
    return [variable.path for variable in variables], moved


class TestKinds:
    @pytest.mark.parametrize(
        ("config", "published"),
        [
            (NOTHING, keras.optimizers.Adam(0.1)),
            (
                NOTHING.model_copy(update={"kind": "sgd"}),
                keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
            ),
            (
                NOTHING.model_copy(update={"kind": "sgd", "momentum": 0.0}),
                keras.optimizers.SGD(0.1),
            ),
        ],
    )
    def test_without_extras_it_is_that_of_keras(
        self, config: OptimConfig, published: keras.Optimizer
    ) -> None:
        _, moved = change(config, steps=3)
        model = network()
        before = [variable.numpy() for variable in model.trainable_variables]
        for step in range(3):
            published.apply(gradients_of(model, seed=step), model.trainable_variables)
        for variable, old, found in zip(model.trainable_variables, before, moved, strict=True):
            np.testing.assert_array_equal(found, variable.numpy() - old)

    def test_adamw_is_that_of_keras_with_kernels_alone_decayed(self) -> None:
        decaying = {"kind": "adamw", "weight_decay": 0.1, "clip_norm": 2.0}
        _, moved = change(NOTHING.model_copy(update=decaying), steps=3)
        model = network()
        before = [variable.numpy() for variable in model.trainable_variables]
        published = keras.optimizers.AdamW(0.1, weight_decay=0.1, global_clipnorm=2.0)
        published.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        for step in range(3):
            published.apply(gradients_of(model, seed=step), model.trainable_variables)
        for variable, old, found in zip(model.trainable_variables, before, moved, strict=True):
            np.testing.assert_allclose(found, variable.numpy() - old, atol=1e-6)


class TestDecay:
    @pytest.mark.parametrize("kind", ["sgd", "adamw"])
    def test_pulls_kernels_only(self, kind: str) -> None:
        plain = NOTHING.model_copy(update={"kind": kind})
        paths, without = change(plain)
        _, decayed = change(plain.model_copy(update={"weight_decay": 0.5}))
        differing = {
            path.rsplit("/", 1)[-1]
            for path, one, other in zip(paths, without, decayed, strict=True)
            if not np.array_equal(one, other)
        }
        assert differing == {"kernel"}

    def test_adam_knows_none(self) -> None:
        _, without = change(NOTHING)
        _, decayed = change(NOTHING.model_copy(update={"weight_decay": 0.5}))
        for one, other in zip(without, decayed, strict=True):
            np.testing.assert_array_equal(one, other)


class TestClipping:
    def test_bounds_the_norm_over_all_variables(self) -> None:
        plain = NOTHING.model_copy(update={"kind": "sgd", "momentum": 0.0, "clip_norm": 0.5})
        _, moved = change(plain, scale=100)
        norm = np.sqrt(sum(float((array**2).sum()) for array in moved))
        assert norm == pytest.approx(0.1 * 0.5, rel=1e-4)

    def test_leaves_small_gradients_alone(self) -> None:
        config = NOTHING.model_copy(update={"kind": "sgd"})
        _, free = change(config, scale=0.001)
        _, clipped = change(config.model_copy(update={"clip_norm": 1.0}), scale=0.001)
        for one, other in zip(free, clipped, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


class TestHeadRate:
    @pytest.mark.parametrize("kind", ["sgd", "adam", "adamw"])
    def test_moves_the_head_by_the_factor(self, kind: str) -> None:
        config = NOTHING.model_copy(update={"kind": kind, "weight_decay": 0.1})
        paths, same = change(config)
        _, faster = change(config.model_copy(update={"head_lr": 10.0}))
        for path, one, other in zip(paths, same, faster, strict=True):
            factor = 10.0 if path.startswith(("head_dense1", "logits")) else 1.0
            np.testing.assert_allclose(other, one * factor, rtol=2e-5, atol=1e-6, err_msg=path)

    def test_knows_the_head_of_our_networks(self) -> None:
        found = {v.path.split("/")[0] for v in network().trainable_variables if is_head(v)}
        assert found == {"head_dense1", "logits"}


class TestLossScaling:
    def build(self) -> tuple[keras.Model, keras.Optimizer]:
        model = network()
        config = NOTHING.model_copy(update={"kind": "sgd", "clip_norm": 1.0})
        return model, build_optimizer(
            config, model.trainable_variables, precision=Precision.MIXED_FLOAT16
        )

    def test_clips_what_is_no_longer_scaled(self) -> None:
        model, optimizer = self.build()
        _, expected = change(NOTHING.model_copy(update={"kind": "sgd", "clip_norm": 1.0}))
        variables = model.trainable_variables
        before = [variable.numpy() for variable in variables]
        scale = float(optimizer.scale_loss(1.0))
        assert scale > 1
        scaled = [gradient * scale for gradient in gradients_of(model, seed=0)]
        optimizer.apply(scaled, variables)
        for variable, old, wanted in zip(variables, before, expected, strict=True):
            np.testing.assert_allclose(variable.numpy() - old, wanted, atol=1e-6)

    def test_leaves_out_a_step_whose_gradients_are_no_numbers(self) -> None:
        model, optimizer = self.build()
        variables = model.trainable_variables
        before, scale = [v.numpy() for v in variables], float(optimizer.scale_loss(1.0))
        optimizer.apply([g * np.inf for g in gradients_of(model)], variables)
        for variable, old in zip(variables, before, strict=True):
            np.testing.assert_array_equal(variable.numpy(), old)
        assert float(optimizer.scale_loss(1.0)) == scale / 2
