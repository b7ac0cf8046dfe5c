"""What every reader hands over: a picture that is opened but not decoded, and what was found."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PIL import Image, ImageFile

from services.common.domain.faces import PhotoWarning

# What Pillow's readers raise on damaged or hostile bytes (found by fuzzing, see the tests).
READER_FAULTS = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


class NotReadError(Exception):
    """The file is whole, but holds its pixels in a way that is not read; ``what`` names it."""

    def __init__(self, what: str) -> None:
        """Name what was found: it continues "The file is"."""
        super().__init__(what)
        self.what = what


class EndsEarlyError(Exception):
    """Pixels that the header announces are missing at the file's end."""


@dataclass(frozen=True, slots=True)
class Samples:
    """How numbers become brightness, where Pillow leaves it to its caller.

    Attributes:
        white: 16-bit gray that is white; None where nothing tells, but for the 16 bits.
        white_is_zero: the numbers grow from white to black, and Pillow did not turn them.
        premultiplied: colours are multiplied by alpha already.
    """

    white: int | None = None
    white_is_zero: bool = False
    premultiplied: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A picture, opened. ``exif`` is a block as in a JPEG or a loaded directory; empty: none.

    ``turned`` says that Pillow applies the orientation itself while it decodes.
    """

    image: ImageFile.ImageFile
    exif: bytes | Image.Exif = b""
    turned: bool = False
    samples: Samples = field(default_factory=Samples)
    warnings: tuple[PhotoWarning, ...] = ()


Reader = Callable[[bytes], Source]
Readers = Mapping[str, Reader]


def plain(reader: type[ImageFile.ImageFile]) -> Reader:
    """Return the reader of a format that needs no more than Pillow's class for it."""

    def open_plain(data: bytes) -> Source:
        image = reader(io.BytesIO(data))
        return Source(image, image.info.get("exif") or b"")

    return open_plain
