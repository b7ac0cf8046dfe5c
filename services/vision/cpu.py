"""How OpenVINO uses the CPU in a process of ours."""

from typing import Any

import openvino


def cpu_config(*, threads: int, precision: str) -> dict[str, Any]:
    """Return what every network is compiled with.

    Pinned, as OpenVINO does by default, the inference threads of all processes share the first
    core: two workers on two cores were as fast as one.

    Args:
        threads: inference threads of this process.
        precision: ``f32`` or ``bf16``, as OpenVINO calls them.
    """
    return {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": precision,
    }


def cpu_capabilities() -> list[str]:
    """Return the instructions that the CPU has, as OpenVINO names them, such as ``BF16``.

    What is missing OpenVINO imitates, slower than float32.
    """
    capabilities: list[str] = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return capabilities
