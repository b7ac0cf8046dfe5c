"""Finished jobs of a month, as the service leaves them, by one statement per batch.

Item and outcome go in without their triggers and checks of references, which would be most of the
time; the rows are those that the service writes, with the same shapes and indexes.
"""

import json
from collections.abc import Sequence
from itertools import cycle

from rich.progress import Progress
from sqlalchemy import Connection, Engine, text

from benchmarks.instant import InstantAnalyser
from services.common.domain.faces import AnalysisOptions
from services.common.jobs.options import to_stored
from services.common.jobs.queue.outcomes import to_payload

MOST_BATCHES = 20
DAYS = 30

# Created over the days before now, from the oldest to the newest; photos erased a day after.
_JOBS = text("""
    INSERT INTO job (public_id, tenant, status, total, options, labels, created_at,
                     sealed_at, started_at, finished_at, expires_at, inputs_erased_at)
    SELECT uuidv7(), 'tenant-' || number % 20, 'succeeded', :photos, CAST(:options AS jsonb),
           '{}', at, at, at, at, at + make_interval(days => :days), at + interval '1 day'
    FROM generate_series(1, :jobs) AS number,
         LATERAL (SELECT now() - make_interval(secs => CAST(:newest_s AS float)
                         + (:jobs - number) * CAST(:step_s AS float)) AS at) AS moment
    RETURNING id
""")
_TALLIES = text("""
    INSERT INTO job_tally (job_id, slot, succeeded, no_face, failed, cancelled)
    SELECT id, slot, :photos / 4, 0, 0, 0 FROM unnest(CAST(:jobs AS bigint[])) AS id,
           generate_series(0, 3) AS slot
""")
_ITEMS = text("""
    WITH written AS (
        INSERT INTO item (public_id, job_id, seq, queue, filename, object_key, sha256, byte_count,
                          state, verdict, attempts, iso_crashes, solo, next_at, event_id)
        SELECT uuidv7(), job, seq, 'batch', 'IMG_' || seq || '.jpg',
               'photos/0123456789abcdef/' || encode(digest, 'hex'), digest, 2500000,
               2, :verdict, 1, 0, false, now(), (job << 20) | seq
        FROM unnest(CAST(:jobs AS bigint[])) AS job, generate_series(0, :photos - 1) AS seq,
             LATERAL (SELECT sha256(convert_to(job || '/' || seq, 'UTF8')) AS digest) AS content
        RETURNING id, job_id
    )
    INSERT INTO outcome (item_id, ok, payload, model_version, milliseconds, created_at)
    SELECT written.id, true, CAST(:payload AS jsonb), 'instant-0.0.1+00000000', 12.5,
           job.finished_at
    FROM written JOIN job ON job.id = written.job_id
""")


def fill(
    engine: Engine,
    *,
    photos: int,
    job_photos: Sequence[int],
    faces: int,
    ages_s: tuple[float, float],
    title: str,
) -> None:
    """Write at least ``photos`` finished photos, in batches of jobs of each size in turn.

    Args:
        engine: of the superuser: references are not checked.
        photos: how many; the last batch may bring more.
        job_photos: sizes of jobs.
        faces: in each photo.
        ages_s: of the oldest and of the newest job, in seconds.
        title: for the progress bar.
    """
    payload = json.dumps(to_payload(InstantAnalyser.answer(faces)))
    oldest_s, newest_s = ages_s
    with Progress() as progress, engine.connect() as connection:
        task = progress.add_task(title, total=photos)
        done = 0
        for size in cycle(job_photos):
            jobs = max(1, photos // MOST_BATCHES // size)
            done += jobs * size
            written = min(1.0, done / photos)
            _write(
                connection,
                jobs,
                size,
                faces,
                payload,
                newest_s=oldest_s - (oldest_s - newest_s) * written,
                step_s=(oldest_s - newest_s) * size / photos,
            )
            progress.advance(task, jobs * size)
            if done >= photos:
                return


def _write(
    connection: Connection,
    jobs: int,
    photos: int,
    faces: int,
    payload: str,
    *,
    newest_s: float,
    step_s: float,
) -> None:
    with connection.begin():
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        ids = connection.scalars(
            _JOBS,
            {
                "jobs": jobs,
                "photos": photos,
                "options": json.dumps(to_stored(AnalysisOptions())),
                "days": DAYS,
                "newest_s": newest_s,
                "step_s": step_s,
            },
        ).all()
        parameters = {"jobs": list(ids), "photos": photos}
        connection.execute(_TALLIES, parameters)
        connection.execute(_ITEMS, {**parameters, "payload": payload, "verdict": 0 if faces else 1})
