"""What a restored database needs before workers may run: its processes are all gone."""

from dataclasses import dataclass

from services.backup.moment import connected
from services.backup.repository import TargetRepository


@dataclass(frozen=True, slots=True)
class Released:
    """How many photos were in work when the backup was made, and how many jobs continue."""

    photos: int
    unfinished_jobs: int


def release_held_work(conninfo: str) -> Released:
    """Give back what workers held, in one transaction; running it again changes nothing."""
    with connected(conninfo) as connection:
        target = TargetRepository(connection)
        with connection.transaction():
            target.forget_processes()
            photos = target.release_photos()
            target.release_fetches()
            target.renumber_events()
            unfinished_jobs = target.count_unfinished()
        target.analyse()
    return Released(photos=photos, unfinished_jobs=unfinished_jobs)
