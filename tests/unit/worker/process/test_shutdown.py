import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from services.worker.process.shutdown import FLAG_VARIABLE, DrainFlag


class TestDrainFlag:
    def test_rises_for_everyone_who_looks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(FLAG_VARIABLE, "to be replaced")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        flag = DrainFlag.new()
        flag.share()
        child = DrainFlag.inherited()
        assert not child()
        assert not list(tmp_path.iterdir())  # a kill -9 leaves nothing behind
        flag.raise_()
        flag.raise_()
        assert child()
        flag.lower()
        flag.lower()
        assert not child()

    def test_without_a_main_process_it_never_rises(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(FLAG_VARIABLE, raising=False)
        assert not DrainFlag.inherited()()


FORCED = """
from services.worker.process.shutdown import ForcedExit
ForcedExit(0.5).arm()
while True:
    pass
"""
STUBBORN = """
import os, signal
from services.worker.process.shutdown import ignore_group_signals
ignore_group_signals()
os.kill(os.getpid(), signal.SIGTERM)
print("still here")
"""


class TestForcedExit:
    def test_ends_a_process_that_does_not_end_by_itself(self) -> None:
        done = subprocess.run([sys.executable, "-c", FORCED], timeout=120, check=False)
        assert done.returncode == 1


class TestIgnoreGroupSignals:
    def test_leaves_sigterm_to_the_main_process(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", STUBBORN],
            timeout=120,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout == "still here\n"
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN, os.getpid()
