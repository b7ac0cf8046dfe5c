"""What a restored database needs before workers may run: its processes are all gone."""

from dataclasses import dataclass
from typing import LiteralString

from services.backup.moment import connected

# Done again at once and without blame: nobody crashed, and no lease is waited for.
_RELEASE: LiteralString = """
    UPDATE item SET state = 0, attempts = greatest(attempts - 1, 0), next_at = now(),
                    lease_token = NULL, lease_task = NULL, lease_until = NULL
    WHERE state = 1
"""
_REFETCH: LiteralString = """
    UPDATE url_fetch SET token = NULL, next_at = now() WHERE token IS NOT NULL
"""
# Numbers of events are made of transaction ids (ADR 0015), and another cluster counts its own.
# In a job that continues, the old ones would stay above every new one and be held back until the
# end. Below any transaction there is room for the places in the job, as migration 0007 uses it.
_RENUMBER: LiteralString = """
    UPDATE item SET event_id = item.seq FROM job
    WHERE job.id = item.job_id AND job.finished_at IS NULL AND item.event_id IS NOT NULL
"""
_ANALYSE: LiteralString = "ANALYZE"


@dataclass(frozen=True, slots=True)
class Released:
    """How many photos were in work when the backup was made, and how many jobs continue."""

    photos: int
    unfinished_jobs: int


def release_held_work(conninfo: str) -> Released:
    """Give back what workers held, in one transaction; running it again changes nothing."""
    with connected(conninfo) as connection:
        with connection.transaction():
            connection.execute("DELETE FROM worker")
            released = connection.execute(_RELEASE).rowcount
            connection.execute(_REFETCH)
            connection.execute(_RENUMBER)
            row = connection.execute(
                "SELECT count(*) FROM job WHERE finished_at IS NULL AND status <> 'open'"
            ).fetchone()
        connection.execute(_ANALYSE)  # a fresh copy has no statistics to plan by
    return Released(photos=released, unfinished_jobs=int(row[0]) if row else 0)
