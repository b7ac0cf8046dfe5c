"""A graph that was written is read back."""

import functools
from pathlib import Path

import keras
import numpy as np
import pytest

from services.trainer.config import Backbone, DenseNetConfig, HeadConfig, ModelConfig
from services.trainer.errors import WeightsError
from services.trainer.export.onnx_graph import to_onnx
from services.trainer.export.onnx_graph.read import load_graph
from services.trainer.networks.build import build_network
from services.trainer.networks.normalisation import Normalisation, normalisation_for
from services.trainer.networks.pretrained import load_pretrained
from services.trainer.networks.saved_network import inference
from services.trainer.presets import load_preset
from services.trainer.training.averaged import round_kernels
from services.vision.bundle import load_bundle, load_golden
from services.vision.classifiers.logits import to_probabilities

SHIPPED = Path("models/starter")
NETWORKS = [
    ModelConfig(backbone=Backbone.EFFICIENTNET_LITE0),
    ModelConfig(
        densenet=DenseNetConfig(blocks=(1, 2), growth=4, stem=4),
        head=HeadConfig(pooling="flatten", units=(8,)),
    ),
]
SCALE = Normalisation((120.0,), (60.0,))


@functools.cache
def built(config: ModelConfig, *, seed: int) -> keras.Model:
    """One network for each seed, as building takes seconds."""
    del seed
    return build_network(config, size=32, normalisation=SCALE)


def network(config: ModelConfig, *, seed: int) -> keras.Model:
    """Kernels, statistics and biases of the seed's own, none of them all 0 or 1."""
    model, rng = built(config, seed=seed), np.random.default_rng(seed)
    for variable in model.weights:
        if variable.dtype == "float32":  # the seeds of dropout are whole numbers
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


class TestLoadGraph:
    @pytest.mark.parametrize("config", NETWORKS)
    @pytest.mark.parametrize("half", [False, True])
    def test_gives_every_weight_back(self, config: ModelConfig, half: bool) -> None:
        written, read = network(config, seed=0), network(config, seed=1)
        if half:
            round_kernels(written)
        assert load_graph(read, to_onnx(written)) == len(written.weights) - _seeds(written)
        for ours, theirs in zip(read.weights, written.weights, strict=True):
            if "seed" not in ours.path:
                np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), err_msg=ours.path)

    def test_refuses_another_network_and_changes_nothing(self) -> None:
        first, second = NETWORKS
        target = network(second, seed=0)
        before = [variable.numpy() for variable in target.weights]
        with pytest.raises(WeightsError, match="another network"):
            load_graph(target, to_onnx(network(first, seed=0)))
        for variable, value in zip(target.weights, before, strict=True):
            np.testing.assert_array_equal(variable.numpy(), value)


class TestShipped:
    def test_training_goes_on_from_the_shipped_bundle_s_own_answers(self) -> None:
        bundle = load_bundle(SHIPPED)
        manifest, golden = bundle.manifest, load_golden(bundle)
        config = load_preset("starter").model.model_copy(update={"weights": str(SHIPPED)})
        scale = normalisation_for(config, np.zeros((1, 48, 48, 1), np.uint8))
        assert scale.mean == manifest.input.mean
        model = build_network(config, size=manifest.input.size, normalisation=scale)
        load_pretrained(model, config)
        answers = to_probabilities(
            inference(model)(golden.crops),
            temperature=manifest.temperature,
            prior_shift=manifest.prior_shift,
        )
        np.testing.assert_allclose(answers, golden.probabilities, atol=1e-5)

    def test_a_damaged_bundle_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "bundle.json").write_text("{}")
        config = NETWORKS[0].model_copy(update={"weights": str(tmp_path)})
        with pytest.raises(WeightsError, match=r"bundle\.json is not valid"):
            load_pretrained(network(NETWORKS[0], seed=0), config)


def _seeds(model: keras.Model) -> int:
    return sum("seed" in variable.path for variable in model.weights)
