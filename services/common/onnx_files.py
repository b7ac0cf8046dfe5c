"""Whether an ONNX file keeps weights in other files, told without loading it.

ONNX Runtime and OpenVINO open what such a file names, from its folder or from where the process
stands: a bundle could name files of the host. Only the messages that can hold a tensor are walked
(onnx.proto3 of ONNX 1.20); weights are stepped over, so that 550 MB take milliseconds.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

# By message: the fields that hold another message, by number.
_FIELDS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "model": {7: "graph", 20: "training", 25: "function"},
        "training": {1: "graph", 2: "graph"},
        "graph": {1: "node", 5: "tensor", 15: "sparse"},
        "function": {7: "node", 11: "attribute"},
        "node": {5: "attribute"},
        "attribute": {
            5: "tensor",
            6: "graph",
            10: "tensor",
            11: "graph",
            22: "sparse",
            23: "sparse",
        },
        "sparse": {1: "tensor", 2: "tensor"},
        "tensor": {},
    }
)
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES = 10
# protobuf's own limit; and more fields than any network of ours has by far (the largest: 3,000).
_DEEPEST = 100
_MOST_FIELDS = 1_000_000


class NotOnnxError(ValueError):
    """The bytes are no ONNX model, or one that is far too complex to be a classifier."""


def has_external_data(model: bytes | memoryview) -> bool:
    """Whether a serialised ``ModelProto`` has a tensor whose data lies in another file.

    Raises:
        NotOnnxError: it cannot be read.
    """
    waiting = [("model", memoryview(model), 0)]
    fields = 0
    while waiting:
        kind, message, depth = waiting.pop()
        if depth > _DEEPEST:
            raise NotOnnxError("messages lie too deep in each other")
        for number, value in _read(message):
            fields += 1
            if fields > _MOST_FIELDS:
                raise NotOnnxError("it has too many fields")
            if kind == "tensor" and _is_external(number, value):
                return True
            inner = _FIELDS[kind].get(number)
            if inner is not None and isinstance(value, memoryview):
                waiting.append((inner, value, depth + 1))
    return False


def _is_external(number: int, value: int | memoryview) -> bool:
    # A location without `external_data` names nothing, but is not ours to judge: refused as well.
    return (number == _EXTERNAL_DATA and isinstance(value, memoryview)) or (
        number == _DATA_LOCATION and value == 1
    )


def _read(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field; of fixed-size numbers 0, which nobody asks for."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, wire = tag >> 3, tag & 7
        value: int | memoryview = 0
        if wire == _VARINT:
            value, place = _varint(message, place)
        elif wire == _BYTES:
            size, place = _varint(message, place)
            value, place = message[place : place + size], place + size
        elif wire in (_FIXED32, _FIXED64):
            place += 4 if wire == _FIXED32 else 8
        else:
            raise NotOnnxError("a field is of no known kind")
        if number == 0 or place > len(message):
            raise NotOnnxError("a field ends behind its message")
        yield number, value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(_VARINT_BYTES):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, place
    raise NotOnnxError("a number does not end")
