"""What RetinaFace's finest grid knows of each cell: ``scripts.fit_small_faces`` learns from it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino

from services.vision.cpu import cpu_config
from services.vision.detectors.boxes import Floats
from services.vision.detectors.networks import read_networks
from services.vision.detectors.priors import STRIDES
from services.vision.detectors.search import framed
from services.vision.transforms import Pixels


class FinestGrid:
    """RetinaFace with the values behind its last convolution. Not for several threads at once."""

    def __init__(self, retinaface: Path) -> None:
        """Verify and compile the network.

        Raises:
            BundleError: if the manifest or the network is missing or not what its SHA-256 says.
        """
        network = read_networks(retinaface, "retinaface")["retinaface"]
        model = openvino.Core().read_model(network)
        (values,) = (each for each in model.get_ops() if each.get_friendly_name() == "ssh1")
        model.add_outputs([values.output(0)])
        config = cpu_config(threads=1, precision="f32")
        compiled = openvino.compile_model(model, "CPU", config)
        self._request: Any = compiled.create_infer_request()
        self._values = compiled.outputs.index(compiled.output("ssh1"))

    def of(self, rgb: Pixels, scale: float) -> tuple[Floats, Floats]:
        """Return values ``[h, w, 64]`` and the smaller prior's logits ``[h, w]`` at a scale."""
        seen = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        self._request.infer({"pixels": framed(np.asarray(seen, np.uint8))[np.newaxis]})
        values = np.array(self._request.get_output_tensor(self._values).data[0])
        logits = np.array(self._request.get_tensor(f"cells_{STRIDES[0]}").data[0, 0])
        return values.transpose(1, 2, 0), logits
