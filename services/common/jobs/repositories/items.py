"""Photos as rows of a job: written by COPY, picked again for a retry."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, Row, func, or_, select, text
from sqlalchemy.orm import Session

from services.common.db.tables import Item, Outcome
from services.common.domain.errors import RETRYABLE_ERRORS, ItemErrorCode
from services.common.domain.ids import new_uuid7
from services.common.domain.jobs import ItemState, Verdict
from services.common.domain.queues import Lane
from services.common.jobs.repositories.tallies import tallying
from services.common.net.guard import host_of

_COPY = (
    "COPY item (public_id, job_id, seq, queue, filename, client_ref, source_url, object_key,"
    " sha256, byte_count, state, verdict, attempts, iso_crashes, solo, next_at) FROM STDIN"
)
_REFUSE = text(f"""
    WITH refused AS (
        SELECT item.id, item.job_id, item.state, item.verdict, given.code, given.detail
        FROM unnest(:seqs ::int[], :codes ::text[], :details ::text[]) AS given(seq, code, detail)
        JOIN item ON item.job_id = :job_id AND item.seq = given.seq
    ), tallied AS ({tallying("refused")})
    INSERT INTO outcome (item_id, ok, error_code, error_detail)
    SELECT id, false, code, detail FROM refused
""")

_AWAIT = text("""
    INSERT INTO url_fetch (item_id, job_id, host, attempts)
    SELECT item.id, item.job_id, given.host, 0
    FROM unnest(:seqs ::int[], :hosts ::text[]) AS given(seq, host)
    JOIN item ON item.job_id = :job_id AND item.seq = given.seq
""")
# Postgres reads the word as the transaction's time: its clock is the only one.
_NOW = "now"
# A date that never comes, and that Python can read, unlike 'infinity'.
_NEVER = "9999-01-01Z"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a photo is finished before any worker saw it."""

    code: ItemErrorCode
    detail: str

    @classmethod
    def by_size(cls, byte_count: int, *, limit: int) -> Self | None:
        """Refuse a file that is empty or larger than a photo may be; None if it is neither."""
        if not byte_count:
            return cls(ItemErrorCode.EMPTY, "The file is empty; send it again.")
        if byte_count > limit:
            return cls(
                ItemErrorCode.TOO_LARGE, f"The file has {byte_count} bytes; the limit is {limit}."
            )
        return None


@dataclass(frozen=True, slots=True)
class NewItem:
    """A photo about to be written.

    ``object_key`` is empty when it is refused, and when it is still to be fetched from its
    ``source_url``. ``sha256`` is None for a photo whose bytes nobody has seen whole.
    """

    public_id: uuid.UUID
    filename: str
    sha256: bytes | None
    byte_count: int
    object_key: str = ""
    client_ref: str | None = None
    refusal: Refusal | None = None
    source_url: str | None = None

    @property
    def awaits_fetch(self) -> bool:
        """Whether the photo is still to be fetched."""
        return self.refusal is None and not self.object_key

    @property
    def host(self) -> str:
        """The host of ``source_url``; empty without one."""
        return host_of(self.source_url) if self.source_url else ""


class ItemRepository:
    """Reads and writes items in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def copy(
        self, job_id: int, items: Sequence[NewItem], *, lane: Lane, first_seq: int = 0
    ) -> None:
        """Write items of a job by one COPY (100,000 take 1.1 s), numbered from ``first_seq``.

        Refused ones are written finished, with their outcome row; those to be fetched first
        wait for `services.ingest`.
        """
        driver = self._session.connection().connection.driver_connection
        assert driver is not None  # noqa: S101 - a session in a transaction has a connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            for seq, item in enumerate(items, first_seq):
                copy.write_row(_columns(job_id, seq, item, lane=lane))
        self._refuse(job_id, items, first_seq=first_seq)
        self._await(job_id, items, first_seq=first_seq)

    def _await(self, job_id: int, items: Iterable[NewItem], *, first_seq: int) -> None:
        hosts = {seq: item.host for seq, item in enumerate(items, first_seq) if item.awaits_fetch}
        if hosts:
            parameters = {"job_id": job_id, "seqs": list(hosts), "hosts": list(hosts.values())}
            self._session.execute(_AWAIT, parameters)

    def _refuse(self, job_id: int, items: Iterable[NewItem], *, first_seq: int) -> None:
        refused = [(seq, item.refusal) for seq, item in enumerate(items, first_seq) if item.refusal]
        if not refused:
            return
        self._session.execute(
            _REFUSE,
            {
                "job_id": job_id,
                "seqs": [seq for seq, _ in refused],
                "codes": [refusal.code.value for _, refusal in refused],
                "details": [refusal.detail for _, refusal in refused],
            },
        )

    def again(self, job_id: int) -> list[NewItem]:
        """Return all photos of a job, in the order sent, as photos of a new one.

        One that has neither bytes nor a URL is refused for the reason that it had before.
        """
        query: Any = (
            select(
                Item.filename,
                Item.sha256,
                Item.byte_count,
                Item.object_key,
                Item.client_ref,
                Item.source_url,
                Outcome.error_code,
                Outcome.error_detail,
            )
            .outerjoin(Outcome, Outcome.item_id == Item.id)
            .where(Item.job_id == job_id)
            .order_by(Item.seq)
        )
        return [_again(row) for row in self._session.execute(query)]

    def failed_retryable(self, job_id: int) -> list[Item]:
        """Return the failed items that another try may help, in the order sent.

        Their photo is stored or has a URL, and it is not what is at fault.
        """
        query = select(Item).join(Outcome).where(*_retryable(job_id)).order_by(Item.seq)
        return list(self._session.scalars(query))

    def failed_stored(self, job_id: int) -> list[Item]:
        """Return the failed items whose photo is stored or has a URL, in the order sent."""
        query = select(Item).where(*_failed_stored(job_id)).order_by(Item.seq)
        return list(self._session.scalars(query))

    def count_retryable(self, job_id: int) -> int:
        """Count what `failed_retryable` returns."""
        query = select(func.count()).select_from(Item).join(Outcome).where(*_retryable(job_id))
        return self._session.execute(query).scalar_one()


def _failed_stored(job_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Item.job_id == job_id,
        Item.state == ItemState.FINISHED,
        Item.verdict == Verdict.FAILED,
        or_(Item.object_key != "", Item.source_url.is_not(None)),
    )


def _retryable(job_id: int) -> tuple[ColumnElement[bool], ...]:
    return (*_failed_stored(job_id), Outcome.error_code.in_(RETRYABLE_ERRORS))


def _again(row: Row[Any]) -> NewItem:
    refusal = None
    if not row.object_key and row.source_url is None:
        code = row.error_code or ItemErrorCode.OBJECT_MISSING
        refusal = Refusal(ItemErrorCode(code), row.error_detail or "It was never stored.")
    return NewItem(
        public_id=new_uuid7(),
        filename=row.filename,
        sha256=row.sha256,
        byte_count=row.byte_count,
        object_key=row.object_key,
        client_ref=row.client_ref,
        refusal=refusal,
        source_url=row.source_url,
    )


def _columns(job_id: int, seq: int, item: NewItem, *, lane: Lane) -> tuple[object, ...]:
    refused = item.refusal is not None
    return (
        item.public_id,
        job_id,
        seq,
        lane.value,
        item.filename,
        item.client_ref,
        item.source_url,
        item.object_key,
        item.sha256,
        item.byte_count,
        int(ItemState.FINISHED if refused else ItemState.READY),
        int(Verdict.FAILED) if refused else None,
        0,
        0,
        False,
        _NEVER if item.awaits_fetch else _NOW,
    )
