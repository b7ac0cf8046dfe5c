"""What files of a bundle could do harm with, refused before an engine or numpy sees them."""

import math
from typing import IO, BinaryIO
from zipfile import ZipFile

import numpy as np

from services.common.domain.bundles import GOLDEN_NAME, SELF_CONTAINED
from services.common.domain.errors import BundleError
from services.common.onnx_files import NotOnnxError, has_external_data

# Ours are two arrays of 16 crops, 1 MB; 1,000 crops of 224 pixels would be 150.
MAX_GOLDEN_ARRAYS = 8
MAX_GOLDEN_BYTES = 256_000_000


def check_network(name: str, data: bytes) -> None:
    """Refuse a network that names other files: engines open what it names.

    Raises:
        BundleError: it does, or is no ONNX model.
    """
    try:
        external = has_external_data(data)
    except NotOnnxError as error:
        raise BundleError(f"{name} is no ONNX model ({error}); export it again.") from error
    if external:
        raise BundleError(f"{name} keeps weights in other files; {SELF_CONTAINED}")


def check_archive(file: BinaryIO) -> None:
    """Bound what the archive of golden answers unpacks to, before anything of it is unpacked.

    Raises:
        BundleError: it is too much.
        Exception: what zipfile and numpy raise on what is no archive of arrays.
    """
    with ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_GOLDEN_ARRAYS:
            raise _too_large(f"holds more than {MAX_GOLDEN_ARRAYS} arrays")
        if sum(entry.file_size for entry in entries) > MAX_GOLDEN_BYTES:
            raise _too_large(f"unpacks to more than {MAX_GOLDEN_BYTES} bytes")
        for entry in entries:
            with archive.open(entry) as array:
                # numpy makes room for what the head says before it reads on.
                if _said_bytes(array) > entry.file_size:
                    raise _too_large("holds an array that says to be larger than it is")
    file.seek(0)


def _said_bytes(array: IO[bytes]) -> int:
    read_head = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(array)]
    shape, _, dtype = read_head(array)
    return math.prod(shape) * int(dtype.itemsize)


def _too_large(fault: str) -> BundleError:
    return BundleError(f"{GOLDEN_NAME} {fault}; export the bundle with fewer golden answers.")
