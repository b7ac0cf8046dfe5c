"""What a backup says about itself, and the layout of its folder.

manifest.json     written last: a folder without it is an interrupted backup
database.dump     pg_dump's custom format
objects.jsonl     one line an object: key, size in bytes, SHA-256 of the bytes
objects/ab/abc…   the bytes, named by their SHA-256, each content once
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from services.backup.errors import DamagedBackupError, VersionError
from services.common.files import write_atomically

FORMAT = 1
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """An object of the bucket and the file that holds its bytes."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is in a complete backup.

    Attributes:
        format: of the folder; a reader refuses one that is newer than it knows.
        created_at: ISO 8601, UTC: the moment that the database is restored to.
        revision: of the schema.
        server: version of the Postgres that was dumped.
        rows: rows by table, at the same moment.
        dump_sha256: of ``database.dump``.
        objects_sha256: of ``objects.jsonl``.
        objects: how many there are.
        bytes: their sum.
        vanished: keys that rows named at that moment and whose job was erased meanwhile, or
            that nobody had uploaded yet.
        missing: keys that live rows name and the bucket does not have.
        altered: keys whose bytes are not those that their row's SHA-256 names.
    """

    format: int
    created_at: str
    revision: str
    server: str
    rows: dict[str, int]
    dump_sha256: str
    objects_sha256: str
    objects: int
    bytes: int
    vanished: list[str]
    missing: list[str]
    altered: list[str]

    @classmethod
    def read(cls, layout: "Layout") -> Self:
        """Read the manifest of a backup.

        Raises:
            DamagedBackupError: there is none, or it is not one.
            VersionError: its format is newer than ours.
        """
        try:
            found: dict[str, Any] = json.loads(layout.manifest.read_text())
            number = int(found["format"])
        except FileNotFoundError as error:
            raise DamagedBackupError(
                f"{layout.folder} is not a complete backup: it has no manifest.json; "
                "run `create` on it again, or name another folder"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedBackupError(f"{layout.manifest} is not a manifest") from error
        if number > FORMAT:
            raise VersionError(f"the backup has format {number}, this version reads {FORMAT}")
        try:
            return cls(**{field.name: found[field.name] for field in fields(cls)})
        except KeyError as error:
            raise DamagedBackupError(f"{layout.manifest} lacks {error}") from error

    def write(self, layout: "Layout") -> None:
        """Complete the backup, in one step."""
        write_atomically(layout.manifest, (json.dumps(asdict(self), indent=1) + "\n").encode())


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a backup's folder."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """What is in it."""
        return self.folder / "manifest.json"

    @property
    def dump(self) -> Path:
        """The database."""
        return self.folder / "database.dump"

    @property
    def index(self) -> Path:
        """The list of objects."""
        return self.folder / "objects.jsonl"

    @property
    def names(self) -> Path:
        """While a backup is made: what the rows of its moment name."""
        return self.folder / "names.jsonl"

    def content(self, sha256: str) -> Path:
        """Return the file of the bytes with this hash."""
        return self.folder / "objects" / sha256[:2] / sha256

    def copies(self) -> Iterator[StoredCopy]:
        """Walk the list of objects."""
        with self.index.open() as lines:
            for line in lines:
                yield StoredCopy(**json.loads(line))


def file_sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in pieces.

    Raises:
        DamagedBackupError: it is not there.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError as error:
        raise DamagedBackupError(f"{path} is missing from the backup") from error
    return digest.hexdigest()


def check_file(path: Path, sha256: str) -> None:
    """Return when the file is what its hash says; `DamagedBackupError` otherwise."""
    if file_sha256(path) != sha256:
        raise DamagedBackupError(f"{path} is not what its SHA-256 says; take another backup")
