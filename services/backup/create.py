"""Make a backup while the service runs.

The order is dump first, objects second. An object is put before its row is committed and never
changes, so whatever the dump names was in the bucket at its moment; objects first would miss
those that came with a job in between. Only erasure takes objects away, an hour (``grace_s``) or
more after their job: what is gone by then is looked up once more in the database.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.backup.errors import IncompleteBackupError, TargetNotEmptyError
from services.backup.manifest import FORMAT, Layout, Manifest, file_sha256
from services.backup.moment import Moment, connected, liveness, moment
from services.backup.objects import Fetched, Fetcher, read_names
from services.backup.parallel import each
from services.backup.progress import say, shown
from services.backup.settings import BackupSettings
from services.backup.tools import find_tool, run_tool
from services.common.registry.bundles import MANIFEST_NAME
from services.common.storage import ObjectStorage, build_storage
from services.common.storage_keys import BUNDLES


def create(
    settings: BackupSettings, folder: Path, *, threads: int = 8, pg_bin: Path | None = None
) -> Manifest:
    """Write a backup into ``folder``; one that was interrupted there is continued.

    Raises:
        TargetNotEmptyError: the folder holds a complete backup, or something else.
        IncompleteBackupError: it was made, but the bucket lacks objects of live rows.
        BackupError: database, bucket or tools failed; run it again.
    """
    layout = Layout(folder)
    _prepare(layout)
    with moment(settings.conninfo) as now:
        say(f"Dumping the database as of {now.created_at:%Y-%m-%d %H:%M:%S} UTC ...")
        _dump(now, settings, layout, pg_bin)
        total = now.write_names(layout.names)
        revision, server, rows = now.revision, now.server, now.rows()
    copied = _copy_objects(settings, layout, total=total, threads=threads)
    missing = _missing(settings, copied.absent)
    manifest = Manifest(
        format=FORMAT,
        created_at=now.created_at.isoformat(),
        revision=revision,
        server=server,
        rows=rows,
        dump_sha256=file_sha256(layout.dump),
        objects_sha256=file_sha256(layout.index),
        objects=copied.number,
        bytes=copied.size,
        vanished=[one.key for one in copied.absent if one.key not in missing],
        missing=sorted(missing),
        altered=copied.altered,
    )
    manifest.write(layout)
    layout.names.unlink()
    if manifest.missing:
        raise IncompleteBackupError(
            f"the backup in {folder} is made, but the bucket lacks {len(manifest.missing)} "
            f"objects that jobs name, such as {manifest.missing[0]}; manifest.json lists them"
        )
    return manifest


def _prepare(layout: Layout) -> None:
    if layout.manifest.exists():
        raise TargetNotEmptyError(f"{layout.folder} holds a backup already; name another folder")
    known = {layout.dump.name, layout.index.name, layout.names.name, "objects"}
    if layout.folder.exists() and {path.name for path in layout.folder.iterdir()} - known:
        raise TargetNotEmptyError(f"{layout.folder} holds other files; name another folder")
    layout.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    objects = layout.folder / "objects"
    objects.mkdir(exist_ok=True)
    for draft in objects.glob(".*.new"):
        draft.unlink()


def _dump(now: Moment, settings: BackupSettings, layout: Layout, pg_bin: Path | None) -> None:
    tool = find_tool("pg_dump", server=int(now.server.split(".")[0]), folder=pg_bin)
    run_tool(
        tool,
        "--format=custom",
        f"--snapshot={now.snapshot}",
        "--no-owner",
        "--no-privileges",
        "--exclude-table-data=worker",  # signs of life of processes that will not be there
        f"--file={layout.dump}",
        conninfo=settings.conninfo,
    )
    layout.dump.chmod(0o600)


@dataclass(slots=True)
class _Copied:
    """What came of all names."""

    number: int = 0
    size: int = 0
    absent: list[Fetched] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)


def _copy_objects(settings: BackupSettings, layout: Layout, *, total: int, threads: int) -> _Copied:
    fetcher = Fetcher(build_storage(settings.storage), layout)
    fetched = each(fetcher, read_names(layout.names), threads=threads)
    copied = _Copied()
    with layout.index.open("w") as index:
        for one in shown(fetched, total=total, label="Objects"):
            if one.copy is None:
                copied.absent.append(one)
                continue
            index.write(json.dumps(asdict(one.copy)) + "\n")
            copied.number += 1
            copied.size += one.copy.size
            if one.altered:
                copied.altered.append(one.key)
    return copied


def _missing(settings: BackupSettings, absent: list[Fetched]) -> set[str]:
    """Return which of the absent objects somebody still needs."""
    storage = build_storage(settings.storage)
    with connected(settings.conninfo) as connection:
        live = liveness(connection)
        return {one.key for one in absent if _needed(one, storage, live)}


def _needed(one: Fetched, storage: ObjectStorage, live: Callable[[str, str], bool]) -> bool:
    if one.key.startswith(BUNDLES):
        # A shipped bundle has a row and no file in the bucket; a published one has them all.
        return storage.exists(f"{one.key.rpartition('/')[0]}/{MANIFEST_NAME}")
    return one.named is not None and live(one.key, one.named)
