"""The faces of a job, added up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.common.db.face_tables import Face
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.reviews import Answer
from services.common.jobs.repositories.conditions import ANSWER_BITS


@dataclass(frozen=True, slots=True)
class ExpressionTally:
    """Faces of a job with this first answer; ``mean_p`` is the mean of its probability."""

    faces: int = 0
    uncertain: int = 0
    mean_p: float | None = None


@dataclass(frozen=True, slots=True)
class ReviewTally:
    """The faces of a job, those with a vote, and these by first answer and what a reviewer says.

    A face on which reviewers differ counts for each thing that is said of it.
    """

    faces: int
    reviewed: int
    answers: Mapping[Emotion, Mapping[Answer, int]]


class FaceRepository:
    """Adds up faces in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tally(self, job_id: int) -> dict[Emotion, ExpressionTally]:
        """Count the faces found so far by first answer; every expression has an entry."""
        query = (
            select(
                Face.expression,
                func.count().label("faces"),
                func.count().filter(Face.uncertain).label("uncertain"),
                func.avg(Face.top_p).label("mean_p"),
            )
            .where(Face.job_id == job_id)
            .group_by(Face.expression)
        )
        found = {
            EMOTIONS[row.expression]: ExpressionTally(row.faces, row.uncertain, float(row.mean_p))
            for row in self._session.execute(query)
        }
        return {emotion: found.get(emotion, ExpressionTally()) for emotion in EMOTIONS}

    def reviews(self, job_id: int) -> ReviewTally:
        """Count the faces by their votes, as the filters `expression` and `answer` find them."""
        query = (
            select(Face.expression, Face.answers, func.count().label("faces"))
            .where(Face.job_id == job_id)
            .group_by(Face.expression, Face.answers)
        )
        faces = reviewed = 0
        answers = {emotion: Counter[Answer]() for emotion in EMOTIONS}
        for row in self._session.execute(query):
            faces += row.faces
            reviewed += row.faces if row.answers else 0
            for answer, bit in ANSWER_BITS.items():
                if row.answers & bit:
                    answers[EMOTIONS[row.expression]][answer] += row.faces
        return ReviewTally(faces, reviewed, answers)
