"""Photos of two jobs side by side: those of the same bytes, each once, with the faces of both."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.faces import Box

# Rows that are in memory at a time: 200 faces of each side are some 200 kB.
_ROWS = 500

# A photo that was sent twice has its equal in the order sent. Of a photo's payload only what is
# compared leaves the database.
_PAIRS = text("""
    WITH numbered AS (
        SELECT id, job_id, public_id, seq, filename, sha256,
               row_number() OVER (PARTITION BY job_id, sha256 ORDER BY seq) AS nth
        FROM item WHERE job_id IN (:one, :other) AND sha256 IS NOT NULL
    ), pair AS (
        SELECT one.id, one.public_id, one.seq, one.filename, other.id AS other_id,
               other.public_id AS other_public_id
        FROM numbered AS one JOIN numbered AS other USING (sha256, nth)
        WHERE one.job_id = :one AND other.job_id = :other AND one.seq > :after
    )
    SELECT pair.seq, pair.public_id, pair.other_public_id, pair.filename,
           a.ok IS TRUE AND b.ok IS TRUE AS answered,
           jsonb_path_query_array(a.payload, '$.faces[*].box') AS boxes,
           jsonb_path_query_array(a.payload, '$.faces[*].probabilities') AS answers,
           jsonb_path_query_array(b.payload, '$.faces[*].box') AS other_boxes,
           jsonb_path_query_array(b.payload, '$.faces[*].probabilities') AS other_answers
    FROM pair
    LEFT JOIN outcome AS a ON a.item_id = pair.id
    LEFT JOIN outcome AS b ON b.item_id = pair.other_id
    ORDER BY pair.seq
""")


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face as one job has it: its box in analysed pixels, its seven probabilities."""

    index: int
    box: Box
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PhotoPair:
    """A photo that both jobs have; ``answered`` where both have a result of it."""

    seq: int
    item: uuid.UUID
    other_item: uuid.UUID
    filename: str
    answered: bool
    faces: tuple[SeenFace, ...]
    other_faces: tuple[SeenFace, ...]


class DiffRepository:
    """Reads pairs of photos in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pairs(self, one: int, other: int, *, after_seq: int = -1) -> Iterator[PhotoPair]:
        """Iterate over the photos of both jobs, in the order of the first, from a number on."""
        parameters = {"one": one, "other": other, "after": after_seq}
        rows = self._session.execute(
            _PAIRS, parameters, execution_options={"yield_per": _ROWS, "stream_results": True}
        )
        for row in rows:
            yield PhotoPair(
                row.seq,
                row.public_id,
                row.other_public_id,
                row.filename,
                row.answered,
                _faces(row.boxes, row.answers),
                _faces(row.other_boxes, row.other_answers),
            )


def _faces(boxes: Sequence[Any] | None, answers: Sequence[Any] | None) -> tuple[SeenFace, ...]:
    return tuple(
        SeenFace(index, Box(*box), tuple(probabilities))
        for index, (box, probabilities) in enumerate(zip(boxes or (), answers or (), strict=True))
    )
