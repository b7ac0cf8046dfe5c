"""Keep memory that was freed, instead of giving it back to the kernel after each step."""

import ctypes
import platform

# mallopt(3) of glibc; its parameters are numbers there as well.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8
_NEVER = 2**31 - 1
_AHEAD = 256 * 2**20


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to keep what it has; return whether there was one to tell.

    By default it maps each large tensor anew and unmaps it when freed, so that the kernel zeroes
    the same pages step after step: 32,000 page faults a second and 23 % of the CPU time of
    training EfficientNet-Lite0 at 96 px on two cores, 2 % with this. The price is that the
    process stays as large as it ever was.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    settings = {_TRIM_THRESHOLD: _NEVER, _TOP_PAD: _AHEAD, _MMAP_MAX: 0, _ARENA_MAX: 1}
    return all(bool(libc.mallopt(option, value)) for option, value in settings.items())
