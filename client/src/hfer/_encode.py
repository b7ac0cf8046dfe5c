"""Pictures of Pillow and arrays of numpy, made into PNG: pixels as they are, nothing lost."""

import importlib.util
import io
import sys
from typing import Any

from hfer.errors import MissingPackageError, SourceTypeError

# What PNG stores as it is.
_AS_THEY_ARE = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_AS_RGB = frozenset({"CMYK", "YCbCr", "LAB", "HSV", "RGBX"})
_AS_RGBA = frozenset({"La", "PA", "RGBa"})
_GRAY, _COLOUR = 2, 3
_CHANNELS = frozenset({3, 4})


def is_image(source: object) -> bool:
    """Whether it is a picture of Pillow; if Pillow was never imported, nothing is."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(source, pillow.Image)


def is_array(source: object) -> bool:
    """Whether it is an array of numbers; one of paths is an iterable like others."""
    interface = getattr(source, "__array_interface__", None)
    return isinstance(interface, dict) and interface["typestr"][1] not in "OUS"


def require_pillow(what: str) -> None:
    """Say early that Pillow is missing.

    Raises:
        MissingPackageError: it is.
    """
    if importlib.util.find_spec("PIL") is None:
        raise MissingPackageError(f"{what} needs Pillow: pip install 'hfer[images]'.")


def encoded_image(image: Any) -> bytes:
    """Encode a picture with its EXIF, which says how it is turned, and its colour profile.

    Raises:
        SourceTypeError: its pixels are none that a photo has.
    """
    profile = image.info.get("icc_profile")
    exif = image.getexif()
    if image.mode in _AS_RGB | _AS_RGBA:
        # A profile of CMYK says nothing of the RGB that it becomes.
        image, profile = image.convert("RGB" if image.mode in _AS_RGB else "RGBA"), None
    elif image.mode not in _AS_THEY_ARE:
        raise SourceTypeError(
            f"A picture of mode {image.mode} is no photo; give image.convert('RGB')."
        )
    more = {"exif": exif} if exif else {}
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1, icc_profile=profile, **more)
    return buffer.getvalue()


def encoded_array(array: Any) -> bytes:
    """Encode an array: uint8 of shape [H, W], [H, W, 1], [H, W, 3] (RGB) or [H, W, 4] (RGBA).

    Raises:
        SourceTypeError: it is another kind of array.
        MissingPackageError: Pillow is not installed.
    """
    require_pillow("An array as a photo")
    from PIL import Image

    shape = tuple(array.shape)
    if len(shape) == _COLOUR and shape[2] == 1:
        array, shape = array[:, :, 0], shape[:2]
    fits = len(shape) == _GRAY or (len(shape) == _COLOUR and shape[2] in _CHANNELS)
    if not fits or array.dtype.str != "|u1" or 0 in shape:
        raise SourceTypeError(
            f"An array of {array.dtype} and shape {list(shape)} is no photo: give uint8 of shape"
            " [height, width, 3] in RGB order (OpenCV has BGR: array[..., ::-1]), or"
            " [height, width] for gray; a stack of photos one by one, as list(stack)."
        )
    return encoded_image(Image.fromarray(array))
