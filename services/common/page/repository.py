"""Marks of a page: counted, read and taken back in the session's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from services.common.db.page_tables import PageMark
from services.common.domain.page import MarkKind

# Of each kind and tenant: a month of typos, or 20,000 addresses that guess within an hour.
MOST_MARKS = 20_000

# One whose time is over begins anew. The clock is that of the statement: a transaction that waited
# for another's row would otherwise find its own time before the other's.
_ADD = text("""
    WITH new AS (
        SELECT CAST(:tenant AS text) AS tenant, CAST(:kind AS text) AS kind,
               CAST(:digest AS bytea) AS digest, CAST(:expected AS integer) AS expected
    )
    INSERT INTO page_mark AS mark (tenant, kind, digest, count, marked_at, until)
    SELECT tenant, kind, digest, 1, clock_timestamp(),
           clock_timestamp() + make_interval(secs => :ttl_s)
    FROM new
    WHERE coalesce(expected, 0) = 0 OR EXISTS (
        SELECT FROM page_mark AS old
        WHERE old.tenant = new.tenant AND old.kind = new.kind AND old.digest = new.digest
    )
    ON CONFLICT (tenant, kind, digest) DO UPDATE
    SET count = CASE WHEN mark.until > clock_timestamp() THEN mark.count + 1 ELSE 1 END,
        marked_at = excluded.marked_at,
        until = excluded.until
    WHERE CAST(:expected AS integer) IS NULL OR CAST(:expected AS integer)
        = CASE WHEN mark.until > clock_timestamp() THEN mark.count ELSE 0 END
    RETURNING mark.count
""")
# Those over, and the ones that end first beyond the most that are kept.
_TRIM = text("""
    DELETE FROM page_mark WHERE tenant = :tenant AND kind = :kind AND (
        until <= clock_timestamp()
        OR until < (
            SELECT until FROM page_mark WHERE tenant = :tenant AND kind = :kind
            ORDER BY until DESC OFFSET :most - 1 LIMIT 1
        )
    )
""")


@dataclass(frozen=True, slots=True)
class Mark:
    """How often something was marked, and how many seconds ago the last time was."""

    digest: bytes
    count: int
    age_s: float


class PageMarkRepository:
    """Reads and writes the marks of one tenant's page."""

    def __init__(self, session: Session, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    def read(self, kind: MarkKind, digests: Sequence[bytes]) -> list[Mark]:
        """Return those of the marks that hold."""
        now = func.clock_timestamp()
        age = func.extract("epoch", now - PageMark.marked_at)
        query = select(PageMark.digest, PageMark.count, age).where(
            *self._mine(kind), PageMark.digest.in_(digests), PageMark.until > now
        )
        return [
            Mark(digest, count, max(0.0, float(age_s)))
            for digest, count, age_s in self._session.execute(query)
        ]

    def add(
        self, kind: MarkKind, digest: bytes, *, ttl_s: float, expected: int | None = None
    ) -> int | None:
        """Mark once more, to hold for ``ttl_s`` from now on; the count with it.

        Args:
            kind: what it is of.
            digest: 32 bytes.
            ttl_s: seconds.
            expected: nothing is written unless this is the count; None for whatever it is.

        Returns:
            None when the count is another.
        """
        values = {"tenant": self._tenant, "kind": kind.value, "digest": digest}
        count: int | None = self._session.scalar(
            _ADD, {**values, "ttl_s": ttl_s, "expected": expected}
        )
        if count == 1:
            self._session.execute(
                _TRIM, {"tenant": self._tenant, "kind": kind.value, "most": MOST_MARKS}
            )
        return count

    def take_back(self, kind: MarkKind, digest: bytes) -> None:
        """Count one less, if there is a mark."""
        self._session.execute(
            update(PageMark)
            .where(*self._mine(kind), PageMark.digest == digest, PageMark.count > 0)
            .values(count=PageMark.count - 1)
            .execution_options(synchronize_session=False)
        )

    def _mine(self, kind: MarkKind) -> tuple[ColumnElement[bool], ...]:
        return PageMark.tenant == self._tenant, PageMark.kind == kind.value
