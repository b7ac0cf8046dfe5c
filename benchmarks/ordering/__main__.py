"""How long filters, facets and orders of one large job take: ``python -m benchmarks.ordering``.

A Postgres of its own, with the real schema, is filled with a job of PHOTOS photos of one and a half
faces each beside a job of a tenth of them. Each filter is asked as a page of `/items`,
as an order of photos and of faces, and as facets, by the product's own repositories: milliseconds
of CPU time in Postgres, which is the time on a host that does nothing else, with one process a
query. So are a summary of reviews, with 5,000 faces drawn and answered by two people, and drawing.
Then workers' finishing statement of 64 photos is timed with its trigger on and off in turn:
milliseconds of CPU time a photo, and what the trigger adds.

Some 1 GB of disk in a temporary folder that is removed at the end.
"""

import argparse
import json
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from benchmarks.instant import InstantAnalyser
from benchmarks.ordering.fill import fill
from benchmarks.ordering.reviews import read_reviews
from benchmarks.retention.__main__ import own_postgres
from services.common.db.migrations import migrate
from services.common.db.session import build_session_factory
from services.common.domain.emotions import Emotion
from services.common.domain.faces import FaceWarning
from services.common.domain.jobs import ItemStatus
from services.common.domain.photo_filters import ALL_PHOTOS, FaceFilter, PhotoFilter, Sort
from services.common.domain.reviews import Answer
from services.common.jobs.queue.outcomes import ItemOutcome
from services.common.jobs.queue.repositories.leases import LeaseRepository
from services.common.jobs.repositories.faces import FaceRepository
from services.common.jobs.repositories.facets import FacetRepository
from services.common.jobs.repositories.orders import OrderRepository
from services.common.jobs.repositories.results import ResultRepository

CHUNK = 64
FILTERS = {
    "none": ALL_PHOTOS,
    "status": PhotoFilter(status=ItemStatus.FAILED),
    "folder": PhotoFilter(folder="album 7"),
    "name": PhotoFilter(name="img_77"),
    "min_faces": PhotoFilter(min_faces=2),
    "expression": PhotoFilter(faces=FaceFilter(expression=Emotion.FEAR)),
    "min_p": PhotoFilter(faces=FaceFilter(min_p=0.99)),
    "uncertain": PhotoFilter(faces=FaceFilter(uncertain=True)),
    "warning": PhotoFilter(faces=FaceFilter(warning=FaceWarning.SMALL_FACE)),
    "min_side": PhotoFilter(faces=FaceFilter(min_side=300)),
    "reviewed": PhotoFilter(faces=FaceFilter(reviewed=True)),
    "not reviewed": PhotoFilter(faces=FaceFilter(reviewed=False)),
    "answer": PhotoFilter(faces=FaceFilter(answer=Answer.NOT_A_FACE)),
    "differs": PhotoFilter(faces=FaceFilter(differs=True)),
    "nothing fits": PhotoFilter(faces=FaceFilter(min_side=100_000)),
    "five at once": PhotoFilter(
        folder="album 7", name="img", faces=FaceFilter(Emotion.NEUTRAL, min_p=0.5, reviewed=False)
    ),
}
_TRIGGER = "ALTER TABLE outcome {} TRIGGER outcome_faces"
_LEASE = text("""
    UPDATE item SET state = 1, verdict = NULL, lease_token = :token, lease_until = now() + '1 h'
    WHERE id = ANY(:ids)
""")


class Backend:
    """The process of Postgres that serves a session."""

    def __init__(self, session: Session) -> None:
        """Find it; it runs on this host, and queries are not shared among processes."""
        session.execute(text("SET max_parallel_workers_per_gather = 0"))
        self._process = psutil.Process(
            session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        )

    def cpu_ms(self) -> float:
        """Return how much CPU time it has used, in milliseconds, in steps of ten."""
        used = self._process.cpu_times()
        return 1_000 * (used.user + used.system)

    def timed(self, rounds: int, action: Callable[[], object]) -> float:
        """Return the mean of so many runs, after one that fills the caches."""
        action()
        before = self.cpu_ms()
        for _ in range(rounds):
            action()
        return round((self.cpu_ms() - before) / rounds, 1)


def read(session: Session, job: int, *, rounds: int) -> dict[str, dict[str, float]]:
    """Time every filter in every listing, and every sort in both orders."""
    orders, facets = OrderRepository(session), FacetRepository(session)
    results = ResultRepository(session)
    timed = partial(Backend(session).timed, rounds)
    found: dict[str, dict[str, float]] = {}
    for name, wanted in FILTERS.items():
        page = partial(results.page, job, after_seq=-1, limit=51, wanted=wanted)
        found[name] = {
            "items": timed(page),
            "photos": timed(partial(orders.photos, job, Sort.SENT, wanted)),
            "faces": timed(partial(orders.faces, job, Sort.SENT, wanted)),
            "facets": timed(partial(facets.read, job, wanted)),
        }
    for sort in Sort:
        found[f"sort {sort}"] = {
            "photos": timed(partial(orders.photos, job, sort, ALL_PHOTOS)),
            "faces": timed(partial(orders.faces, job, sort, ALL_PHOTOS)),
        }
    found["summary"] = {"facets": timed(partial(FaceRepository(session).tally, job))}
    return found


def finish(session: Session, job: int, *, rounds: int) -> dict[str, float]:
    """Time the finishing statement of a chunk, with the trigger and without, in turn."""
    ids = list(
        session.scalars(
            text("SELECT id FROM item WHERE job_id = :job ORDER BY seq LIMIT :n"),
            {"job": job, "n": CHUNK},
        )
    )
    outcomes = [ItemOutcome(number, InstantAnalyser.answer(2)) for number in ids]
    backend = Backend(session)
    took = {"ENABLE": 0.0, "DISABLE": 0.0}
    for _ in range(rounds):
        for way in took:
            with session.begin_nested() as kept:
                token = uuid.uuid4()
                session.execute(text(_TRIGGER.format(way)))
                session.execute(text("DELETE FROM outcome WHERE item_id = ANY(:ids)"), {"ids": ids})
                session.execute(text("DELETE FROM face WHERE item_id = ANY(:ids)"), {"ids": ids})
                session.execute(
                    text("DELETE FROM analysed_photo WHERE item_id = ANY(:ids)"), {"ids": ids}
                )
                session.execute(_LEASE, {"ids": ids, "token": token})
                before = backend.cpu_ms()
                LeaseRepository(session).finish(outcomes, token=token, model_version="benchmark")
                took[way] += backend.cpu_ms() - before
                kept.rollback()
    on, off = (used / rounds / CHUNK for used in took.values())
    return {
        "with_ms_a_photo": round(on, 3),
        "without_ms_a_photo": round(off, 3),
        "added_ms_a_photo": round(on - off, 3),
    }


def show(found: dict[str, dict[str, float]]) -> None:
    """Print the figures side by side."""
    table = Table("milliseconds", "items", "photos", "faces", "facets")
    for name, row in found.items():
        cells = (row.get(one) for one in ("items", "photos", "faces", "facets"))
        table.add_row(name, *("" if cell is None else f"{cell:.0f}" for cell in cells))
    Console().print(table)


def measure(url: str, admin_url: str, *, photos: int, rounds: int) -> dict[str, object]:
    """Fill a database with two jobs and time one of them."""
    migrate(url)
    engine = create_engine(admin_url)
    try:
        with engine.begin() as connection:
            started = time.perf_counter()
            jobs = [fill(connection, photos=count) for count in (photos, photos // 10)]
            print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        with build_session_factory(engine)() as session:
            found = read(session, jobs[0], rounds=rounds)
            timed = partial(Backend(session).timed, rounds)
            reviews = read_reviews(session, jobs[0], timed)
            session.rollback()
            cost = finish(session, jobs[0], rounds=20 * rounds)
    finally:
        engine.dispose()
    show(found)
    print("milliseconds of reviews:", json.dumps(reviews))
    return {"milliseconds": found, "reviews": reviews, "finishing": cost}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ordering", description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000, help="photos of the job")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each query after the first")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="hfer-ordering-", dir=options.folder) as name,
        own_postgres(Path(name)) as (servers, _),
    ):
        admin = servers.postgres.superuser_url.rpartition("/")[0] + "/hfer"
        url = servers.postgres.url
        print(json.dumps(measure(url, admin, photos=options.photos, rounds=options.rounds)))


if __name__ == "__main__":
    main()
