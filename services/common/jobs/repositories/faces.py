"""The faces of a job, added up."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.common.db.face_tables import Face
from services.common.domain.emotions import EMOTIONS, Emotion


@dataclass(frozen=True, slots=True)
class ExpressionTally:
    """Faces of a job with this first answer; ``mean_p`` is the mean of its probability."""

    faces: int = 0
    uncertain: int = 0
    mean_p: float | None = None


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
