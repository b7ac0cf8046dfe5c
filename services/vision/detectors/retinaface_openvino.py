"""RetinaFace and O-Net on OpenVINO: for CPUs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from services.vision.cpu import cpu_capabilities, cpu_config
from services.vision.detectors.boxes import Floats
from services.vision.detectors.networks import in_batches, read_networks
from services.vision.detectors.priors import STRIDES
from services.vision.detectors.retinaface import RetinaFaceDetector
from services.vision.transforms import Pixels

_ONET_BATCH = 4


def load_retinaface_openvino(
    retinaface: Path, mtcnn: Path, *, threads: int = 1
) -> RetinaFaceDetector:
    """Verify the networks in both folders and compile them for the CPU.

    Raises:
        BundleError: if a manifest or a network is missing or not what its SHA-256 says.
    """
    return RetinaFaceDetector(_Networks(retinaface, mtcnn, threads=threads))


class _Networks:
    def __init__(self, retinaface: Path, mtcnn: Path, *, threads: int) -> None:
        core = openvino.Core()
        # Proposals are only a first look; boxes and landmarks are O-Net's, in float32.
        first = "bf16" if "BF16" in cpu_capabilities() else "f32"
        model = core.read_model(read_networks(retinaface, "retinaface")["retinaface"])
        config = cpu_config(threads=threads, precision=first)
        # Shapes seldom repeat in a stream of photos; keeping one's primitives saves 4 ms and grows.
        config["CPU_RUNTIME_CACHE_CAPACITY"] = 0
        self._retinaface: Any = core.compile_model(model, "CPU", config).create_infer_request()
        model = core.read_model(read_networks(mtcnn, "onet")["onet"])
        model.reshape([_ONET_BATCH, 48, 48, 3])
        config = cpu_config(threads=threads, precision="f32")
        self._onet: Any = core.compile_model(model, "CPU", config).create_infer_request()

    def cells(self, pixels: Pixels) -> Mapping[int, Floats]:
        """See ``ProposalNetwork.cells``."""
        self._retinaface.infer({"pixels": pixels[np.newaxis]}, share_inputs=True)
        return {s: self._retinaface.get_tensor(f"cells_{s}").data[0] for s in STRIDES}

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """See ``mtcnn.Networks.onet``."""
        scores, offsets, landmarks = in_batches(self._run_onet, crops, _ONET_BATCH)
        return scores, offsets, landmarks

    def _run_onet(self, crops: Floats) -> list[Floats]:
        self._onet.infer({"pixels": crops}, share_inputs=True)
        names = ("scores", "offsets", "landmarks")
        # Copies: the tensors' memory is overwritten by the next inference.
        return [np.array(self._onet.get_tensor(name).data, np.float32) for name in names]
