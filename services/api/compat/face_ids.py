"""Ids of faces as hfer's clients know them: 32 hex digits, with nothing stored for them.

An id is the photo's own id plus the face's number. Photos' ids are 128 bits, 74 of them random,
and a photo has at most 100 faces: an id leads back to the one photo at or just below it.
"""

import re
import uuid

_FACE_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


def format_face_id(photo: uuid.UUID, face_index: int) -> str:
    """Return the id of a face of a photo."""
    return f"{photo.int + face_index:032x}"


def parse_face_id(text: str) -> uuid.UUID | None:
    """Read an id back as the last place where its photo's id can be; None for anything else."""
    return uuid.UUID(hex=text) if _FACE_ID.fullmatch(text) else None


def face_index_of(face: uuid.UUID, photo: uuid.UUID) -> int:
    """Return the number of the face within its photo."""
    return face.int - photo.int
