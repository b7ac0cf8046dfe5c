from pathlib import Path

import pytest

from services.common.domain.queues import Device, Queue
from services.worker.process.devices import device_of, queues_of, start_method_of
from tests.fixtures.settings import SettingsMaker


class TestDevice:
    @pytest.mark.parametrize(
        ("setting", "driver", "expected"),
        [
            ("cpu", True, Device.CPU),
            ("cuda", False, Device.GPU),
            ("auto", True, Device.GPU),
            ("auto", False, Device.CPU),
        ],
    )
    def test_follows_the_setting_then_the_driver(
        self,
        make_unit_settings: SettingsMaker,
        tmp_path: Path,
        setting: str,
        driver: bool,
        expected: Device,
    ) -> None:
        nvidia = tmp_path / "nvidiactl"
        if driver:
            nvidia.touch()
        settings = make_unit_settings(worker={"device": setting})
        assert device_of(settings, nvidia=nvidia) is expected


class TestQueues:
    def test_interactive_hints_are_served_first(self) -> None:
        assert queues_of(Device.CPU) == [Queue.CPU_INTERACTIVE, Queue.CPU_BATCH]

    def test_a_gpu_worker_hears_what_was_sent_to_cpu_workers(self) -> None:
        assert queues_of(Device.GPU) == [
            Queue.GPU_INTERACTIVE,
            Queue.CPU_INTERACTIVE,
            Queue.GPU_BATCH,
            Queue.CPU_BATCH,
        ]


class TestStartMethod:
    @pytest.mark.parametrize(
        ("setting", "device", "expected"),
        [
            ("auto", Device.CPU, "fork"),
            ("auto", Device.GPU, "spawn"),
            ("spawn", Device.CPU, "spawn"),
        ],
    )
    def test_never_forks_for_cuda_unless_told(
        self, make_unit_settings: SettingsMaker, setting: str, device: Device, expected: str
    ) -> None:
        settings = make_unit_settings(worker={"pool_start_method": setting})
        assert start_method_of(settings, device) == expected
