"""Which uploads were begun and not ended, so that a killed program can continue them.

Each is a small file, named by a hash of what was to be sent where: the next submit of the same
photos with the same settings finds the idempotency key in it and continues under that key.
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hfer._files import LocalFile, Sendable
from hfer._spool import SpooledPhoto
from hfer.errors import PhotoFileError

# The service forgets an upload that was left alone after a day by default.
KEPT_S = 86_400.0


def default_folder() -> Path:
    """Return where the begun uploads of this user are noted."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hfer" / "uploads"


def fingerprint(
    base_url: str,
    api_key: str,
    files: Sequence[Sendable],
    config: Mapping[str, object],
    *,
    urls: Sequence[str] = (),
) -> str:
    """Hash what is sent, from where and to whom; a photo that was edited makes another one."""
    digest = hashlib.sha256()
    for part in (base_url, api_key, json.dumps(config, sort_keys=True)):
        digest.update(hashlib.sha256(part.encode()).digest())
    for file in files:
        if not isinstance(file, LocalFile) or isinstance(file, SpooledPhoto):
            digest.update(b"data" + _content(file))
            continue
        path = os.fsencode(file.path.absolute())
        changed = file.path.stat().st_mtime_ns
        digest.update(b"%d %d %d " % (len(path), file.size, changed) + path)
    for url in urls:
        digest.update(b"url" + hashlib.sha256(url.encode()).digest())
    return digest.hexdigest()


def _content(photo: Sendable) -> bytes:
    digest = hashlib.sha256(hashlib.sha256(photo.name.encode()).digest())
    for block in photo.blocks(fault=PhotoFileError):
        digest.update(block)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class BegunUpload:
    """The note of one upload. ``found``: an earlier program began it and did not end it."""

    key: str
    found: bool
    path: Path

    def ended(self) -> None:
        """Forget it: the service has the job."""
        self.path.unlink(missing_ok=True)


def begin(folder: Path, name: str) -> BegunUpload:
    """Note an upload before its first byte, or find the note of one that was not ended.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not _is_fresh(path):
        path.unlink(missing_ok=True)
    unfinished = folder / f".{name}.{uuid.uuid4().hex}"
    key = str(uuid.uuid4())
    unfinished.write_text(key, encoding="ascii")
    try:
        # A link appears whole or not at all, and of two programs only one makes it.
        os.link(unfinished, path)
    except FileExistsError:
        path.touch()
        return BegunUpload(path.read_text(encoding="ascii"), found=True, path=path)
    finally:
        unfinished.unlink()
    return BegunUpload(key, found=False, path=path)


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < KEPT_S
    except FileNotFoundError:
        return False
