"""What reports to its maker leaves its tracks in the home folder, unless it was turned off."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
# Either makes an id of its own in the home folder before it sends anything.
TRACKS = {"openvino_ga_cid", "deviceid"}


def tracks(home: Path, code: str) -> set[str]:
    """Run ``code`` as somebody who is new here, outside any CI; what it left in the home folder."""
    home.mkdir()
    argv = [sys.executable, "-c", code]
    environment = {"HOME": str(home)}
    subprocess.run(argv, env=environment, cwd=REPOSITORY, capture_output=True, check=True)
    return {path.name for path in home.rglob("*")} & TRACKS


@pytest.mark.parametrize("module", ["services.vision.cpu", "benchmarks.roofline"])
def test_importing_openvino_reports_nothing(module: str, tmp_path: Path) -> None:
    assert not tracks(tmp_path / "home", f"import {module}, openvino")


@pytest.mark.parametrize("room", ["services.vision", "services.trainer"])
def test_importing_onnx_runtime_reports_nothing(room: str, tmp_path: Path) -> None:
    assert not tracks(tmp_path / "home", f"import {room}, onnxruntime")


def test_a_run_of_nncf_reports_nothing(tmp_path: Path) -> None:
    code = """
import services.trainer.export.precisions.run_nncf
from nncf.telemetry.wrapper import telemetry
telemetry.send_event("category", "action", "label")
"""
    assert not tracks(tmp_path / "home", code)
