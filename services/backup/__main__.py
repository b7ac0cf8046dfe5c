"""Command line: ``python -m services.backup create | verify | restore FOLDER``.

``ledger FILE`` writes what was erased and revoked, for ``restore --ledger FILE`` to do again.

Exit codes: 0 done; 1 a server failed; 2 wrong usage; 3 the target is not empty; 4 the backup is
damaged; 5 made, but the bucket lacks objects; 6 made by a newer version; 7 no fitting pg_dump.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from services.backup.create import create
from services.backup.errors import BackupError
from services.backup.ledger import Ledger, Replayed, read_ledger, write_ledger
from services.backup.manifest import Manifest
from services.backup.restore import restore, verify
from services.backup.settings import read_settings
from services.common.domain.errors import HferError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    try:
        result = _run(options)
    except BackupError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (HferError, psycopg.Error, OSError) as error:
        print(f"error: {error}; it can be run again", file=sys.stderr)
        return BackupError.exit_code
    print(f"{result} {time.monotonic() - started:.1f} s")
    return 0


def _run(options: argparse.Namespace) -> str:
    if options.command == "verify":
        return (
            f"Complete and undamaged: {_summary(verify(options.folder, threads=options.threads))}"
        )
    settings = read_settings()
    if options.command == "create":
        made = create(settings, options.folder, threads=options.threads, pg_bin=options.pg_bin)
        return f"Backed up to {options.folder}: {_summary(made)}"
    if options.command == "ledger":
        lines = write_ledger(settings, options.file)
        return f"{lines} erasures and revocations written to {options.file}."
    ledger = read_ledger(options.ledger) if options.ledger else None
    found, released, again = restore(
        settings, options.folder, threads=options.threads, pg_bin=options.pg_bin, ledger=ledger
    )
    return (
        f"Restored: {_summary(found)} {released.unfinished_jobs} jobs continue, "
        f"{released.photos} photos that were in work are done again. {_replayed(ledger, again)}"
    )


def _replayed(ledger: Ledger | None, again: Replayed) -> str:
    if ledger is None:
        return "Without a ledger: what was erased or revoked after the backup is back."
    photos = f", and {again.photos} photos out of other jobs" if again.photos else ""
    jobs, keys = again.jobs, again.keys
    return f"By the ledger {jobs} jobs were erased and {keys} keys revoked again{photos}."


def _summary(manifest: Manifest) -> str:
    notes = "".join(
        f", {len(keys)} {word}"
        for word, keys in (("vanished", manifest.vanished), ("altered", manifest.altered))
        if keys
    )
    rows = manifest.rows
    return (
        f"schema {manifest.revision} as of {manifest.created_at}, {rows['job']} jobs, "
        f"{rows['item']} photos, {rows['outcome']} outcomes, {manifest.objects} objects of "
        f"{manifest.bytes / 1e6:.1f} MB{notes}."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.backup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("create", "back up the running service; run again, it continues an interrupted backup"),
        ("verify", "check every hash of a backup"),
        ("restore", "restore into an empty database and bucket"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("folder", type=Path, help="the backup")
        command.add_argument("--threads", type=int, default=8, help="objects at a time")
        command.add_argument("--pg-bin", type=Path, help="folder of pg_dump and pg_restore")
    commands.choices["restore"].add_argument(
        "--ledger", type=Path, help="erase and revoke again what this file says"
    )
    ledger = commands.add_parser("ledger", help="write what was erased and revoked until now")
    ledger.add_argument("file", type=Path, help="a new file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
