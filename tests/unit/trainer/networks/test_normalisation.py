import json
from pathlib import Path

import numpy as np
import pytest

from services.trainer.config import Backbone, ModelConfig
from services.trainer.errors import WeightsError
from services.trainer.networks.normalisation import Normalisation, measure, normalisation_for

IMAGES = np.full((2, 8, 8, 1), 40, np.uint8)


class TestMeasure:
    def test_measures_each_channel(self) -> None:
        images = np.zeros((4, 8, 8, 2), dtype=np.uint8)
        images[:2, ..., 0], images[..., 1] = 200, 50
        found = measure(images)
        assert found.mean == (100.0, 50.0)
        assert found.std == (100.0, 1.0)  # never zero: it divides

    def test_rounds_to_hundredths(self) -> None:
        images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1), np.uint8)
        assert measure(images).mean[0] == pytest.approx(images.mean(), abs=0.005)


class TestNormalisationFor:
    def test_weights_of_a_bundle_keep_its_scale(self, tmp_path: Path) -> None:
        scale = {"input": {"mean": [99.0], "std": [55.0]}}
        (tmp_path / "bundle.json").write_text(json.dumps(scale))
        config = ModelConfig(weights=str(tmp_path))
        assert normalisation_for(config, IMAGES) == Normalisation((99.0,), (55.0,))

    def test_weights_of_a_run_keep_its_scale(self, tmp_path: Path) -> None:
        scale = {"normalisation": {"mean": [98.0], "std": [54.0]}}
        (tmp_path / "run.json").write_text(json.dumps(scale))
        config = ModelConfig(backbone=Backbone.VGG16, weights=str(tmp_path))
        assert normalisation_for(config, IMAGES) == Normalisation((98.0,), (54.0,))

    @pytest.mark.parametrize(("name", "section"), [("bundle", "input"), ("run", "normalisation")])
    def test_gray_weights_are_refused_for_rgb_images(
        self, tmp_path: Path, name: str, section: str
    ) -> None:
        scale = {section: {"mean": [99.0], "std": [55.0]}}
        (tmp_path / f"{name}.json").write_text(json.dumps(scale))
        config = ModelConfig(weights=str(tmp_path))
        with pytest.raises(WeightsError, match=r"1 channel.* has 3: set data\.channels=1"):
            normalisation_for(config, np.zeros((2, 8, 8, 3), np.uint8))

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"input": {"mean": 1}}'])
    def test_a_damaged_bundle_is_named(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "bundle.json").write_text(content)
        with pytest.raises(WeightsError, match=r"bundle\.json is damaged"):
            normalisation_for(ModelConfig(weights=str(tmp_path)), IMAGES)

    def test_random_weights_take_what_the_images_measure(self) -> None:
        config = ModelConfig(backbone=Backbone.VGG16)
        assert normalisation_for(config, IMAGES).mean == (40.0,)
