"""Bring a backup back, into an empty database and an empty bucket.

Objects first, the database last and in one transaction: nobody sees a row whose object is not
there, and an interrupted restore can be run again.
"""

from pathlib import Path

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from services.backup.errors import TargetNotEmptyError, VersionError
from services.backup.ledger import Ledger, Replayed, replay
from services.backup.manifest import Layout, Manifest, check_file
from services.backup.moment import connected
from services.backup.objects import Putter, check_copy
from services.backup.parallel import each
from services.backup.progress import say, shown
from services.backup.release import Released, release_held_work
from services.backup.repository import TargetRepository
from services.backup.settings import BackupSettings
from services.backup.tools import find_tool, run_tool
from services.common.db.migrations import alembic_config, migrate
from services.common.storage import ObjectStorage, build_storage


def verify(folder: Path, *, threads: int = 8) -> Manifest:
    """Check every hash of a backup, without touching database or bucket.

    Raises:
        DamagedBackupError: a file is missing or not what its hash says.
        VersionError: the backup was made by a newer version.
    """
    layout = Layout(folder)
    manifest = _checked(layout)
    checks = each(lambda copy: check_copy(layout, copy), layout.copies(), threads=threads)
    for _ in shown(checks, total=manifest.objects, label="Checking"):
        pass
    return manifest


def restore(
    settings: BackupSettings,
    folder: Path,
    *,
    threads: int = 8,
    pg_bin: Path | None = None,
    ledger: Ledger | None = None,
) -> tuple[Manifest, Released, Replayed]:
    """Restore a backup; the service must not run on this database yet.

    What the ledger says was erased or revoked after the backup is so again before it returns.

    Raises:
        TargetNotEmptyError: the database has tables, or the bucket other objects.
        DamagedBackupError: a file of the backup is missing or not what its hash says.
        VersionError: its schema is newer than this version's.
        BackupError: database, bucket or tools failed; run it again.
    """
    layout = Layout(folder)
    manifest = _checked(layout)
    _check_revision(manifest, settings)
    storage = build_storage(settings.storage)
    server = _check_database(settings)
    tool = find_tool("pg_restore", server=server, folder=pg_bin)
    storage.ensure_bucket()
    present = _check_bucket(storage, layout)
    sent = each(Putter(storage, layout, present), layout.copies(), threads=threads)
    for _ in shown(sent, total=manifest.objects, label="Objects"):
        pass
    say("Restoring the database ...")
    run_tool(
        tool,
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        str(layout.dump),
        conninfo=settings.conninfo,
    )
    migrate(settings.database.url.get_secret_value())
    released = release_held_work(settings.conninfo)
    return manifest, released, replay(settings, ledger) if ledger else Replayed(0, 0, 0)


def _checked(layout: Layout) -> Manifest:
    manifest = Manifest.read(layout)
    check_file(layout.dump, manifest.dump_sha256)
    check_file(layout.index, manifest.objects_sha256)
    return manifest


def _check_revision(manifest: Manifest, settings: BackupSettings) -> None:
    config = alembic_config(settings.database.url.get_secret_value())
    try:
        ScriptDirectory.from_config(config).get_revision(manifest.revision)
    except CommandError as error:
        raise VersionError(
            f"the backup's schema {manifest.revision} is unknown to this version; "
            "restore it with the version that made it, or a newer one"
        ) from error


def _check_database(settings: BackupSettings) -> int:
    """Return the server's major version if the database is empty."""
    with connected(settings.conninfo) as connection:
        if tables := TargetRepository(connection).count_tables():
            raise TargetNotEmptyError(
                f"the database has {tables} tables; restore into an empty one: "
                "DROP DATABASE and CREATE DATABASE, or name another in HFER_DATABASE__URL"
            )
        return connection.info.server_version // 10_000


def _check_bucket(storage: ObjectStorage, layout: Layout) -> dict[str, int]:
    """Return what an earlier run put into the bucket; anything else in it is refused."""
    present = {entry.key: entry.size for entry in storage.list("")}
    strange = set(present)
    if strange:
        for copy in layout.copies():
            strange.discard(copy.key)
    if strange:
        raise TargetNotEmptyError(
            f"the bucket {storage.bucket} holds {len(strange)} objects that the backup does not, "
            f"such as {min(strange)}; empty it, or name another in HFER_STORAGE__BUCKET"
        )
    return present
