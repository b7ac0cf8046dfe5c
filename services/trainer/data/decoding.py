"""A data set's images as serving would read them, and the hash that names them all."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.domain.errors import ItemError
from services.common.domain.faces import Box
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.trainer.data.layouts import KnownBox, Sample
from services.trainer.errors import DataLayoutError
from services.trainer.files import sha256_of
from services.vision.transforms import InputSpec, crop_face

# Face crops are smaller than any photo in which the detector finds a face.
_LIMITS = PhotoLimits(photo_min_side_px=8)


def decode_face(data: bytes, *, path: str, spec: InputSpec) -> NDArray[np.uint8]:
    """Decode an image that is one face with the product's own decoder, and crop it whole.

    Args:
        data: the file.
        path: of the file, for the error.
        spec: of the crop; its margin and shift act, so give one that is ``whole``.

    Returns:
        uint8 ``[size, size, channels]``.

    Raises:
        DataLayoutError: it cannot be decoded.
    """
    rgb = _decoded(data, path)
    height, width, _ = rgb.shape
    return crop_face(rgb, Box(0, 0, width, height), spec)


def decode_known(
    data: bytes, *, path: str, spec: InputSpec, box: KnownBox | None
) -> NDArray[np.uint8]:
    """Decode an image as `decode_face` does, or cut out of it the face that it is known to hold.

    Args:
        data: the file.
        path: of the file, for the error.
        spec: of the crop; margin and shift act where the ``box`` is known.
        box: where the face is; None: the image is one face as a whole.
    """
    if box is None:
        return decode_face(data, path=path, spec=spec.whole)
    rgb = _decoded(data, path)
    height, width, _ = rgb.shape
    longer = max(height, width) / (1 + box.margin)
    face = Box((width - longer) / 2, (height - longer) / 2, longer, longer)
    return crop_face(rgb, face, spec, roll=box.roll)


def side_of_face(data: bytes, *, path: str) -> int:
    """Return the longer side of an image in pixels; arguments and errors as of ``decode_face``."""
    height, width, _ = _decoded(data, path).shape
    return int(max(height, width))


def _decoded(data: bytes, path: str) -> NDArray[np.uint8]:
    try:
        return np.asarray(decode_photo(data, limits=_LIMITS).rgb)
    except ItemError as error:
        raise DataLayoutError(f"{path}: {error.detail} Remove or replace it.") from error


def source_sha256(source: Path, samples: Sequence[Sample], hashes: Sequence[str]) -> str:
    """Return an archive's own SHA-256, or that of a listing as ``sha256sum`` prints it.

    Args:
        source: an archive or a folder.
        samples: of it, in order.
        hashes: the SHA-256 of each.
    """
    if source.is_file():
        return sha256_of(source)
    return listing_sha256(samples, hashes)


def listing_sha256(samples: Sequence[Sample], hashes: Sequence[str]) -> str:
    """Return the SHA-256 of a listing of some images as ``sha256sum`` prints it."""
    listing = "".join(f"{h}  {s.path}\n" for s, h in zip(samples, hashes, strict=True))
    return hashlib.sha256(listing.encode()).hexdigest()
