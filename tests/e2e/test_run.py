"""`make run` as a user meets it: a key that works, a clean end, and no orphan after a crash."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hfer import Client
from tests.fixtures.analysers import FIVE_MS
from tests.fixtures.launcher import Launcher, is_alive, wait_gone

SAMPLE = Path(__file__).parents[2] / "samples" / "hopper.jpg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "local"


@pytest.fixture
def _light_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """One child without networks: two load them for 9 s of CPU."""
    monkeypatch.setenv("HFER_WORKER__CONCURRENCY", "1")
    monkeypatch.setenv("HFER_WORKER__ANALYSER", FIVE_MS)


@pytest.fixture
def launcher(folder: Path) -> Iterator[Launcher]:
    launcher = Launcher(folder, command=("run",)).wait_up()
    yield launcher
    launcher.end()


def test_prints_a_url_and_a_key_that_work(launcher: Launcher) -> None:
    settings = launcher.settings()
    assert settings["HFER_URL"] in launcher.printed
    assert settings["HFER_API_KEY"] in launcher.printed
    (page,) = re.findall(r"page +(http://127\.0\.0\.1:\d+)$", launcher.printed, re.MULTILINE)
    assert "Submit photos" in httpx.get(page, trust_env=False).text
    with Client(settings["HFER_URL"], settings["HFER_API_KEY"]) as client:
        state = client.submit(SAMPLE).wait(timeout_s=120)
    assert state.counts.succeeded == 1
    code, printed = launcher.end()
    assert (code, "Stopped." in printed) == (0, True)
    assert wait_gone(launcher.children) == []


@pytest.mark.usefixtures("_light_worker")
def test_a_crash_of_the_launcher_leaves_no_orphan(launcher: Launcher) -> None:
    assert all(is_alive(child) for child in launcher.children)
    launcher.end(signal.SIGKILL)
    assert wait_gone(launcher.children, timeout=20) == []
