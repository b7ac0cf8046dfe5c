"""Erasing chosen photos of a job that lives on.

All that hangs on a photo goes with its row: result, faces, reviews, drawn faces. A row of the same
number and id is written in its place, a failed photo whose error is ``erased``, so that nothing is
numbered anew and every listing tells what became of it. Its name, its reference, its URL and its
hash go too.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.common.datasets.repositories.thinning import ThinningRepository
from services.common.db.erasure_tables import Erasure, ErasureObject
from services.common.db.review_tables import FaceReview, ReviewDrawFace
from services.common.db.tables import Item, Job, Outcome
from services.common.domain.errors import ItemErrorCode
from services.common.domain.ids import new_uuid7
from services.common.domain.jobs import ItemState, ItemStatus, Verdict
from services.common.jobs.repositories.erasures import ErasureRepository, ErasureRequest
from services.common.jobs.repositories.tallies import TallyRepository
from services.common.storage_keys import pictures_prefix, uploads_prefix

ERASED_PHOTOS = "photos"
# What stands in the place of a name, which may be that of a person.
ERASED_NAME = "erased"
_DETAIL = "Erased on request; nothing of this photo is kept but its number."


@dataclass(frozen=True, slots=True)
class ErasedPhotos:
    """What one request erased.

    Attributes:
        items: public ids of the photos erased by it, in their order.
        before: how many of those asked for were erased already.
        receipt: public id of the erasure; None where all were erased already.
    """

    items: Sequence[uuid.UUID]
    before: int
    receipt: uuid.UUID | None


class PhotoErasureRepository:
    """Erases photos in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._erasures = ErasureRepository(session)

    def ids(self, job_id: int, places: Collection[int]) -> Mapping[int, uuid.UUID]:
        """Return the public ids of a job's photos by their numbers."""
        query = select(Item.seq, Item.public_id).where(Item.job_id == job_id, Item.seq.in_(places))
        return {row.seq: row.public_id for row in self._session.execute(query)}

    def of_items(self, items: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[uuid.UUID]]:
        """Return those of these photos that there are, by the public id of their job."""
        query = (
            select(Job.public_id, func.array_agg(Item.public_id))
            .join(Item, Item.job_id == Job.id)
            .where(Item.public_id.in_(items))
            .group_by(Job.public_id)
        )
        return {job: list(found) for job, found in self._session.execute(query)}

    def unknown(self, job_id: int, items: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """Return those of these ids that are no photo of the job."""
        query = select(Item.public_id).where(Item.job_id == job_id, Item.public_id.in_(items))
        found = set(self._session.scalars(query))
        return [item for item in items if item not in found]

    def erase(
        self,
        job: Job,
        items: Collection[uuid.UUID],
        *,
        asked: ErasureRequest,
        urls_hold: timedelta = timedelta(0),
    ) -> ErasedPhotos:
        """Erase photos of a job whose row the caller has locked; a second time changes nothing.

        Objects are listed for deletion before the rows go, the order of locks of any erasure.

        Args:
            job: with all of the ``items``.
            items: public ids, a statement's worth.
            asked: who wants it, who gets a receipt.
            urls_hold: how long a client may still put photos of an upload by presigned URLs.
        """
        wanted = (Item.job_id == job.id, Item.public_id.in_(items))
        erased = Outcome.error_code == ItemErrorCode.ERASED
        before = self._session.scalars(
            select(Item.public_id).join(Outcome, Outcome.item_id == Item.id).where(*wanted, erased)
        ).all()
        gone = [item for item in items if item not in set(before)]
        if not gone:
            return ErasedPhotos([], len(before), None)
        receipt = new_uuid7()
        chosen = (Item.job_id == job.id, Item.public_id.in_(gone))
        self._note_objects(receipt, chosen)
        self._schedule_objects(job, gone, chosen, urls_hold=urls_hold)
        counts = self._count_reviews(chosen)
        rows = self._replace(chosen)
        TallyRepository(self._session).turn_to_failed(job.id, Counter(map(_status_of, rows)))
        faces = ThinningRepository(self._session).erase_photos(gone)
        order = [row.public_id for row in rows]
        self._session.execute(
            insert(Erasure).values(
                job_public_id=receipt,
                of_job=job.public_id,
                items=order,
                tenant=job.tenant,
                reason=ERASED_PHOTOS,
                photos=len(order),
                training_faces=faces,
                key_id=asked.key_id,
                key_name=asked.key_name,
                stated_reason=asked.stated_reason,
                check_at=func.now(),
                **counts,
            )
        )
        return ErasedPhotos(order, len(before), receipt)

    def _note_objects(self, receipt: uuid.UUID, chosen: Sequence[ColumnElement[bool]]) -> None:
        keys = select(literal(receipt), Item.object_key).where(*chosen, Item.object_key != "")
        into = [ErasureObject.job_public_id, ErasureObject.object_key]
        self._session.execute(upsert(ErasureObject).from_select(into, keys.distinct()))

    def _schedule_objects(
        self,
        job: Job,
        gone: Collection[uuid.UUID],
        chosen: Sequence[ColumnElement[bool]],
        *,
        urls_hold: timedelta,
    ) -> None:
        if job.inputs_erased_at is not None:
            return
        keys = self._session.scalars(select(Item.object_key).where(*chosen, Item.object_key != ""))
        self._erasures.schedule_deletion(keys)
        self._erasures.schedule_prefix(*(pictures_prefix(job.public_id, item) for item in gone))
        now = self._session.scalars(select(func.now())).one()
        if job.upload_until is not None and job.sealed_at and job.sealed_at + urls_hold > now:
            own = uploads_prefix(job.tenant, job.public_id)
            self._erasures.schedule_prefix(own, after=urls_hold)

    def _count_reviews(self, chosen: Sequence[ColumnElement[bool]]) -> dict[str, int]:
        """Count for the receipt what people said of these faces, and which draws had one."""
        words = select(func.count()).select_from(FaceReview)
        draws = select(func.count(ReviewDrawFace.draw_id.distinct()))
        return {
            "reviews": self._session.scalars(
                words.join(Item, Item.id == FaceReview.item_id).where(*chosen)
            ).one(),
            "draws": self._session.scalars(
                draws.join(Item, Item.id == ReviewDrawFace.item_id).where(*chosen)
            ).one(),
        }

    def _replace(self, chosen: Sequence[ColumnElement[bool]]) -> list[Row[Any]]:
        """Write each row anew as that of an erased photo; return what they were, in their order."""
        statement = (
            delete(Item)
            .where(*chosen)
            .returning(
                Item.public_id,
                Item.job_id,
                Item.seq,
                Item.queue,
                Item.state,
                Item.verdict,
                Item.event_id,
            )
        )
        went: Iterable[Row[Any]] = self._session.execute(
            statement.execution_options(synchronize_session=False)
        )
        rows = sorted(went, key=lambda row: int(row.seq))
        self._session.execute(
            insert(Item),
            [
                {
                    "public_id": row.public_id,
                    "job_id": row.job_id,
                    "seq": row.seq,
                    "queue": row.queue,
                    "filename": ERASED_NAME,
                    "object_key": "",
                    "byte_count": 0,
                    "state": ItemState.FINISHED,
                    "verdict": Verdict.FAILED,
                    # Its place in the stream of events; of a photo nobody finished the first.
                    "event_id": row.seq if row.event_id is None else row.event_id,
                }
                for row in rows
            ],
        )
        anew = select(
            Item.id,
            literal(False),
            literal(ItemErrorCode.ERASED.value),
            literal(_DETAIL),
        ).where(*chosen)
        into = [Outcome.item_id, Outcome.ok, Outcome.error_code, Outcome.error_detail]
        self._session.execute(insert(Outcome).from_select(into, anew))
        return rows


def _status_of(row: Row[Any]) -> ItemStatus:
    return ItemStatus.of(
        ItemState(row.state), None if row.verdict is None else Verdict(row.verdict)
    )
