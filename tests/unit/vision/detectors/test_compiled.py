from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest
from numba import types

from services.vision.detectors.compiled import compiled


def twice(number: int) -> int:
    return 2 * number


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where numba keeps what it compiled."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def compile_twice() -> Callable[..., Any]:
    return compiled(types.int64(types.int64))(twice)


def hits(function: Callable[..., Any]) -> int:
    return sum(function.stats.cache_hits.values())  # type: ignore[attr-defined]  # numba's


@pytest.mark.usefixtures("folder")
def test_the_next_process_loads_what_was_compiled() -> None:
    assert hits(compile_twice()) == 0
    loaded = compile_twice()
    assert (loaded(21), hits(loaded)) == (42, 1)


@pytest.mark.parametrize("damage", [b"", b"not a pickle", b"\x80\x05."])
def test_damaged_files_are_compiled_anew(folder: Path, damage: bytes) -> None:
    compile_twice()
    for path in folder.rglob("*.nb?"):
        path.write_bytes(damage)
    assert compile_twice()(21) == 42


def test_without_a_folder_nothing_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert compile_twice()(21) == 42
    assert hits(compile_twice()) == 0
    assert list(folder.iterdir()) == []


def test_in_a_folder_that_cannot_be_written_it_is_compiled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locator(*_: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(numba.core.caching.CacheImpl, "__init__", no_locator)
    assert compile_twice()(21) == 42
    assert list(folder.iterdir()) == []
