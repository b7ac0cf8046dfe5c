"""TensorFlow set up for machines that are not here: a fake one notes what it was told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from services.trainer.config import LoopConfig
from services.trainer.errors import RunError
from services.trainer.training.runtime import (
    check_devices,
    device_strategy,
    set_environment,
    start_tensorflow,
)

# Tensors of 64 MB: above what glibc ever learns to keep (32 MB).
_FAULTS = """
import resource, sys, threading
import numpy as np
from services.trainer.training.runtime import keep_freed_memory

def work():
    for _ in range(20):
        np.ones(16_000_000, np.float32)

if sys.argv[1] == "keep":
    assert keep_freed_memory()
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """A TensorFlow that sees four GPUs."""
    fake = Mock()
    fake.config.list_physical_devices.return_value = ["a", "b", "c", "d"]
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(utils=fake.utils))
    return fake


@pytest.fixture(autouse=True)
def _no_strategy_yet() -> Iterator[None]:
    device_strategy.cache_clear()
    yield
    device_strategy.cache_clear()


class TestStartTensorflow:
    @pytest.mark.parametrize(("gpus", "used"), [(None, "abcd"), (2, "ab"), (0, "")])
    def test_uses_the_gpus_asked_for(self, tensorflow: Mock, gpus: int | None, used: str) -> None:
        start_tensorflow(LoopConfig(gpus=gpus))
        tensorflow.config.set_visible_devices.assert_called_once_with(list(used), "GPU")

    def test_takes_memory_as_it_is_needed(self, tensorflow: Mock) -> None:
        start_tensorflow(LoopConfig(gpus=2))
        calls = tensorflow.config.experimental.set_memory_growth.call_args_list
        assert [(call.args, call.kwargs) for call in calls] == [
            (("a",), {"enable": True}),
            (("b",), {"enable": True}),
        ]

    @pytest.mark.parametrize(
        ("settings", "jit"),
        [({}, "autoclustering"), ({"gpus": 0}, False), ({"deterministic": True}, False)],
    )
    def test_fuses_on_gpus_unless_every_bit_counts(
        self, tensorflow: Mock, settings: dict[str, Any], jit: object
    ) -> None:
        start_tensorflow(LoopConfig(**settings))
        tensorflow.config.optimizer.set_jit.assert_called_once_with(jit)

    @pytest.mark.parametrize("deterministic", [True, False])
    def test_passes_the_determinism_flag_on(self, tensorflow: Mock, deterministic: bool) -> None:
        start_tensorflow(LoopConfig(deterministic=deterministic, seed=7))
        enable = tensorflow.config.experimental.enable_op_determinism
        assert enable.call_count == deterministic
        tensorflow.utils.set_random_seed.assert_called_once_with(7)

    def test_one_that_runs_already_is_deterministic_all_the_same(self, tensorflow: Mock) -> None:
        threading = tensorflow.config.threading
        threading.set_intra_op_parallelism_threads.side_effect = RuntimeError("initialised")
        start_tensorflow(LoopConfig(deterministic=True))
        tensorflow.config.experimental.enable_op_determinism.assert_called_once_with()


class TestSetEnvironment:
    def test_has_onednn_compute_on_any_cpu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "environ", {})
        set_environment()
        assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"

    def test_leaves_what_the_user_has_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "environ", {"TF_ENABLE_ONEDNN_OPTS": "0"})
        set_environment()
        assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"


def page_faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


class TestKeepFreedMemory:
    def test_freed_tensors_are_not_given_back_to_the_kernel(self) -> None:
        assert page_faults("keep") < page_faults("default") / 10


class TestDeviceStrategy:
    @pytest.mark.parametrize(("gpus", "mirrored"), [(0, False), (1, False), (2, True)])
    def test_mirrors_on_more_than_one_gpu(
        self, tensorflow: Mock, gpus: int, mirrored: bool
    ) -> None:
        tensorflow.config.list_logical_devices.return_value = ["GPU"] * gpus
        expected = tensorflow.distribute.MirroredStrategy if mirrored else None
        chosen = device_strategy()
        assert chosen is (expected or tensorflow.distribute.get_strategy).return_value

    def test_is_one_for_the_whole_process(self, tensorflow: Mock) -> None:
        tensorflow.config.list_logical_devices.return_value = ["GPU"] * 2
        device_strategy()
        device_strategy()
        tensorflow.distribute.MirroredStrategy.assert_called_once_with()


class TestCheckDevices:
    @pytest.mark.parametrize(
        ("wanted", "installed", "seen"), [(None, 0, 0), (None, 2, 2), (1, 2, 1), (0, 2, 0)]
    )
    def test_takes_what_is_there(self, wanted: int | None, installed: int, seen: int) -> None:
        check_devices(LoopConfig(gpus=wanted), installed=installed, seen=seen)

    def test_refuses_fewer_than_were_asked_for(self) -> None:
        with pytest.raises(RunError, match=r"loop\.gpus=4, but TensorFlow sees 2"):
            check_devices(LoopConfig(gpus=4), installed=2, seen=2)

    def test_refuses_to_leave_gpus_idle(self) -> None:
        with pytest.raises(RunError, match=r"has 2 GPUs, but TensorFlow sees none: install"):
            check_devices(LoopConfig(), installed=2, seen=0)
