"""Photos as users read them: each item with its outcome, in the order sent."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Row, Select, case, literal, select
from sqlalchemy.orm import Session

from services.common.db.tables import Item, Job, Outcome
from services.common.domain.jobs import ItemState, ItemStatus, Verdict
from services.common.domain.photo_filters import ALL_PHOTOS, PhotoFilter
from services.common.jobs.repositories.conditions import fits

# Columns and not entities: there is no identity map to fill and empty again.
_Columns = Select[Any]
# 20,000 faces are 18 MB of JSON and, as objects of the API, 100 MB.
FACES_A_PAGE = 20_000
_FINAL = (ItemState.FINISHED, ItemState.CANCELLED)
_USABLE = (Verdict.SUCCEEDED, Verdict.NO_FACE)


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One photo and what came of it. ``payload`` is set exactly when the analysis succeeded."""

    public_id: uuid.UUID
    seq: int
    filename: str
    client_ref: str | None
    source_url: str | None
    sha256: bytes | None
    object_key: str
    status: ItemStatus
    attempts: int
    payload: dict[str, Any] | None
    model_version: str | None
    error_code: str | None
    error_detail: str | None


class ResultRepository:
    """Reads photos with their outcomes in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(
        self,
        job_id: int,
        *,
        after_seq: int,
        limit: int,
        wanted: PhotoFilter = ALL_PHOTOS,
    ) -> list[PhotoRecord]:
        """Return up to ``limit`` photos numbered above ``after_seq`` (-1 for the first page).

        The page also ends with the photo that brings its faces to ``FACES_A_PAGE``: fewer than
        ``limit`` photos are no sign of the end then, as `is_full` tells.

        Args:
            job_id: the job's number.
            after_seq: where the page begins.
            limit: most photos.
            wanted: which photos.
        """
        # A cursor may name what no photo of 32 bits has.
        after = literal(after_seq, BigInteger)
        query = select_photos().where(Item.seq > after, *fits(job_id, wanted))
        return self._fill(query.order_by(Item.seq).limit(limit))

    def at(
        self, job_id: int, seqs: Sequence[int], *, wanted: PhotoFilter = ALL_PHOTOS
    ) -> list[PhotoRecord]:
        """Return those of the photos with these numbers that are wanted, in the order of ``seqs``.

        The page ends like that of `page`.
        """
        query = select_photos().where(Item.seq.in_(seqs), *fits(job_id, wanted))
        place = case({seq: place for place, seq in enumerate(seqs)}, value=Item.seq)
        return self._fill(query.order_by(place)) if seqs else []

    def final_window(
        self,
        job_id: int,
        *,
        first_seq: int,
        size: int,
        wanted: PhotoFilter = ALL_PHOTOS,
    ) -> list[PhotoRecord]:
        """Return those wanted of ``size`` photos from ``first_seq`` on that cannot change any more.

        A range and no LIMIT: with the statistics of a job just filled, the planner would sort
        all of its final photos for every page (19 s for 50,000 photos, measured).
        """
        query = select_photos().where(
            Item.seq.between(first_seq, first_seq + size - 1),
            Item.state.in_(_FINAL),
            *fits(job_id, wanted),
        )
        return self._read(query.order_by(Item.seq))

    def get(self, job_id: int, public_id: uuid.UUID) -> PhotoRecord | None:
        """Return one photo of a job."""
        query = select_photos().where(Item.job_id == job_id, Item.public_id == public_id)
        return next(iter(self._read(query)), None)

    def at_places(self, job_id: int, places: Collection[int]) -> list[PhotoRecord]:
        """Return those photos of a job that are numbered so, in that order."""
        query = select_photos().where(Item.job_id == job_id, Item.seq.in_(places))
        return self._read(query.order_by(Item.seq))

    def options(self, public_id: uuid.UUID) -> dict[str, Any]:
        """Return the stored options of the job that a photo is of."""
        query = select(Job).join(Item, Item.job_id == Job.id)
        return self._session.execute(query.where(Item.public_id == public_id)).scalar_one().options

    def at_or_below(self, tenant: str, public_id: uuid.UUID, *, reach: int) -> PhotoRecord | None:
        """Return the tenant's photo with this id, or with the nearest one up to ``reach`` less."""
        lowest = uuid.UUID(int=max(public_id.int - reach, 0))
        query = (
            select_photos()
            .join(Job, Job.id == Item.job_id)
            .where(Item.public_id.between(lowest, public_id), Job.tenant == tenant)
            .order_by(Item.public_id.desc())
            .limit(1)
        )
        return next(iter(self._read(query)), None)

    def model_versions(self, job_ids: Sequence[int]) -> dict[int, str]:
        """Return, for each job that has a result, the model version of one of its results."""
        made_by = (
            select(Outcome.model_version)
            .join(Item, Item.id == Outcome.item_id)
            .where(
                Item.job_id == Job.id,
                Item.state == ItemState.FINISHED,
                Item.verdict.in_(_USABLE),
            )
            .limit(1)
            .scalar_subquery()
        )
        query = select(Job.id, made_by).where(Job.id.in_(job_ids))
        return {job_id: version for job_id, version in self._session.execute(query) if version}

    def _fill(self, query: _Columns) -> list[PhotoRecord]:
        page: list[PhotoRecord] = []
        # Row by row: what is not read is not unpacked from the connection's buffer.
        for row in self._session.execute(query):
            page.append(read_photo(row))
            if is_full(page):
                break
        return page

    def _read(self, query: _Columns) -> list[PhotoRecord]:
        return [read_photo(row) for row in self._session.execute(query)]


def is_full(page: Sequence[PhotoRecord]) -> bool:
    """Return whether a page has as many faces as one may have."""
    return sum(len((photo.payload or {}).get("faces", ())) for photo in page) >= FACES_A_PAGE


def photos_a_page(most: int, *, faces: int) -> int:
    """Return how many photos may be read at once that have up to ``faces`` faces each."""
    return max(1, min(most, FACES_A_PAGE // faces))


def select_photos() -> _Columns:
    """Select photos with their outcomes, as `read_photo` reads them."""
    query: Any = select(
        Item.public_id,
        Item.seq,
        Item.filename,
        Item.client_ref,
        Item.source_url,
        Item.sha256,
        Item.object_key,
        Item.state,
        Item.verdict,
        Item.attempts,
        Outcome.payload,
        Outcome.model_version,
        Outcome.error_code,
        Outcome.error_detail,
    )
    return query.outerjoin(Outcome, Outcome.item_id == Item.id)  # type: ignore[no-any-return]  # more columns than SQLAlchemy's types can count


def read_photo(row: Row[Any]) -> PhotoRecord:
    """Turn a row of `select_photos` into a photo."""
    verdict = None if row.verdict is None else Verdict(row.verdict)
    return PhotoRecord(
        public_id=row.public_id,
        seq=row.seq,
        filename=row.filename,
        client_ref=row.client_ref,
        source_url=row.source_url,
        sha256=row.sha256,
        object_key=row.object_key,
        status=ItemStatus.of(ItemState(row.state), verdict),
        attempts=row.attempts,
        payload=row.payload,
        model_version=row.model_version,
        error_code=row.error_code,
        error_detail=row.error_detail,
    )
