"""Photos of two jobs side by side: those of the same bytes, each once, with the faces of both."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.common.domain.emotions import EMOTIONS
from services.common.domain.faces import Box

# Rows that are in memory at a time: 200 faces of each side are some 200 kB.
_ROWS = 500

# A photo that was sent twice has its equal in the order sent. Bytes and number are one key: by two
# the planner expects a hundred pairs, and looks every photo and face of 100,000 up by itself.
_PAIR = """
    numbered AS (
        SELECT id, job_id, seq, sha256 || int8send(
                   row_number() OVER (PARTITION BY job_id, sha256 ORDER BY seq)) AS key
        FROM item WHERE job_id IN (:one, :other) AND sha256 IS NOT NULL
    ), pair AS (
        SELECT one.id, one.seq, other.id AS other_id
        FROM numbered AS one JOIN numbered AS other USING (key)
        WHERE one.job_id = :one AND other.job_id = :other AND one.seq > :after
    )
"""
# From the narrow rows of faces. A photo is framed alike where both jobs found as many faces, each
# of exactly the same longer side, a double: the detector gave the same boxes. ``codes`` are the
# first answers of such a photo's faces, of both jobs in one number.
_OUTLINE = text(f"""
    WITH {_PAIR}, analysed AS (
        SELECT pair.*, a.faces, b.faces AS other_faces
        FROM pair
        LEFT JOIN analysed_photo AS a ON a.item_id = pair.id AND a.job_id = :one
        LEFT JOIN analysed_photo AS b ON b.item_id = pair.other_id AND b.job_id = :other
    ), photo AS MATERIALIZED (
        SELECT analysed.id, analysed.seq, analysed.other_id,
               analysed.faces IS NOT NULL AND analysed.other_faces IS NOT NULL AS answered,
               analysed.faces = analysed.other_faces
                   AND bool_and(mine.side IS NOT DISTINCT FROM theirs.side) AS alike,
               array_agg(mine.expression * {len(EMOTIONS)} + theirs.expression) AS codes
        FROM analysed
        LEFT JOIN face AS mine ON mine.item_id = analysed.id AND mine.job_id = :one
        LEFT JOIN face AS theirs ON theirs.item_id = analysed.other_id
            AND theirs.job_id = :other AND theirs.face_index = mine.face_index
        GROUP BY analysed.id, analysed.seq, analysed.other_id, analysed.faces,
                 analysed.other_faces
    ), changed AS (
        SELECT seq FROM photo WHERE answered AND alike AND codes && CAST(:wanted AS int[])
        ORDER BY seq LIMIT :most
    ), read AS (
        SELECT id, other_id, alike FROM photo
        WHERE answered AND (NOT alike OR seq IN (SELECT seq FROM changed) OR seq % :step = 0)
    )
    SELECT (SELECT count(*) FROM photo) AS photos,
           (SELECT count(*) FROM photo WHERE NOT answered) AS unanswered,
           (SELECT json_object_agg(code, n) FROM (
                SELECT code, count(*) AS n FROM photo, unnest(codes) AS code
                WHERE answered AND alike AND code IS NOT NULL GROUP BY code) AS counted) AS codes,
           (SELECT array_agg(id) FROM read) AS ids,
           (SELECT array_agg(other_id) FROM read) AS other_ids,
           (SELECT array_agg(alike) FROM read) AS alike
""")
# Of a photo's payload only what is compared leaves the database.
_PAIRS = text("""
    SELECT one.seq, one.public_id, other.public_id AS other_public_id, one.filename, pair.alike,
           jsonb_path_query_array(a.payload, '$.faces[*].box') AS boxes,
           jsonb_path_query_array(a.payload, '$.faces[*].probabilities') AS answers,
           jsonb_path_query_array(b.payload, '$.faces[*].box') AS other_boxes,
           jsonb_path_query_array(b.payload, '$.faces[*].probabilities') AS other_answers
    FROM unnest(CAST(:ids AS bigint[]), CAST(:others AS bigint[]), CAST(:alike AS boolean[]))
        AS pair(id, other_id, alike)
    JOIN item AS one ON one.id = pair.id
    JOIN item AS other ON other.id = pair.other_id
    JOIN outcome AS a ON a.item_id = pair.id
    JOIN outcome AS b ON b.item_id = pair.other_id
    ORDER BY one.seq
""")


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face as one job has it: its box in analysed pixels, its seven probabilities."""

    index: int
    box: Box
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PhotoPair:
    """A photo that both jobs have a result of.

    ``alike`` where both framed the same faces: then the outline has counted them.
    """

    seq: int
    item: uuid.UUID
    other_item: uuid.UUID
    filename: str
    alike: bool
    faces: tuple[SeenFace, ...]
    other_faces: tuple[SeenFace, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What narrow rows tell of the photos of two jobs.

    Attributes:
        photos: how many both have.
        unanswered: of them, those without a result on one side.
        confusion: faces of photos framed alike, by first answers.
        read: those whose payloads are to be read, by their numbers in both jobs: not framed
            alike, one of the first with a change that is wanted, or drawn to see how far
            probabilities moved. The last says whether they are framed alike.
    """

    photos: int
    unanswered: int
    confusion: list[list[int]]
    read: Sequence[tuple[int, int, bool]]


class DiffRepository:
    """Reads pairs of photos in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def outline(
        self,
        one: int,
        other: int,
        *,
        wanted: Collection[tuple[int, int]],
        most: int,
        step: int,
        after_seq: int = -1,
    ) -> Outline:
        """Look at all photos of both jobs, from a number of the first on.

        Args:
            one: the first job's number.
            other: the second's.
            wanted: first answers in both, as places in ``EMOTIONS``, of faces to be read.
            most: photos with such a face that are read at most.
            step: every how-many-th photo is read in any case.
            after_seq: the number before.
        """
        size = len(EMOTIONS)
        parameters = {
            "one": one,
            "other": other,
            "after": after_seq,
            "step": step,
            "most": most,
            "wanted": [row * size + column for row, column in wanted],
        }
        found = self._session.execute(_OUTLINE, parameters).one()
        confusion = [[0] * size for _ in EMOTIONS]
        for code, count in (found.codes or {}).items():
            confusion[int(code) // size][int(code) % size] = count
        read = zip(found.ids or (), found.other_ids or (), found.alike or (), strict=True)
        return Outline(found.photos, found.unanswered, confusion, list(read))

    def pairs(self, read: Sequence[tuple[int, int, bool]]) -> Iterator[PhotoPair]:
        """Iterate over photos of an outline, in the order of the first job."""
        parameters = {
            "ids": [one for one, _, _ in read],
            "others": [other for _, other, _ in read],
            "alike": [alike for _, _, alike in read],
        }
        rows = self._session.execute(
            _PAIRS, parameters, execution_options={"yield_per": _ROWS, "stream_results": True}
        )
        for row in rows:
            yield PhotoPair(
                row.seq,
                row.public_id,
                row.other_public_id,
                row.filename,
                row.alike,
                _faces(row.boxes, row.answers),
                _faces(row.other_boxes, row.other_answers),
            )


def _faces(boxes: Sequence[Any] | None, answers: Sequence[Any] | None) -> tuple[SeenFace, ...]:
    return tuple(
        SeenFace(index, Box(*box), tuple(probabilities))
        for index, (box, probabilities) in enumerate(zip(boxes or (), answers or (), strict=True))
    )
