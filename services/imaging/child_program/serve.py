"""A child's life: load what it needs, confine itself, serve its parent until that is gone."""

import ctypes
import gc
import io
import os
import resource
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

# Before numpy: each of OpenBLAS' threads would take 40 MB of address space.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from PIL import Image

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.imaging.child_pool.messages import (
    receive_request,
    send_answer,
    write_all,
)
from services.imaging.child_program.readers import open_readers
from services.imaging.child_program.seccomp import confine
from services.imaging.child_program.tasks import Tasks
from services.imaging.source import Readers

# The parent lowers the soft limit for each picture; a child cannot raise it.
_HARD_CPU_S = 3_600
_DESCRIPTORS = 16
_NICENESS = 5
_STATM = "/proc/self/statm"
# AVIF and HEIC come up without: encoding them would start threads.
_WARMED_UP = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000")
_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1
_BIG_BLOCK_BYTES = 1_000_000
# Kept for the next band of rows: without it, glibc gives memory back after each of them.
_KEPT_BYTES = 4_000_000


_FACE = {"face_index": 0, "box": [9, 9, 40, 40], "probabilities": [1.0] * 7, "uncertain": True}
_TASK = {
    "do": "annotate",
    "limits": asdict(PhotoLimits()),
    "width": 64,
    "height": 64,
    "faces": [_FACE],
    "blurred": [[9, 9, 49, 49]],
}


def main(descriptor: int, make_tasks: Callable[[Readers], Tasks] = Tasks) -> None:
    """Serve the parent at the other end of the socket ``descriptor`` until it is gone.

    Args:
        descriptor: of the socket.
        make_tasks: makes what is served (tests put hostile tasks here).
    """
    sock = socket.socket(fileno=descriptor)
    libc = ctypes.CDLL(None)
    # What a photo took goes back at once, and threads that cannot start need no heaps.
    libc.mallopt(_M_ARENA_MAX, 1)
    libc.mallopt(_M_MMAP_THRESHOLD, _BIG_BLOCK_BYTES)
    libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    readers, closed = open_readers()
    tasks = make_tasks(readers)
    _warm_up(tasks)
    hello = {"memory_bytes": _address_space(), "formats": sorted(readers), "closed": dict(closed)}
    _limit_itself()
    send_answer(sock, {**hello, "confined": confine()})
    while (request := receive_request(sock)) is not None:
        answer = _answer(tasks, *request)
        request = None
        gc.collect()
        send_answer(sock, {**answer, "cpu_s": time.process_time()})


def _answer(tasks: Tasks, task: Mapping[str, Any], photo: bytes, target: int) -> dict[str, Any]:
    try:
        facts, parts = tasks.run(task, photo)
        for part in parts:
            write_all(target, part)
    except ItemError as error:
        return {"error": error.code, "detail": error.detail}
    except (MemoryError, OSError):
        # OSError: more bytes than RLIMIT_FSIZE allows. The parent has the sentence.
        return {"error": ItemErrorCode.OUT_OF_MEMORY, "detail": ""}
    except Exception as error:  # noqa: BLE001 - one photo's trouble is not the next one's
        return {"error": ItemErrorCode.INTERNAL, "detail": "", "fault": type(error).__name__}
    finally:
        os.close(target)
    return facts


def _warm_up(tasks: Tasks) -> None:
    """Use every reader once: nothing can be imported or opened any more afterwards."""
    picture = Image.new("RGB", (64, 64), "gray")
    for form in _WARMED_UP:
        buffer = io.BytesIO()
        picture.save(buffer, form)
        tasks.run(_TASK, buffer.getvalue())


def _limit_itself() -> None:
    """Set hard limits, which no process may raise; the parent moves the soft ones below."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_CPU, (_HARD_CPU_S, _HARD_CPU_S))
    os.nice(_NICENESS)


def _address_space() -> int:
    """Return the bytes that RLIMIT_AS counts of this process."""
    with open(_STATM) as file:  # noqa: PTH123 - a file of numbers in /proc
        return int(file.read().split()[0]) * resource.getpagesize()
