"""How OpenVINO uses the CPU in a process of ours."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import openvino

# What Linux calls the instructions that multiply int8 into int32: x86, then ARM.
_INT8_FLAGS = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}


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


def cpu_capabilities() -> set[str]:
    """Return the instructions that the CPU has, as OpenVINO names them, such as ``BF16``.

    What is missing OpenVINO imitates, slower than float32.
    """
    capabilities: list[str] = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return with_real_int8(capabilities, _cpu_flags())


def with_real_int8(capabilities: Collection[str], flags: Collection[str]) -> set[str]:
    """Leave INT8 out where the CPU has no instruction for it: OpenVINO lists it for AVX2 alone.

    Args:
        capabilities: as OpenVINO lists them.
        flags: of the CPU, as Linux lists them.
    """
    return set(capabilities) - (set() if _INT8_FLAGS & set(flags) else {"INT8"})


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux: fp32
        return set()
    named = (line.partition(":") for line in lines)
    return {
        flag
        for name, _, flags in named
        if name.strip() in {"flags", "Features"}
        for flag in flags.split()
    }
