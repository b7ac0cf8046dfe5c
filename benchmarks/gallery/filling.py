"""Finished jobs whose every photo has a thumbnail and crops of its own bytes in the bucket."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from rich.progress import track
from sqlalchemy import Connection, Row, create_engine, text

from benchmarks.ordering.fill import fill
from infra.local.stack import LocalStack, storage_settings
from services.common.domain.ids import IdKind, format_id
from services.common.storage import ObjectStorage, build_storage
from services.common.storage_keys import tiles_key
from services.imaging.tiles import draw_tiles

_THREADS = 8
# Of the page that the local stack starts.
_TENANT = "local"
_PIXELS = (320, 240)
# Of the sides that the tables tell: sides of the pixels that tiles are drawn of.
_SHRUNK = 10
_PHOTOS = text("""
    SELECT job.public_id AS job, item.public_id AS item, item.seq,
           outcome.payload -> 'faces' AS faces
    FROM item JOIN job ON job.id = item.job_id JOIN outcome ON outcome.item_id = item.id
    WHERE item.job_id = :job ORDER BY item.seq
""")


def write_jobs(stack: LocalStack, *sizes: int) -> list[str]:
    """Write a job of so many photos for each of ``sizes``; return their ids."""
    engine = create_engine(stack.environment["HFER_DATABASE__URL"])
    storage = build_storage(storage_settings(stack.environment))
    with engine.begin() as connection:
        made = [_write(connection, storage, photos) for photos in sizes]
    engine.dispose()
    return made


def _write(connection: Connection, storage: ObjectStorage, photos: int) -> str:
    job = fill(connection, photos=photos, tenant=_TENANT)
    rows = connection.execute(_PHOTOS, {"job": job}).all()
    with ThreadPoolExecutor(_THREADS) as threads:
        put = threads.map(lambda row: _put(storage, row), rows)
        for _ in track(put, total=photos, description=f"tiles of {photos:,} photos"):
            pass
    return format_id(IdKind.JOB, rows[0].job)


def _put(storage: ObjectStorage, row: Row[Any]) -> None:
    """Store the tiles of a photo: a shade, and grain that is nobody else's."""
    random = np.random.default_rng(row.seq)
    width, height = _PIXELS
    shade = random.integers(60, 200, (height // 8, width // 8, 3), np.uint8)
    rgb = np.kron(shade, np.ones((8, 8, 1), np.uint8))
    tiles = draw_tiles(rgb, [face["box"] for face in row.faces], shrunk=_SHRUNK)
    key = tiles_key(row.job, row.item)
    storage.put(key, io.BytesIO(tiles), size=len(tiles), content_type="application/octet-stream")
