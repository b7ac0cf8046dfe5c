"""MTCNN on OpenVINO: the detector where no CUDA is."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from services.common.domain.errors import BundleError
from services.vision.detectors.boxes import Floats
from services.vision.detectors.mtcnn import RNET_THRESHOLD, MtcnnDetector

_RNET_SIDE, _ONET_SIDE = 24, 48
_RNET_BATCH, _SCREEN_BATCH, _ONET_BATCH = 16, 64, 16
_SCREEN_MARGIN = 0.2  # how far below R-Net's threshold a screened candidate is looked at again


def load_openvino_detector(directory: Path, *, threads: int = 1) -> MtcnnDetector:
    """Verify the exported networks in ``directory`` and compile them for the CPU.

    Args:
        directory: ``models/mtcnn`` or a copy.
        threads: inference threads; 1 by default, as the worker runs a process per core.

    Raises:
        BundleError: if the manifest or a network is missing or not what its SHA-256 says.
    """
    return MtcnnDetector(_OpenVinoNetworks(verified_networks(directory), threads=threads))


def verified_networks(directory: Path) -> dict[str, bytes]:
    """Return the serialised networks by name, each checked against ``manifest.json``.

    Raises:
        BundleError: see ``load_openvino_detector``.
    """
    try:
        files = json.loads((directory / "manifest.json").read_bytes())["files"]
        networks = {name: (directory / f"{name}.onnx").read_bytes() for name in _NAMES}
        expected = {name: files[f"{name}.onnx"] for name in _NAMES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError("The MTCNN networks are incomplete; restore models/mtcnn.") from error
    for name, data in networks.items():
        if hashlib.sha256(data).hexdigest() != expected[name]:
            raise BundleError(f"{name}.onnx is not what its SHA-256 says; restore models/mtcnn.")
    return networks


_NAMES = ("pnet", "rnet", "onet")


class _OpenVinoNetworks:
    """The compiled networks. One request each: not for several threads at once.

    In bfloat16 the cascade finds the same faces in other boxes (79 % at IoU 0.95), so every
    answer is float32. But nine in ten of R-Net's candidates are far from its threshold, and
    where the CPU has bfloat16 it first screens them at half the cost. On 16,800 crops scores
    differed by 0.07 at most, and no candidate that passed was screened below 0.68.
    """

    def __init__(self, networks: dict[str, bytes], *, threads: int) -> None:
        core = openvino.Core()

        def request(name: str, shape: list[int], precision: str = "f32") -> Any:
            model = core.read_model(networks[name])
            model.reshape(shape)
            config = {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
                # Pinned, the inference threads of all processes share the first core: two
                # workers on two cores were as fast as one.
                "ENABLE_CPU_PINNING": False,
                "INFERENCE_PRECISION_HINT": precision,
                # Shapes of P-Net's input never repeat in a stream of photos; keeping a
                # primitive for each makes memory grow (facenet-pytorch#209) and saves under
                # 1 ms a level.
                "CPU_RUNTIME_CACHE_CAPACITY": 0,
            }
            return core.compile_model(model, "CPU", config).create_infer_request()

        self._pnet = request("pnet", [1, 3, -1, -1])
        self._rnet = request("rnet", [_RNET_BATCH, _RNET_SIDE, _RNET_SIDE, 3])
        self._onet = request("onet", [_ONET_BATCH, _ONET_SIDE, _ONET_SIDE, 3])
        self._screen = None
        if has_bfloat16(core):
            shape = [_SCREEN_BATCH, _RNET_SIDE, _RNET_SIDE, 3]
            self._screen = request("rnet", shape, "bf16")

    def pnet(self, pixels: Floats) -> Floats:
        """See ``Networks.pnet``."""
        self._pnet.infer({"pixels": pixels[np.newaxis]}, share_inputs=True)
        return np.asarray(self._pnet.get_tensor("cells").data[0])

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        """See ``Networks.rnet``; scores well below the threshold may be bfloat16's."""
        if self._screen is None:
            return self._exact_rnet(crops)
        scores, offsets = _in_batches(self._screen, crops, _SCREEN_BATCH, ("scores", "offsets"))
        likely = np.flatnonzero(scores > RNET_THRESHOLD - _SCREEN_MARGIN)
        if likely.size:
            scores[likely], offsets[likely] = self._exact_rnet(crops[likely])
        return scores, offsets

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """See ``Networks.onet``."""
        names = ("scores", "offsets", "landmarks")
        scores, offsets, landmarks = _in_batches(self._onet, crops, _ONET_BATCH, names)
        return scores, offsets, landmarks

    def _exact_rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        scores, offsets = _in_batches(self._rnet, crops, _RNET_BATCH, ("scores", "offsets"))
        return scores, offsets


def has_bfloat16(core: openvino.Core) -> bool:
    """Tell whether the CPU computes in bfloat16; without, OpenVINO would only imitate it."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _in_batches(request: Any, crops: Floats, batch: int, names: tuple[str, ...]) -> list[Floats]:
    """Run fixed batches, the last one padded: one shape, compiled once, constant memory."""
    parts: list[list[Floats]] = [[] for _ in names]
    for start in range(0, len(crops), batch):
        some = crops[start : start + batch]
        padded = np.zeros((batch, *crops.shape[1:]), np.float32)
        padded[: len(some)] = some
        request.infer({"pixels": padded}, share_inputs=True)
        for part, name in zip(parts, names, strict=True):
            part.append(_output(request, name)[: len(some)])
    return [np.concatenate(part) for part in parts]


def _output(request: Any, name: str) -> Floats:
    # A copy: the tensor's memory is overwritten by the next inference.
    return np.array(request.get_tensor(name).data, dtype=np.float32)
