"""What ``deterministic.py`` found, in a process of its own."""

import json
from pathlib import Path

from tests.fixtures.forked import Forked
from tests.model.trainer import deterministic


def test_two_runs_on_two_threads_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert Forked(deterministic.main, [str(tmp_path)], log=log).wait() == 0, log.read_text()
    found = json.loads(log.read_text().splitlines()[-1])
    assert found["deterministic"] == [False, True]
    one, other = found["digests"]
    assert one == other
