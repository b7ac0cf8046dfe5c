"""Every backbone can be built, and its ONNX graph answers like it."""

import math

import keras
import numpy as np
import pytest

from services.trainer.config import Backbone, HeadConfig, ModelConfig, Precision
from services.trainer.export.bundle import check_parity
from services.trainer.export.onnx_graph import to_onnx
from services.trainer.networks.build import build_network
from services.trainer.networks.normalisation import Normalisation
from services.trainer.presets import load_preset
from tests.model.trainer.conftest import answers

RGB = Normalisation((123.0, 116.0, 104.0), (58.0, 57.0, 57.0))
HFER_V0_HEAD = HeadConfig(pooling="flatten", units=(16, 8), l2=(0.01, 0.003), dropout=0.5)


def settled(model: keras.Model) -> keras.Model:
    """Give BatchNorm statistics and biases values that training might leave."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        if variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(rng.uniform(0.8, 1.2, variable.shape))
        elif variable.path.endswith(("beta", "moving_mean", "bias")):
            variable.assign(rng.normal(0, 0.1, variable.shape))
    return model


@pytest.fixture
def few_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as tell two networks apart; what is exported is held to eight times as many."""
    monkeypatch.setattr("services.trainer.export.bundle._PARITY_CROPS", 32)


class TestBackbones:
    @pytest.mark.usefixtures("few_crops")
    @pytest.mark.parametrize(
        ("backbone", "head"),
        [
            (Backbone.MOBILENET_V1, HeadConfig()),
            (Backbone.VGG16, HeadConfig()),
            (Backbone.RESNET50, HeadConfig()),
            (Backbone.DENSENET121, HFER_V0_HEAD),
            (Backbone.EFFICIENTNETV2_B0, HeadConfig(units=(8,), l2=(0.0,), activation="tanh")),
        ],
    )
    def test_the_graph_answers_like_the_network(self, backbone: Backbone, head: HeadConfig) -> None:
        # The smallest crops that all take, twice that where the head tells places apart.
        size = 64 if head.pooling == "flatten" else 32
        keras.utils.set_random_seed(0)
        config = ModelConfig(backbone=backbone, head=head)
        model = settled(build_network(config, size=size, normalisation=RGB))
        assert check_parity(to_onnx(model), reference=answers(model), shape=(size, size, 3)) < 1e-4

    def test_leaves_the_global_precision_as_it_was(self) -> None:
        config = ModelConfig(backbone=Backbone.RESNET50)
        model = build_network(
            config, size=32, normalisation=RGB, precision=Precision.MIXED_BFLOAT16
        )
        assert keras.config.dtype_policy().name == "float32"
        assert model.get_layer("conv1_conv").compute_dtype == "bfloat16"
        assert model.output.dtype == "float32"


class TestSeed:
    def test_has_the_seed_s_parameters(self) -> None:
        preset = load_preset("seed-rafdb")
        model = build_network(preset.model, size=preset.data.size, normalisation=RGB)
        assert model.count_params() == 32_861_255
        trainable = sum(math.prod(variable.shape) for variable in model.trainable_variables)
        assert trainable == 32_777_607
