"""MTCNN on OpenVINO: for CPUs."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino

from services.vision.cpu import cpu_capabilities, cpu_config
from services.vision.detectors.boxes import Floats
from services.vision.detectors.mtcnn import WINDOW, MtcnnDetector
from services.vision.detectors.networks import in_batches, read_networks
from services.vision.detectors.screening import ScreenedNetworks

_NAMES = ("pnet", "rnet", "onet")
_RNET_SIDE, _ONET_SIDE = 24, 48
_WINDOWS_BATCH, _ONET_BATCH = 64, 8


def load_openvino_detector(directory: Path, *, threads: int = 1) -> MtcnnDetector:
    """Verify the exported networks in ``directory`` and compile them for the CPU.

    Args:
        directory: ``models/mtcnn`` or a copy.
        threads: inference threads; 1 by default, as the worker runs a process per core.

    Raises:
        BundleError: if the manifest or a network is missing or not what its SHA-256 says.
    """
    networks = read_networks(directory, *_NAMES)
    exact = _ExactNetworks(networks, threads=threads)
    if "BF16" not in cpu_capabilities():
        return MtcnnDetector(exact)
    rough = _FirstNetworks(networks, threads=threads, precision="bf16", rnet_batch=64)
    return MtcnnDetector(ScreenedNetworks(exact, rough))


class _FirstNetworks:
    """P-Net and R-Net, compiled. One request each: not for several threads at once."""

    def __init__(
        self, networks: dict[str, bytes], *, threads: int, precision: str, rnet_batch: int
    ) -> None:
        self._core = openvino.Core()
        self._networks = networks
        self._config = {
            **cpu_config(threads=threads, precision=precision),
            # Shapes of P-Net's input never repeat in a stream of photos; keeping a primitive
            # for each makes memory grow (facenet-pytorch#209) and saves under 1 ms a level.
            "CPU_RUNTIME_CACHE_CAPACITY": 0,
        }
        self._rnet_batch = rnet_batch
        self._pnet = self._request("pnet", [1, 3, -1, -1])
        self._rnet = self._request("rnet", [rnet_batch, _RNET_SIDE, _RNET_SIDE, 3])

    def pnet(self, pixels: Floats) -> Floats:
        """See ``Networks.pnet``."""
        whole = np.ascontiguousarray(pixels[np.newaxis])
        self._pnet.infer({"pixels": whole}, share_inputs=True)
        return np.asarray(self._pnet.get_tensor("cells").data[0])

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        """See ``Networks.rnet``."""
        scores, offsets = _in_batches(self._rnet, crops, self._rnet_batch, ("scores", "offsets"))
        return scores, offsets

    def _request(self, name: str, shape: list[int]) -> Any:
        model = self._core.read_model(self._networks[name])
        model.reshape(shape)
        return self._core.compile_model(model, "CPU", self._config).create_infer_request()


class _ExactNetworks(_FirstNetworks):
    """All three networks in float32, and P-Net for single windows."""

    def __init__(self, networks: dict[str, bytes], *, threads: int) -> None:
        super().__init__(networks, threads=threads, precision="f32", rnet_batch=16)
        self._windows = self._request("pnet", [_WINDOWS_BATCH, 3, WINDOW, WINDOW])
        self._onet = self._request("onet", [_ONET_BATCH, _ONET_SIDE, _ONET_SIDE, 3])

    def pnet_windows(self, windows: Floats) -> Floats:
        """See ``ExactNetworks.pnet_windows``."""
        (cells,) = _in_batches(self._windows, windows, _WINDOWS_BATCH, ("cells",))
        return cells[..., 0, 0]

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """See ``Networks.onet``."""
        names = ("scores", "offsets", "landmarks")
        scores, offsets, landmarks = _in_batches(self._onet, crops, _ONET_BATCH, names)
        return scores, offsets, landmarks


def _in_batches(request: Any, crops: Floats, batch: int, names: tuple[str, ...]) -> list[Floats]:
    def run(some: Floats) -> list[Floats]:
        request.infer({"pixels": some}, share_inputs=True)
        # Copies: the tensors' memory is overwritten by the next inference.
        return [np.array(request.get_tensor(name).data, dtype=np.float32) for name in names]

    return in_batches(run, crops, batch)
