"""Random changes of training images, in NumPy and OpenCV on the CPU.

The set is the union of what the public from-scratch FER2013 recipes use: flip, one affine warp
(shift, zoom, rotation), brightness and contrast, random erasing (Zhong et al., arXiv 1708.04896);
and what poor photos do to a face: blur, few levels, strong JPEG compression.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.trainer.config import AugmentConfig

Floats = NDArray[np.float32]
Change = Callable[[Floats, AugmentConfig, np.random.Generator], Floats]

_BEST_JPEG = 80
# Pixels a side of an unreadable image: eyes and mouth of a face are one pixel together, or less.
_LEAST, _MOST = 2, 5


def augment(
    images: NDArray[np.uint8], *, config: AugmentConfig, rng: np.random.Generator
) -> Floats:
    """Return changed copies of ``images`` (uint8 ``[N, S, S, C]``) as float32 in 0..255."""
    result = np.stack([_warp(image, config=config, rng=rng) for image in images])
    if config.blur:
        _some(result, _blurred, share=config.blur, config=config, rng=rng)
    result = _light(result, config=config, rng=rng)
    if config.levels:
        _some(result, _squeezed, share=config.levels, config=config, rng=rng)
    if config.jpeg:
        _some(result, _compressed, share=config.jpeg, config=config, rng=rng)
    for image in result:
        if rng.random() < config.erase:
            _erase(image, config=config, rng=rng)
    return result


def unreadable(image: Floats, *, rng: np.random.Generator) -> Floats:
    """Return what is left of ``image`` ``[S, S, C]`` at 2 to 5 pixels a side, enlarged, and noise.

    A network that has met only faces answers a blurred crop, or the back of a head, "neutral",
    and surely: 14 % of drawn backs of heads were marked uncertain, 11 % of the faces (starter
    1.0.0).
    """
    side = image.shape[0]
    few = int(rng.integers(_LEAST, _MOST, endpoint=True))
    averaged = cv2.resize(image, (few, few), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(averaged, (side, side), interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, rng.uniform(0, 10), image.shape)
    return _floats(np.clip(enlarged.reshape(image.shape) + noise, 0, 255))


def _some(
    images: Floats,
    change: Change,
    *,
    share: float,
    config: AugmentConfig,
    rng: np.random.Generator,
) -> None:
    """Change a ``share`` of the images, in place."""
    for index in np.flatnonzero(rng.random(len(images)) < share):
        images[index] = change(images[index], config, rng).reshape(images[index].shape)


def _warp(image: NDArray[np.uint8], *, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """Flip, rotate, zoom and shift in one interpolation; the border is repeated outwards."""
    side = image.shape[0]
    centre = ((side - 1) / 2, (side - 1) / 2)
    angle = rng.uniform(-config.rotate, config.rotate)
    matrix = cv2.getRotationMatrix2D(centre, angle, 1 + rng.uniform(-config.zoom, config.zoom))
    matrix[:, 2] += rng.uniform(-config.shift, config.shift, size=2) * side
    if rng.random() < config.flip:
        matrix[0] = [-matrix[0, 0], -matrix[0, 1], side - 1 - matrix[0, 2]]
    warped = cv2.warpAffine(
        image.astype(np.float32),
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, dtype=np.float32).reshape(image.shape)


def _light(images: Floats, *, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    shape = (len(images), 1, 1, 1)
    contrast = rng.uniform(1 - config.contrast, 1 + config.contrast, shape)
    brightness = rng.uniform(1 - config.brightness, 1 + config.brightness, shape)
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    changed = (images - mean) * contrast + mean * brightness
    return np.asarray(np.clip(changed, 0, 255), dtype=np.float32)


def _blurred(image: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    sigma = rng.uniform(0.1, 1) * config.blur_sigma * image.shape[0]
    return _floats(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _squeezed(image: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """Map 0..255 to a part of it that lies anywhere, in whole levels, as a photo holds them."""
    share = rng.uniform(config.least_levels, 1)
    darkest = rng.uniform(0, 1 - share) * 255
    return _floats(np.rint(image * share + darkest))


def _compressed(image: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    quality = int(rng.integers(config.jpeg_quality, _BEST_JPEG, endpoint=True))
    pixels = np.rint(image).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _floats(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED))


def _floats(pixels: Any) -> Floats:
    return np.asarray(pixels, dtype=np.float32)


def _erase(image: Floats, *, config: AugmentConfig, rng: np.random.Generator) -> None:
    """Fill a rectangle with noise, in place; its aspect lies between 1:3 and 3:1."""
    height, width = image.shape[:2]
    area = rng.uniform(*config.erase_area) * height * width
    aspect = np.exp(rng.uniform(-np.log(3), np.log(3)))
    h = int(np.clip(round(np.sqrt(area * aspect)), 1, height))
    w = int(np.clip(round(np.sqrt(area / aspect)), 1, width))
    top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    patch = image[top : top + h, left : left + w]
    patch[...] = rng.uniform(0, 255, patch.shape)
