"""Files of one job, each written once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hfer.exports import Exporter, exporting
from tests.fixtures.told_job import STATE, photos

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the job, or photos of it, in a form."""

    def write(exporter: Exporter, *, name: str = "out", given: object = None) -> Path:
        path = tmp_path / name
        with exporting(path, exporter, STATE) as add:
            add(photos() if given is None else given)  # type: ignore[arg-type]
        return path

    return write
