from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from services.trainer.config import Backbone, DenseNetConfig, ModelConfig, Precision
from services.trainer.errors import ExportError, NetworkError
from services.trainer.export.bundle import check_parity
from services.trainer.export.onnx_graph import to_onnx
from services.trainer.networks.build import build_network
from services.trainer.networks.layers import FusedBatchNorm
from services.trainer.networks.normalisation import Normalisation
from services.trainer.presets import load_preset
from services.trainer.training.averaged import round_kernels
from services.trainer.training.ema import WeightAverage
from tests.fixtures.training import subset
from tests.model.trainer.conftest import answers

TINY = ModelConfig(densenet=DenseNetConfig(blocks=(1, 2), growth=4, stem=4))
LITE = ModelConfig(backbone=Backbone.EFFICIENTNET_LITE0, enlarge=2)


def tiny(
    config: ModelConfig = TINY,
    *,
    size: int = 16,
    channels: int = 1,
    precision: Precision = Precision.FLOAT32,
) -> keras.Model:
    keras.utils.set_random_seed(0)
    scale = Normalisation((120.0,) * channels, (60.0,) * channels)
    return build_network(config, size=size, normalisation=scale, precision=precision)


def shake(model: keras.Model) -> None:
    """Give every weight and statistic a value of its own, as training would."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        noise = rng.normal(0, 0.2, variable.shape).astype(np.float32)
        scale = 1.5 if "variance" in variable.path else 0.0
        variable.assign(np.abs(noise) + scale if scale else variable.numpy() + noise)


def spread_statistics(model: keras.Model) -> None:
    """Move BatchNorm off its start without the explosion that shaken deep kernels would bring."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        if variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(rng.uniform(0.8, 1.2, variable.shape))
        elif variable.path.endswith(("beta", "moving_mean")):
            variable.assign(rng.normal(0, 0.1, variable.shape))


def shake_kernels(model: keras.Model) -> None:
    """Scale kernels by one part in a thousand: float16 holds them no more."""
    for variable in model.weights:
        if len(variable.shape) > 1:
            variable.assign(variable.numpy() * np.float32(1.001))


class TestFusedBatchNorm:
    def test_computes_what_keras_does(self) -> None:
        x = np.random.default_rng(0).normal(3, 2, (8, 5, 5, 4)).astype(np.float32)
        ours, theirs = FusedBatchNorm(epsilon=1e-3), keras.layers.BatchNormalization(epsilon=1e-3)
        np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), atol=1e-4)
        np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-5)
        # The fused kernel keeps the unbiased variance: n / (n - 1) of 200 values.
        np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-3)
        np.testing.assert_allclose(ours(x, training=False), theirs(x, training=False), atol=1e-2)


class TestDenseNet:
    def test_the_quick_preset_is_the_planned_network(self) -> None:
        scale = Normalisation((1.0,), (1.0,))
        model = build_network(load_preset("quick").model, size=48, normalisation=scale)
        assert model.count_params() == 1_802_599
        sides = [model.get_layer(f"block{i}_1").output.shape[1] for i in (1, 2, 3, 4)]
        assert sides == [24, 12, 6, 3]

    def test_normalises_inside_the_graph(self) -> None:
        crops = subset(1, seed=0).images
        plain = build_network(TINY, size=16, normalisation=Normalisation((0.0,), (1.0,)))
        shifted = build_network(TINY, size=16, normalisation=Normalisation((30.0,), (2.0,)))
        shifted.set_weights(plain.get_weights())
        np.testing.assert_allclose(
            shifted(crops.astype(np.float32) * 2 + 30), plain(crops.astype(np.float32)), atol=1e-3
        )

    def test_gives_float32_logits_in_bfloat16_too(self) -> None:
        model = tiny(precision=Precision.MIXED_BFLOAT16)
        crops = tf.constant(subset(1, seed=0).images, dtype=tf.float32)
        logits = model(crops, training=True)
        assert logits.dtype == tf.float32
        np.testing.assert_allclose(logits, tiny()(crops, training=True), atol=0.3)


class TestEfficientNetLite0:
    def test_is_the_published_network(self) -> None:
        model = tiny(LITE, size=48, channels=3)
        # 4,652,008 of the paper's edge variant, less its layer for 1,000 classes, plus ours.
        published = 4_652_008 - (1280 * 1000 + 1000) + (1280 * 7 + 7)
        running = sum(v.shape[0] for v in model.non_trainable_variables if "moving" in v.path)
        assert model.count_params() - running == published
        assert model.get_layer("head").output.shape[1:] == (3, 3, 1280)


class TestWeightAverage:
    def test_follows_the_weights_with_a_warm_start(self) -> None:
        model = tiny()
        average = WeightAverage(model, decay=0.9)
        start = model.trainable_variables[0].numpy()
        model.trainable_variables[0].assign(start + 1)
        average.update(tf.constant(0.0))  # decay 1/10
        np.testing.assert_allclose(average.variables[0], start + 0.9, rtol=1e-5)
        average.update(tf.constant(1e9))  # decay 0.9
        np.testing.assert_allclose(average.variables[0], start + 0.91, rtol=1e-5)

    def test_lends_the_average_and_puts_everything_back(self) -> None:
        model = tiny()
        average = WeightAverage(model, decay=0.9)
        shake(model)
        before = [variable.numpy() for variable in model.variables]
        batches = [subset(2, seed=i).images.astype(np.float32) for i in range(2)]
        with average.applied(batches):
            lent = model.trainable_variables[0].numpy()
            np.testing.assert_array_equal(lent, average.variables[0].numpy())
        after = [variable.numpy() for variable in model.variables]
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_reestimates_batch_norm_without_a_bias_of_the_start(self) -> None:
        model = tiny()
        batch = subset(4, seed=0).images.astype(np.float32)
        stem = keras.Model(model.input, model.get_layer("stem").output)(batch)
        with WeightAverage(model, decay=0.9).applied([batch] * 3):
            # The same batch three times leaves that batch's own moments, whatever was before.
            first = model.get_layer("block1_1_a_bn")
            mean, variance = first.moving_mean.numpy(), first.moving_variance.numpy()
        np.testing.assert_allclose(mean, np.mean(stem, axis=(0, 1, 2)), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(variance, np.var(stem, axis=(0, 1, 2)), rtol=1e-2)


@pytest.fixture(scope="module")
def lite() -> keras.Model:
    """The starter's network, for tests that give it weights of their own."""
    return tiny(LITE, size=48)


class TestOnnx:
    @pytest.mark.parametrize(("size", "channels"), [(16, 1), (20, 3), (17, 1)])
    def test_answers_like_keras(self, size: int, channels: int) -> None:
        model = tiny(size=size, channels=channels)
        shake(model)
        shape = (size, size, channels)
        assert check_parity(to_onnx(model), reference=answers(model), shape=shape) < 1e-5

    @pytest.mark.parametrize(("size", "channels"), [(48, 1), (33, 3)])
    def test_the_starter_s_backbone_answers_like_keras(self, size: int, channels: int) -> None:
        model = tiny(LITE, size=size, channels=channels)
        spread_statistics(model)
        shape = (size, size, channels)
        assert check_parity(to_onnx(model), reference=answers(model), shape=shape) < 1e-5

    def test_rounded_kernels_take_half_the_bytes_and_answer_alike(self, lite: keras.Model) -> None:
        spread_statistics(lite)
        shake_kernels(lite)
        exact = to_onnx(lite)
        round_kernels(lite)
        half = to_onnx(lite)
        assert len(half) < 0.55 * len(exact)
        assert check_parity(half, reference=answers(lite), shape=(48, 48, 1)) < 1e-5

    def test_stores_in_full_what_half_would_round(self, lite: keras.Model) -> None:
        shake_kernels(lite)
        kernels = 4 * sum(int(np.prod(v.shape)) for v in lite.weights if len(v.shape) > 1)
        assert len(to_onnx(lite)) > kernels

    def test_refuses_a_layer_it_cannot_write(self) -> None:
        inputs = keras.Input((8, 8, 1))
        model = keras.Model(inputs, keras.layers.LeakyReLU()(inputs))
        with pytest.raises(ExportError, match="no ONNX writer for the layer LeakyReLU"):
            to_onnx(model)


class TestRefusals:
    @pytest.mark.parametrize(
        "model",
        [
            {"densenet": DenseNetConfig(blocks=(1,) * 7, growth=4, stem=4)},
            {"backbone": Backbone.VGG16},
        ],
    )
    def test_crops_too_small_for_the_backbone(self, model: dict[str, Any]) -> None:
        config = ModelConfig.model_validate(model)
        with pytest.raises(NetworkError, match=r"crops of 16 px .* Keras says: \S+") as refusal:
            build_network(config, size=16, normalisation=Normalisation((127.5,), (64.0,)))
        assert "Exception encountered" not in refusal.value.detail
        assert "\x1b" not in refusal.value.detail
