"""Writes down calls between files of ``services``; Python imports it first in each process.

Reads two variables: HFER_PATH_ROOT, the checkout, and HFER_PATH_OUT, a folder with a file ``phase``
of one byte. While the byte is not 0, each call of a function of ``services`` becomes one line of
``calls-<pid>.tsv``: phase, module that was started, thread, file of the caller, file, function.
The byte is mapped into memory, so that a forked child sees it change and nothing has to be asked.
"""

import mmap
import os
import sys
import threading
from pathlib import Path
from types import FrameType

_OUT = os.environ.get("HFER_PATH_OUT", "")
_HOME = f"{os.environ.get('HFER_PATH_ROOT', '')}/services/"
_files: dict[int, int] = {}


def _program() -> str:
    arguments = sys.orig_argv
    return arguments[arguments.index("-m") + 1] if "-m" in arguments[:-1] else ""


def _inside(frame: FrameType | None) -> str:
    """Return the frame's file below ``services``, '' for one of a library."""
    if frame is None or not frame.f_code.co_filename.startswith(_HOME):
        return ""
    return frame.f_code.co_filename[len(_HOME) :]


def _profile(frame: FrameType, event: str, _argument: object) -> None:
    if event != "call" or not _phase[0]:
        return
    file = _inside(frame)
    if not file:
        return
    fields = (
        str(_phase[0]),
        _started,
        threading.current_thread().name,
        _inside(frame.f_back),
        file,
        frame.f_code.co_qualname,
    )
    process = os.getpid()
    if process not in _files:
        path = f"{_OUT}/calls-{process}.tsv"
        _files[process] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(_files[process], ("\t".join(fields) + "\n").encode())


_started = _program()
if _OUT and _started.startswith("services."):
    with Path(_OUT, "phase").open("rb") as _file:
        _phase = mmap.mmap(_file.fileno(), 1, prot=mmap.PROT_READ)
    threading.setprofile(_profile)
    sys.setprofile(_profile)
