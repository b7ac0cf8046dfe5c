from pathlib import Path

import keras
import numpy as np
import pytest

from services.trainer.config import DenseNetConfig, ModelConfig
from services.trainer.networks.blend import blend_earlier
from services.trainer.networks.build import build_network
from services.trainer.networks.normalisation import Normalisation

TINY = ModelConfig(densenet=DenseNetConfig(blocks=(1, 2), growth=4, stem=4))
SCALE = Normalisation((120.0,), (60.0,))


def network(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = build_network(TINY, size=16, normalisation=SCALE)
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.dtype == "float32":  # statistics too
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


@pytest.fixture
def earlier(tmp_path: Path) -> keras.Model:
    """A network in a run folder, as a run leaves it."""
    model = network(1)
    model.save(tmp_path / "model.keras")
    return model


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_mixes_every_weight_and_statistic(
    earlier: keras.Model, tmp_path: Path, share: float
) -> None:
    model = network(2)
    before = [variable.numpy() for variable in model.weights]
    config = TINY.model_copy(update={"weights": str(tmp_path), "blend": share})
    blend_earlier(model, config, size=16, normalisation=SCALE)
    for ours, old, theirs in zip(model.weights, before, earlier.weights, strict=True):
        if ours.dtype == "float32":
            expected = (1 - share) * old + share * theirs.numpy()
            np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-6, err_msg=ours.path)


@pytest.mark.parametrize(("own_is_better", "share"), [(True, 0.0), (False, 0.75)])
def test_chooses_the_share_that_fits_validation(
    earlier: keras.Model, tmp_path: Path, own_is_better: bool, share: float
) -> None:
    model = network(2)
    crops = np.random.default_rng(3).integers(0, 256, (32, 16, 16, 1), dtype=np.uint8)
    wanted = (model if own_is_better else earlier)(crops.astype(np.float32)).numpy()
    config = TINY.model_copy(update={"weights": str(tmp_path), "blend": "chosen"})
    found = blend_earlier(
        model,
        config,
        size=16,
        normalisation=SCALE,
        losses=lambda logits_of: np.abs(logits_of(crops) - wanted).sum(axis=1),
    )
    assert found == share


@pytest.mark.usefixtures("earlier")
def test_nothing_to_choose_by_is_an_error(tmp_path: Path) -> None:
    config = TINY.model_copy(update={"weights": str(tmp_path), "blend": "chosen"})
    with pytest.raises(ValueError, match="needs validation images"):
        blend_earlier(network(2), config, size=16, normalisation=SCALE)


@pytest.mark.parametrize("weights", ["none", "imagenet"])
def test_needs_something_to_blend_with(weights: str) -> None:
    with pytest.raises(ValueError, match=r"model\.blend needs model\.weights"):
        ModelConfig(weights=weights, blend=0.5)
