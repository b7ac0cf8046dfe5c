"""The common oracle: what must hold after every job, whatever was killed meanwhile."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job, Outcome
from services.common.domain.jobs import ItemState, JobStatus
from services.common.jobs.queue.outcomes import from_payload
from services.common.jobs.repositories.tallies import TallyRepository
from tests.fixtures.accounts import count_items
from tests.fixtures.analysers import Kind, expected_analysis

EXPECTED_CODES = {
    Kind.CORRUPT: "decode_failed",
    Kind.BUG: "internal",
    Kind.MEMORY: "out_of_memory",
    Kind.SEGV: "crashed_worker",
    Kind.EXIT: "crashed_worker",
    Kind.OOM: "crashed_worker",
    Kind.HANG: "time_limit",
    Kind.STUCK: "time_limit",
}


def check_accounts(sessions: SessionFactory, job_id: int, *, total: int) -> Counter[str]:
    """Check that the job is final with exactly one outcome per photo; the outcomes' codes.

    Holds for any model: it looks at no payload.
    """
    with unit_of_work(sessions) as session:
        job = session.get_one(Job, job_id)
        items = _items(session, job_id)
        outcomes = _outcomes(session, job_id)
        kept = TallyRepository(session).counts([job_id])[job_id]
        assert kept == count_items(session, job_id)
    assert JobStatus(job.status) in {JobStatus.SUCCEEDED, JobStatus.FAILED}, job.status
    assert job.finished_at is not None
    assert len(items) == total
    states = Counter(ItemState(item.state) for item in items)
    assert states == {ItemState.FINISHED: total}, f"not finished: {states}"
    # The primary key of outcome makes a second one impossible, so equal sets are one each.
    assert {item.id for item in items} == set(outcomes)
    assert all(item.lease_token is None for item in items)
    return Counter(outcome.error_code or "ok" for outcome in outcomes.values())


def check_oracle(
    sessions: SessionFactory,
    job_id: int,
    photos: Sequence[bytes],
    *,
    attempts: int = 3,
    missing: frozenset[int] = frozenset(),
) -> None:
    """Check the accounts, and that every photo has the answer of a fault-free run.

    Args:
        sessions: the database.
        job_id: a finished job.
        photos: its fake photos, in order.
        attempts: most claims that a healthy photo may have needed.
        missing: places of photos whose object was deleted.
    """
    check_accounts(sessions, job_id, total=len(photos))
    with unit_of_work(sessions) as session:
        items = _items(session, job_id)
        outcomes = _outcomes(session, job_id)
    for place, (item, photo) in enumerate(zip(items, photos, strict=True)):
        kind = Kind(photo.split()[1].decode())
        outcome = outcomes[item.id]
        if place in missing:
            assert outcome.error_code == "object_missing"
        elif kind is Kind.HEALTHY:
            assert outcome.ok, f"photo {place}: {outcome.error_code}"
            assert outcome.payload is not None
            assert from_payload(outcome.payload) == expected_analysis(photo)
            assert item.attempts <= attempts, f"photo {place}: {item.attempts} attempts"
        else:
            assert outcome.error_code == EXPECTED_CODES[kind], (place, kind, outcome.error_code)
            assert item.iso_crashes <= 3


def _items(session: Session, job_id: int) -> Sequence[Item]:
    return session.scalars(select(Item).where(Item.job_id == job_id).order_by(Item.seq)).all()


def _outcomes(session: Session, job_id: int) -> dict[int, Outcome]:
    query = select(Outcome).join(Item, Item.id == Outcome.item_id).where(Item.job_id == job_id)
    return {outcome.item_id: outcome for outcome in session.scalars(query)}
