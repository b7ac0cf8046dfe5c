"""A job's photos or faces in one order, whole: numbers only, so that 100,000 are one answer.

Postgres writes the arrays as JSON, and nobody between it and the client takes them apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    case,
    cast,
    func,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.common.db.face_tables import AnalysedPhoto, Face
from services.common.db.tables import Item
from services.common.domain.emotions import EMOTIONS
from services.common.domain.photo_filters import PhotoFilter, Sort
from services.common.jobs.repositories.conditions import (
    DIFFERS,
    REVIEWED,
    face_conditions,
    face_fits,
    fits,
)
from services.common.jobs.repositories.faces import FaceRepository

# 25 MB of numbers. A job of 100,000 photos may have more faces than this.
LONGEST_ORDER = 1_000_000

Key = ColumnElement[Any] | InstrumentedAttribute[Any]
# Columns as SQLAlchemy's types cannot count them.
_Columns = Select[Any]


@dataclass(frozen=True, slots=True)
class Order:
    """How many there are, and the first `LONGEST_ORDER` of them as parallel JSON arrays by name."""

    total: int
    arrays: Mapping[str, str]


class OrderRepository:
    """Reads orders in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def photos(self, job_id: int, sort: Sort, wanted: PhotoFilter) -> Order:
        """Return the photos that are wanted: ``index`` and ``ratio``.

        ``ratio`` is width over height in hundredths, 100 where it is not known.
        """
        known = AnalysedPhoto.width * 100 // func.nullif(AnalysedPhoto.height, 0)
        ratio = cast(func.greatest(func.coalesce(known, 100), 1), Integer)
        query: Any = (
            select(Item.seq.label("index"), ratio.label("ratio"))
            .outerjoin(AnalysedPhoto, AnalysedPhoto.item_id == Item.id)
            .where(*fits(job_id, wanted))
        )
        return self._read(self._sorted_photos(query, job_id, sort, wanted))

    def faces(self, job_id: int, sort: Sort, wanted: PhotoFilter) -> Order:
        """Return the faces that are wanted, in arrays of four numbers of each.

        ``index`` is the photo's, ``face_index`` its own, ``reviewed`` 0 or 1, ``expression`` a
        place in ``EMOTIONS``.
        """
        query: Any = select(
            Face.seq.label("index"),
            Face.face_index,
            cast(REVIEWED, Integer).label("reviewed"),
            Face.expression,
        ).where(*face_fits(job_id, wanted))
        if sort is Sort.NAME:
            query = query.join(Item, Item.id == Face.item_id)
        elif sort in _OF_PHOTO:
            query = query.join(AnalysedPhoto, AnalysedPhoto.item_id == Face.item_id)
        if sort is not Sort.SENT:
            key = _OF_PHOTO[sort] if sort in _OF_PHOTO else self._face_key(job_id, sort)
            query = query.order_by(key)
        return self._read(query.order_by(Face.seq, Face.face_index))

    def _sorted_photos(
        self, query: _Columns, job_id: int, sort: Sort, wanted: PhotoFilter
    ) -> _Columns:
        if sort is Sort.SENT:
            return query.order_by(Item.seq)
        if sort in _OF_PHOTO:
            return query.order_by(_OF_PHOTO[sort], Item.seq)
        # The first of a photo's faces in this order says where the photo stands.
        first = (
            select(Face.item_id, func.min(self._face_key(job_id, sort)).label("key"))
            .where(Face.job_id == job_id, *face_conditions(wanted.faces).values())
            .group_by(Face.item_id)
            .subquery()
        )
        return query.outerjoin(first, first.c.item_id == Item.id).order_by(
            first.c.key.asc().nulls_last(), Item.seq
        )

    def _face_key(self, job_id: int, sort: Sort) -> Key:
        if sort is not Sort.RARE:
            return _OF_FACE[sort]
        tallies = FaceRepository(self._session).tally(job_id)
        # Of two that are equally rare the one that comes first in EMOTIONS.
        rarest = sorted(EMOTIONS, key=lambda emotion: tallies[emotion].faces)
        ranks = {place: rarest.index(emotion) for place, emotion in enumerate(EMOTIONS)}
        return 2 * case(ranks, value=Face.expression) - Face.top_p

    def _read(self, query: _Columns) -> Order:
        ordered = query.limit(LONGEST_ORDER).subquery()
        arrays = [
            func.coalesce(cast(func.array_to_json(func.array_agg(column)), Text), "[]").label(name)
            for name, column in ordered.c.items()
        ]
        row = self._session.execute(select(func.count().label("total"), *arrays)).mappings().one()
        found = dict(row)
        total = found.pop("total")
        if total == LONGEST_ORDER:
            every = query.order_by(None).subquery()
            total = self._session.execute(select(func.count()).select_from(every)).scalar_one()
        return Order(total, found)


_OF_PHOTO: Mapping[Sort, Key] = {
    Sort.FACES: AnalysedPhoto.faces.desc().nulls_last(),
    # By code points: the database's language costs a second for 100,000 names.
    Sort.NAME: Item.filename.collate("C"),
    Sort.CAPTURED: AnalysedPhoto.captured_at.collate("C").asc().nulls_last(),
}
# One number each, the least first, so that the least of a photo's is that of its first face. A
# probability is at most 1.
_OF_FACE: Mapping[Sort, Key] = {
    Sort.UNCERTAIN: Face.top_p,
    Sort.MARGIN: Face.margin,
    Sort.CONFIDENCE: -Face.top_p,
    Sort.SIZE: -Face.side,
    Sort.DISAGREEMENT: case((DIFFERS, 0), else_=2) + Face.top_p,
}
