"""The worker's application, and what its main process must not import."""

import subprocess
import sys

import pytest

from services.common.domain.queues import Task
from services.worker import app as app_module
from services.worker.app import create_app
from tests.fixtures.settings import SettingsMaker

HEAVY = ("numpy", "cv2", "openvino", "torch", "PIL", "tensorflow", "onnxruntime")
MAIN_IMPORTS = f"""
import sys
import services.worker.__main__, services.worker.tasks, services.worker.signals
found = [name for name in {HEAVY!r} if name in sys.modules]
assert not found, found
"""


def test_the_main_process_imports_no_engine() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN_IMPORTS], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_knows_our_task(make_unit_settings: SettingsMaker) -> None:
    app = create_app(make_unit_settings())
    app.loader.import_default_modules()
    assert Task.ANALYSE.value in app.tasks


def test_children_of_a_gpu_worker_are_spawned(make_unit_settings: SettingsMaker) -> None:
    app = create_app(make_unit_settings(worker={"device": "cuda"}))
    assert app.conf.worker_pool_start_method == "spawn"


def test_offers_an_application_to_the_celery_command(
    make_unit_settings: SettingsMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_unit_settings()
    monkeypatch.setattr(app_module, "Settings", lambda: settings)
    assert app_module.app.main == "hfer"
    with pytest.raises(AttributeError):
        _ = app_module.application
