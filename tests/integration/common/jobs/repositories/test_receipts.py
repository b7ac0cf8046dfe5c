"""What is still on its way out of the bucket, found among much that is."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from services.common.db.erasure_tables import Erasure
from services.common.db.session import SessionFactory, unit_of_work
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.jobs.repositories.receipts import ReceiptRepository
from services.common.storage_keys import upload_key

TENANT = "default"
_OTHERS = text("""
    INSERT INTO doomed_object (object_key)
    SELECT 'photos/' || substr(md5('t'), 1, 16) || '/' || md5(n::text) || '/000/' || md5(n::text)
    FROM generate_series(1, 20000) AS n
""")


@pytest.fixture
def erasure(sessions: SessionFactory) -> Erasure:
    """Return the erasure of an upload, beside which 20,000 objects of others are listed."""
    with unit_of_work(sessions) as session:
        session.execute(_OTHERS)
        session.execute(text("ANALYZE doomed_object"))
    return Erasure(job_public_id=uuid.uuid4(), tenant=TENANT)


@pytest.mark.parametrize("first", [0x00, 0xFF])
def test_an_object_of_an_upload_is_scheduled_until_it_is_gone(
    sessions: SessionFactory, erasure: Erasure, first: int
) -> None:
    key = upload_key(TENANT, erasure.job_public_id, 99_000, bytes([first]) * 32)
    with unit_of_work(sessions) as session:
        receipts = ReceiptRepository(session)
        assert not receipts.is_scheduled(erasure)
        ErasureRepository(session).schedule_deletion([key])
        assert receipts.is_scheduled(erasure)


def test_no_list_is_read_from_end_to_end(
    engine: Engine, sessions: SessionFactory, erasure: Erasure
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(*facts: Any) -> None:
        asked.append((facts[2], facts[3]))

    with sessions() as session:
        event.listen(engine, "before_cursor_execute", note)
        ReceiptRepository(session).is_scheduled(erasure)
        event.remove(engine, "before_cursor_execute", note)
        [(statement, parameters)] = asked
        rows = session.connection().exec_driver_sql("EXPLAIN " + statement, parameters)
        plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on doomed_object" not in plan
