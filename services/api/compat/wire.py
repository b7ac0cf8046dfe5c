"""hfer's way of writing an answer: a JSON document in a JSON string, pixels as Latin-1 text.

One byte of a pixel becomes one character, and half of the characters seven bytes of body:
a megapixel takes some 14 MB. So a body is written piece by piece and never held whole.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PIECE_BYTES = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture in an answer: ``rgb`` is uint8 ``[H, W, 3]``."""

    rgb: NDArray[np.uint8]


def write_answer(members: Mapping[str, object]) -> Iterator[bytes]:
    """Yield the body: what ``json.dumps(json.dumps(members))`` gives, pictures written out."""
    yield b'"{'
    for place, (name, value) in enumerate(members.items()):
        yield _outer(f"{', ' if place else ''}{json.dumps(name)}: ")
        if isinstance(value, Picture):
            yield from _write_picture(value.rgb)
        else:
            yield _outer(json.dumps(value))
    yield b'}"'


def _write_picture(rgb: NDArray[np.uint8]) -> Iterator[bytes]:
    yield _outer('{"image": "')
    pixels = np.ascontiguousarray(rgb).data.cast("B")
    for start in range(0, len(pixels), _PIECE_BYTES):
        text = bytes(pixels[start : start + _PIECE_BYTES]).decode("latin-1")
        yield _outer(json.dumps(text)[1:-1])
    height, width = rgb.shape[:2]
    yield _outer(f'", "size": {json.dumps([height, width])}}}')


def _outer(text: str) -> bytes:
    """Escape a piece of the inner document; JSON escapes each character by itself."""
    return json.dumps(text)[1:-1].encode()
