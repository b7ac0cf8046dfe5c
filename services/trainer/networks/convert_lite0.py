"""The published EfficientNet-Lite0 checkpoint as named arrays: ``python -m … IN.pth OUT.npz``.

Runs in a process of its own: torch reads the file, and torch and TensorFlow must not share one.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch

_BLOCK_PARTS = {
    "_expand_conv": "expand",
    "_bn0": "expand.bn",
    "_depthwise_conv": "depthwise",
    "_bn1": "depthwise.bn",
    "_project_conv": "project",
    "_bn2": "project.bn",
}
_PARTS = {"_conv_stem": "stem", "_bn0": "stem.bn", "_conv_head": "head", "_bn1": "head.bn"}
_BN_VARIABLES = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def convert(source: Path, target: Path) -> None:
    """Rename and transpose all variables but those of the 1,000-class layer.

    Kernels ``[out, in, h, w]`` become ``[h, w, in, out]``, depthwise ones ``[h, w, channels, 1]``.
    """
    state = torch.load(source, map_location="cpu", weights_only=True)
    arrays = {}
    for name, tensor in state.items():
        *parts, variable = name.split(".")
        if parts[0] == "_fc" or variable == "num_batches_tracked":
            continue
        layer = (
            f"blocks.{parts[1]}.{_BLOCK_PARTS[parts[2]]}" if len(parts) > 1 else _PARTS[parts[0]]
        )
        array = tensor.numpy()
        if layer.endswith(".bn"):
            arrays[f"{layer}/{_BN_VARIABLES[variable]}"] = array
        else:
            order = (2, 3, 0, 1) if layer.endswith("depthwise") else (2, 3, 1, 0)
            arrays[f"{layer}/kernel"] = array.transpose(order)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(f".{os.getpid()}.tmp")
    with scratch.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    scratch.replace(target)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
