"""Runs the command line in this process."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from hfer.cli.app import main
from hfer.cli.options import Wiring
from tests.fixtures.fake_service import KEY, URL, FakeService


@dataclass(frozen=True)
class Outcome:
    code: object
    stdout: str
    stderr: str


@pytest.fixture
def run(
    service: FakeService,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[..., Outcome]:
    """Run ``hfer`` in this process against the service in memory."""
    monkeypatch.setenv("HFER_URL", URL)
    monkeypatch.setenv("HFER_API_KEY", KEY)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*arguments: object) -> Outcome:
        stderr = io.StringIO()
        wiring = Wiring(
            http_transport=service.transport,
            sleep=service.sleep,
            stderr=Console(file=stderr, width=200),
        )
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments], wiring=wiring)
        captured = capfdbinary.readouterr()
        return Outcome(
            caught.value.code, captured.out.decode(), stderr.getvalue() + captured.err.decode()
        )

    return run


Run = Callable[..., Outcome]
