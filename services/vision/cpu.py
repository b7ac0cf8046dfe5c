"""How OpenVINO uses the CPU in a process of ours."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import openvino

# What Linux calls the instructions that multiply int8 into int32: x86, then ARM. Plain AVX2 needs
# three for the same and still took 0.60 to 0.71 of float32's time (an AMD EPYC, three starters);
# AVX-512 without VNNI, whose float32 is twice as wide, saved nothing.
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
    """Leave INT8 out where it is no faster than float32: OpenVINO lists it for any AVX2.

    Args:
        capabilities: as OpenVINO lists them.
        flags: of the CPU, as Linux lists them.
    """
    pays = _INT8_FLAGS & set(flags) or ("avx2" in flags and "avx512f" not in flags)
    return set(capabilities) - (set() if pays else {"INT8"})


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
