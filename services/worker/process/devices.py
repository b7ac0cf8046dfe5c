"""Which device this worker serves, found without importing an inference engine."""

from pathlib import Path
from typing import Literal

from services.common.config import Settings
from services.common.domain.queues import Device, Lane, Queue, queue_of

_NVIDIA = Path("/dev/nvidiactl")


def device_of(settings: Settings, *, nvidia: Path = _NVIDIA) -> Device:
    """Return the kind of worker that the settings ask for; ``auto`` is GPU where a driver is."""
    if settings.worker.device == "auto":
        return Device.GPU if nvidia.exists() else Device.CPU
    return Device.GPU if settings.worker.device == "cuda" else Device.CPU


def queues_of(device: Device) -> list[Queue]:
    """Return the queues to consume, in order of service.

    A GPU worker takes hints for CPU workers as well: a sender does not know who listens, and a
    hint names no device.
    """
    devices = [Device.CPU] if device is Device.CPU else [Device.GPU, Device.CPU]
    return [queue_of(each, lane) for lane in Lane for each in devices]


def start_method_of(settings: Settings, device: Device) -> Literal["fork", "spawn"]:
    """Return how children start: CUDA cannot be initialised after a fork (pytorch#40403)."""
    if settings.worker.pool_start_method == "auto":
        return "spawn" if device is Device.GPU else "fork"
    return settings.worker.pool_start_method
