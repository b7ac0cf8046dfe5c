"""Every query on draws: faces of a job picked at random, each with a known probability."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.common.db.face_tables import Face
from services.common.db.review_tables import ReviewDraw, ReviewDrawFace
from services.common.db.tables import Item
from services.common.domain.emotions import EMOTIONS
from services.common.domain.ids import new_uuid7
from services.common.reviews.accuracy import DrawnFace, DrawnOrder, shares_of
from services.common.reviews.vote_repository import votes_by_face

# The job's faces with their first answer, in an order that the seed, the photo's place and the
# face's number alone decide. Hashes are compared byte by byte: a language's order takes longer.
_FACES = """
    SELECT item_id, face_index, expression,
           md5(:seed || ':' || seq || ':' || face_index) COLLATE "C" AS lot
    FROM face
    WHERE job_id = :job_id
"""
_DRAW = text(f"""
    INSERT INTO review_draw_face (draw_id, place, item_id, face_index, expression, probability)
    SELECT :draw_id, row_number() OVER (ORDER BY lot, item_id) - 1, item_id, face_index, expression,
           (CAST(:probabilities AS double precision[]))[expression + 1]
    FROM (
        SELECT *, row_number() OVER (
            PARTITION BY CASE WHEN :by_expression THEN expression END ORDER BY lot, item_id) AS rank
        FROM ({_FACES}) AS face
    ) AS ranked
    WHERE rank <= CASE WHEN :by_expression THEN (CAST(:shares AS int[]))[expression + 1]
                       ELSE :count END
""")  # noqa: S608 - a statement of constants


@dataclass(frozen=True, slots=True)
class Draw:
    """Faces drawn at random; ``reviewed`` of them have a vote."""

    public_id: uuid.UUID
    seed: int
    by_expression: bool
    population: int
    drawn_at: datetime
    faces: int
    reviewed: int


@dataclass(frozen=True, slots=True)
class FaceOfDraw:
    """A drawn face with how many votes it has."""

    item: uuid.UUID
    seq: int
    face_index: int
    probability: float
    votes: int


class DrawRepository:
    """Draws, and reads what was drawn, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def make(
        self,
        job_id: int,
        *,
        count: int,
        seed: int,
        by_expression: bool,
        populations: Sequence[int],
    ) -> uuid.UUID:
        """Draw up to ``count`` faces of a job that is final; its public id.

        Args:
            job_id: of the job.
            count: most faces.
            seed: the same draws the same.
            by_expression: as many of each of the model's answers, in place of all faces alike.
            populations: the job's faces by the model's answer, in the order of ``EMOTIONS``.
        """
        shares = shares_of(count, populations, by_expression=by_expression)
        share = min(count / max(sum(populations), 1), 1.0)
        public_id = new_uuid7()
        made = insert(ReviewDraw).values(
            public_id=public_id,
            job_id=job_id,
            seed=seed,
            by_expression=by_expression,
            populations=list(populations),
        )
        values = {
            "draw_id": self._session.scalars(made.returning(ReviewDraw.id)).one(),
            "job_id": job_id,
            "seed": str(seed),
            "count": count,
            "by_expression": by_expression,
            "shares": shares,
            "probabilities": [
                of_class / most if most else 0.0
                for of_class, most in zip(shares, populations, strict=True)
            ]
            if by_expression
            else [share] * len(EMOTIONS),
        }
        self._session.execute(_DRAW, values)
        return public_id

    def of_job(self, job_id: int, public_id: uuid.UUID | None = None) -> list[Draw]:
        """Return the job's draws, or one of them, the newest first."""
        voted = and_(
            Face.item_id == ReviewDrawFace.item_id,
            Face.face_index == ReviewDrawFace.face_index,
            Face.answers != 0,
        )
        query = (
            select(ReviewDraw, func.count(ReviewDrawFace.place), func.count(Face.item_id))
            .outerjoin(ReviewDrawFace, ReviewDrawFace.draw_id == ReviewDraw.id)
            .outerjoin(Face, voted)
            .where(ReviewDraw.job_id == job_id)
            .group_by(ReviewDraw.id)
        )
        if public_id is not None:
            query = query.where(ReviewDraw.public_id == public_id)
        return [
            Draw(
                public_id=draw.public_id,
                seed=draw.seed,
                by_expression=draw.by_expression,
                population=sum(draw.populations),
                drawn_at=draw.drawn_at,
                faces=count,
                reviewed=reviewed,
            )
            for draw, count, reviewed in self._session.execute(query.order_by(ReviewDraw.id.desc()))
        ]

    def faces(self, job_id: int, public_id: uuid.UUID) -> list[FaceOfDraw]:
        """Return the faces of a draw in its random order."""
        votes = votes_by_face(job_id).subquery()
        query = (
            select(
                Item.public_id,
                Item.seq,
                ReviewDrawFace.face_index,
                ReviewDrawFace.probability,
                func.coalesce(votes.c.votes, 0),
            )
            .join(ReviewDraw, ReviewDraw.id == ReviewDrawFace.draw_id)
            .join(Item, Item.id == ReviewDrawFace.item_id)
            .outerjoin(
                votes,
                and_(
                    votes.c.item_id == ReviewDrawFace.item_id,
                    votes.c.face_index == ReviewDrawFace.face_index,
                ),
            )
            .where(ReviewDraw.job_id == job_id, ReviewDraw.public_id == public_id)
            .order_by(ReviewDrawFace.place)
        )
        return [FaceOfDraw(*row) for row in self._session.execute(query)]

    def orders(self, job_id: int) -> list[DrawnOrder]:
        """Return all draws of a job with what was said of their faces, to estimate from."""
        votes = votes_by_face(job_id).subquery()
        query: Any = (
            select(
                ReviewDrawFace.draw_id,
                ReviewDrawFace.item_id,
                ReviewDrawFace.face_index,
                ReviewDrawFace.expression,
                votes.c.votes,
                votes.c.blind,
            )
            .join(ReviewDraw, ReviewDraw.id == ReviewDrawFace.draw_id)
            .outerjoin(
                votes,
                and_(
                    votes.c.item_id == ReviewDrawFace.item_id,
                    votes.c.face_index == ReviewDrawFace.face_index,
                ),
            )
            .where(ReviewDraw.job_id == job_id)
            .order_by(ReviewDrawFace.draw_id, ReviewDrawFace.place)
        )
        faces = groupby(self._session.execute(query), lambda row: row[0])
        found = {draw_id: [_face(*row[1:]) for row in rows] for draw_id, rows in faces}
        draws = select(ReviewDraw).where(ReviewDraw.job_id == job_id).order_by(ReviewDraw.id)
        return [
            DrawnOrder(draw.populations, draw.by_expression, found.get(draw.id, ()))
            for draw in self._session.scalars(draws)
        ]


def _face(
    item_id: int, face_index: int, expression: int, votes: int | None, blind: str | None
) -> DrawnFace:
    return DrawnFace((item_id, face_index), expression, bool(votes), tuple((blind or "").split()))
