"""Objects on their way out of the bucket and back into it."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.backup.errors import DamagedBackupError
from services.backup.manifest import Layout, StoredCopy, check_file, file_sha256
from services.common.storage import ObjectMissingError, ObjectStorage

CONTENT_TYPE = "application/octet-stream"  # as the service stores photos and bundles


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one name: a copy, or None when the bucket has no such object."""

    key: str
    named: str | None
    copy: StoredCopy | None

    @property
    def altered(self) -> bool:
        """Whether the bytes are not those that the row names."""
        return self.copy is not None and self.named is not None and self.copy.sha256 != self.named


def read_names(path: Path) -> Iterator[tuple[str, str | None]]:
    """Walk what `Moment.write_names` wrote."""
    with path.open() as lines:
        for line in lines:
            key, sha256 = json.loads(line)
            yield key, sha256


class Fetcher:
    """Copies objects out of the bucket, each content once.

    Bytes that an earlier run of the same backup left are hashed and kept.
    """

    def __init__(self, storage: ObjectStorage, layout: Layout) -> None:
        self._storage = storage
        self._layout = layout

    def __call__(self, name: tuple[str, str | None]) -> Fetched:
        """Copy one object."""
        key, named = name
        if named is not None and self._kept(named):
            size = self._layout.content(named).stat().st_size
            return Fetched(key, named, StoredCopy(key, size, named))
        try:
            return Fetched(key, named, self._copy(key))
        except ObjectMissingError:
            return Fetched(key, named, None)

    def _kept(self, sha256: str) -> bool:
        path = self._layout.content(sha256)
        return path.exists() and file_sha256(path) == sha256

    def _copy(self, key: str) -> StoredCopy:
        digest, size = hashlib.sha256(), 0
        draft = self._layout.folder / "objects" / f".{secrets.token_hex(8)}.new"
        try:
            with self._storage.open(key) as chunks, draft.open("wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self._layout.content(digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
        return StoredCopy(key, size, digest.hexdigest())


class Putter:
    """Puts objects back; one that is there already with its full size is left.

    A PUT is complete or not there, so the size shows what an interrupted restore has done.
    """

    def __init__(self, storage: ObjectStorage, layout: Layout, present: dict[str, int]) -> None:
        self._storage = storage
        self._layout = layout
        self._present = present

    def __call__(self, copy: StoredCopy) -> int:
        """Put one object, its bytes checked before; how many bytes were sent.

        Raises:
            DamagedBackupError: the file is missing or not what its hash says.
        """
        if self._present.get(copy.key) == copy.size:
            return 0
        path = self._layout.content(copy.sha256)
        check_file(path, copy.sha256)
        with path.open("rb") as file:
            self._storage.put(copy.key, file, size=copy.size, content_type=CONTENT_TYPE)
        return copy.size


def check_copy(layout: Layout, copy: StoredCopy) -> None:
    """Return when the bytes of an object are undamaged; `DamagedBackupError` otherwise."""
    path = layout.content(copy.sha256)
    check_file(path, copy.sha256)
    if path.stat().st_size != copy.size:
        raise DamagedBackupError(f"{path} has not the size that the list of objects names")
