"""Crops of many faces: sheets of the service, asked for again while it still draws."""

import base64
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from itertools import islice

from hfer._codec import decode
from hfer._transport import Call, Transport
from hfer.errors import UnexpectedAnswerError

FACES_A_SHEET = 64
# Each waits up to 10 s on the service's side.
_ASKED_AT_MOST = 60
_PAUSE_S = 1.0

Face = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Crop:
    index: int = 0
    face_index: int = 0
    jpeg: str | None = None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """``pending``: some that have no picture will have one."""

    crops: tuple[_Crop, ...] = ()
    pending: bool = False


async def face_crops(
    transport: Transport, path: str, faces: Iterable[Face]
) -> AsyncGenerator[bytes | None, None]:
    """Yield a JPEG for each of a job's faces, None where there is none; see `hfer.Job.crops`."""
    rest = iter(faces)
    while sheet := list(islice(rest, FACES_A_SHEET)):
        found = await _sheet(transport, path, sheet)
        for face in sheet:
            yield found.get(face)


async def _sheet(transport: Transport, path: str, faces: list[Face]) -> dict[Face, bytes]:
    found: dict[Face, bytes] = {}
    for asked in range(_ASKED_AT_MOST):
        if asked:
            await transport.wire.sleep(_PAUSE_S)
        missing = [face for face in faces if face not in found]
        query = {"face": [f"{index}.{face_index}" for index, face_index in missing]}
        call = Call("GET", f"{path}/crops", query=query)
        sheet = decode(_Sheet, await transport.send_json(call))
        found |= {
            (crop.index, crop.face_index): base64.b64decode(crop.jpeg)
            for crop in sheet.crops
            if crop.jpeg
        }
        if not sheet.pending:
            return found
    raise UnexpectedAnswerError("The service still draws faces after many tries; try again later.")
