"""The machine that a session ran on, as run.json records it."""

import os
import platform
from pathlib import Path
from typing import Any

_CPUS = Path("/proc/cpuinfo")
# As x86 and ARM kernels name them.
_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
_NVIDIA = Path("/proc/driver/nvidia/gpus")


def describe_host() -> dict[str, Any]:
    """Return name, machine, CPU model, cores, memory in GiB and GPUs, as Linux reports them."""
    return {
        "name": platform.node(),
        "machine": platform.machine(),
        "cpu": _field(_CPUS, "model name") or platform.processor() or "unknown",
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpus": installed_gpus(),
    }


def computes_bfloat16(cpus: Path = _CPUS) -> bool:
    """Whether the CPU has instructions for bfloat16; without them it is far slower than float32."""
    flags = (_field(cpus, "flags") or _field(cpus, "Features") or "").split()
    return not _BFLOAT16.isdisjoint(flags)


def installed_gpus(folder: Path = _NVIDIA) -> list[str]:
    """Return the models of the GPUs that NVIDIA's driver lists in ``folder``."""
    files = sorted(folder.glob("*/information"))
    return [_field(file, "Model") or "unknown" for file in files]


def _field(path: Path, name: str) -> str | None:
    """Return the first value of ``name : value`` lines; None where there is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return None
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in pairs if key.strip() == name), None)
