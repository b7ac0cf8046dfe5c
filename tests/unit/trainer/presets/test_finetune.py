from pathlib import Path

import pytest

from services.trainer.config import TrainConfig
from services.trainer.errors import WeightsError
from services.trainer.presets.finetune import build
from services.vision.bundle import Manifest, load_bundle

SHIPPED = Path(__file__).parents[4] / "models" / "starter"


@pytest.fixture(scope="module")
def starter() -> Manifest:
    return load_bundle(SHIPPED).manifest


def test_has_the_network_and_the_crops_of_the_bundle(starter: Manifest) -> None:
    config = build(starter, weights="models/starter")
    assert config.model.backbone == starter.recipe["model"]["backbone"]
    assert config.model.enlarge == starter.recipe["model"]["enlarge"]
    assert config.model.weights == "models/starter"
    spec = starter.input
    assert (config.data.size, config.data.channels) == (spec.size, spec.channels)
    assert config.data.crop_margin == spec.crop_margin
    assert (config.data.centre_dx, config.data.centre_dy) == (spec.centre_dx, spec.centre_dy)
    assert config.data.framing == "served"
    assert config.data.split_rule == "unseen"


def test_is_read_back_from_a_run(starter: Manifest) -> None:
    config = build(starter, weights="mine")
    assert TrainConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("recipe", "fault"),
    [({}, "model"), ({"model": {"backbone": "resnet9000"}}, r"model\.backbone")],
)
def test_a_network_that_is_not_known_is_named(
    starter: Manifest, recipe: dict[str, object], fault: str
) -> None:
    other = starter.model_copy(update={"recipe": recipe})
    with pytest.raises(WeightsError, match=rf"another version of the trainer \({fault}: "):
        build(other, weights="mine")


def test_framing_by_landmarks_is_refused(starter: Manifest) -> None:
    spec = starter.input.model_copy(update={"landmarks": ((0.5, 0.5),) * 5})
    with pytest.raises(WeightsError, match="frames faces by their landmarks"):
        build(starter.model_copy(update={"input": spec}), weights="mine")
