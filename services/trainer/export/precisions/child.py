"""Run NNCF in a process of its own.

It imports torch where torch is installed, and torch after TensorFlow ends the process
(design notes: import torch first, or give each its own process).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.trainer.errors import ExportError

# NNCF's own default. 600 changed the starter's agreement by less than its noise.
CALIBRATION_CROPS = 300
# Convolutions next to the pixels that stay in fp32: on the starter's PublicTest 98.8 % of the
# first answers stay with 7 of them, 96.3 % with none and 98.8 % with 10. Each costs speed.
EXACT_CONVOLUTIONS = 7
_TIMEOUT_S = 3_600


def quantised(graph: bytes, crops: NDArray[np.uint8], *, exact: int = EXACT_CONVOLUTIONS) -> bytes:
    """Return the graph with int8 weights and int8 activations where they pay.

    Args:
        graph: a bundle's ``model.onnx``.
        crops: uint8 ``[N, S, S, C]`` as serving makes them; a few hundred of the training data.
        exact: so many convolutions next to the pixels stay in fp32, as the last layers do.

    Raises:
        ExportError: if NNCF refuses the graph.
    """
    with tempfile.TemporaryDirectory(prefix="hfer-int8-") as scratch:
        folder = Path(scratch)
        (folder / "model.onnx").write_bytes(graph)
        np.save(folder / "crops.npy", crops, allow_pickle=False)
        command = [
            sys.executable,
            "-m",
            "services.trainer.export.precisions.run_nncf",
            scratch,
            str(exact),
        ]
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env=environment,
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise ExportError(f"The network cannot be quantised: {reason[0]}")
        return (folder / "model.int8.onnx").read_bytes()
