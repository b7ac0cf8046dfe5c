"""Mean and deviation of pixels: part of the network's graph, not of serving."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.trainer.config import Backbone, ModelConfig
from services.trainer.errors import WeightsError


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Per channel, on the scale 0..255."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


_TO_PLUS_MINUS_1 = Normalisation((127.5,) * 3, (127.5,) * 3)
_IMAGENET = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
# "caffe": means only. These networks want BGR; their first kernel is turned to RGB when loaded.
MEANS_ONLY = Normalisation((123.68, 116.779, 103.939), (1.0, 1.0, 1.0))
# The mean of those means for all three: what ``convert_faceres.py`` makes of such a network.
ONE_MEAN = Normalisation((114.799,) * 3, (1.0,) * 3)

# What ``preprocess_input`` of keras.applications does, and the Lite0 checkpoint's own scale.
_PUBLISHED: Mapping[Backbone, Normalisation] = {
    Backbone.EFFICIENTNET_LITE0: _TO_PLUS_MINUS_1,
    Backbone.MOBILENET_V1: ONE_MEAN,
    Backbone.VGG16: MEANS_ONLY,
    Backbone.RESNET50: MEANS_ONLY,
    Backbone.DENSENET121: _IMAGENET,
    Backbone.DENSENET169: _IMAGENET,
    Backbone.EFFICIENTNETV2_B0: _IMAGENET,
    Backbone.EFFICIENTNETV2_S: _TO_PLUS_MINUS_1,
}


def normalisation_for(config: ModelConfig, images: NDArray[np.uint8]) -> Normalisation:
    """Return what the weights were trained with, or else what ``images`` measure.

    Args:
        config: weights of a run or a bundle have its scale, published ones the backbone's, and
            random ones none.
        images: the training images, uint8 ``[N, S, S, C]``. Gray ones get the mean over RGB.

    Raises:
        WeightsError: if the bundle or run is damaged, or was trained on other channels.
    """
    if config.weights == "none":
        return measure(images)
    earlier = _of_earlier(Path(config.weights))
    if earlier is not None:
        theirs, ours = len(earlier.mean), images.shape[-1]
        if theirs != ours:
            raise WeightsError(
                f"model.weights={config.weights} was trained on images with {theirs} channel(s), "
                f"this recipe has {ours}: set data.channels={theirs}, or name other weights."
            )
        return earlier
    if config.backbone not in _PUBLISHED:
        return measure(images)
    published = _PUBLISHED[config.backbone]
    if images.shape[-1] == len(published.mean):
        return published
    return Normalisation((round(float(np.mean(published.mean)), 3),), (published.std[0],))


def _of_earlier(folder: Path) -> Normalisation | None:
    """Return the scale of a bundle or a run folder; None if it is neither."""
    for name, section in (("bundle.json", "input"), ("run.json", "normalisation")):
        if (folder / name).is_file():
            try:
                found = json.loads((folder / name).read_bytes())[section]
                return Normalisation(tuple(found["mean"]), tuple(found["std"]))
            except (KeyError, TypeError, ValueError) as error:
                raise WeightsError(
                    f"{folder / name} is damaged; name other weights in model.weights."
                ) from error
    return None


def measure(images: NDArray[np.uint8]) -> Normalisation:
    """Measure uint8 ``[N, S, S, C]``; rounded to hundredths, for a manifest people can read."""
    channels = [images[..., channel] for channel in range(images.shape[-1])]
    return Normalisation(
        mean=tuple(round(float(pixels.mean()), 2) for pixels in channels),
        std=tuple(max(1.0, round(float(pixels.std()), 2)) for pixels in channels),
    )
