"""Which lines of which files say what a restore has to do again."""

import json
import uuid
from pathlib import Path

import pytest

from services.backup.errors import BackupError
from services.backup.ledger import read_ledger

JOB, UPLOAD, KEY, ITEM = (uuid.UUID(int=number) for number in (1, 2, 3, 4))
LINES = [
    {"action": "job.erased", "outcome": "done", "object": f"job_{JOB.hex}", "key": "key_x",
     "key_name": "n", "reason": "as asked", "at": "2026-11-27T07:00:00Z"},
    {"action": "upload.erased", "outcome": "done", "object": f"upl_{UPLOAD.hex}"},
    {"event": "audit", "action": "key.revoked", "outcome": "done", "object": f"key_{KEY.hex}"},
    {"action": "job.erased", "outcome": "refused", "object": f"job_{'9' * 32}"},
    {"action": "job.erased", "outcome": "done", "object": None},
    {"event": "audit", "action": "photo.erased", "outcome": "done", "object": f"itm_{ITEM.hex}"},
    {"event": "request.done"},
    [1],
]  # fmt: skip


def test_takes_exports_and_log_lines_and_passes_over_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("\n".join(["Traceback:", *map(json.dumps, LINES)]))
    ledger = read_ledger(path)
    assert ledger.erased.keys() == {JOB, UPLOAD}
    assert ledger.erased[JOB].stated_reason == "as asked"
    assert ledger.erased[UPLOAD].key_id == "unknown"
    assert ledger.revoked == {KEY}
    assert ledger.photos.keys() == {ITEM}


def test_an_empty_file_says_that_nothing_was_erased(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.touch()
    assert not read_ledger(path).erased


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(BackupError, match="no ledger"):
        read_ledger(path)
    with pytest.raises(BackupError, match="cannot be read"):
        read_ledger(tmp_path / "missing")
