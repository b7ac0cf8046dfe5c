"""Files of ``services`` that one photo enters: ``python -m benchmarks.photo_path [--root DIR]``.

The local stack of a checkout, this one or another, runs with ``hook/sitecustomize.py`` in all of
its Python processes. After two photos that warm it up a third one is followed: submitted as a
form, waited for with ``Prefer: wait``, its results read as JSON.

A file counts as entered when one of its functions is called, whoever calls; a call as crossing
when the function that calls lies in another file of ``services``. Resumed generators and coroutines
are calls, as the interpreter sees them. What a thread also calls while nobody asks for anything, in
the loops that run all the time, does not count; nor does the start.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]
HOOK = Path(__file__).with_name("hook")
OFF, PHOTO, IDLE = 0, 1, 2
START_S = 600.0  # the hook makes a start two to three times as long
STOP_S = 60.0
WAIT_S = 30
SETTLE_S = 3.0  # so that the photo before is done with in every process
IDLE_S = 12.0  # longer than the pause of any loop that runs within a photo's second


@dataclass(frozen=True, slots=True)
class Call:
    """A line of the hook; ``caller`` is '' when a library calls. Paths are below ``services``."""

    program: str
    thread: str
    caller: str
    file: str
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one photo enters.

    Attributes:
        files: number of files entered.
        calls: number of calls from a file to another.
        pairs: number of different pairs of such files.
        entered: per file the number of calls of its functions, whoever calls.
        passed_on: files whose functions are called from one file and call into one file alone:
            candidates to be folded into a neighbour.
    """

    files: int
    calls: int
    pairs: int
    entered: dict[str, int]
    passed_on: list[str]


def report(photo: Sequence[Call], idle: Sequence[Call]) -> Report:
    """Sum up the calls made for a photo, less those that are made for none."""
    loops = set(idle)
    own = [call for call in photo if call not in loops]
    crossing = Counter(
        (call.caller, call.file) for call in own if call.caller and call.caller != call.file
    )
    entered = Counter(call.file for call in own)
    callers = Counter(file for _, file in crossing)
    callees = Counter(caller for caller, _ in crossing)
    return Report(
        files=len(entered),
        calls=crossing.total(),
        pairs=len(crossing),
        entered=dict(sorted(entered.items())),
        passed_on=sorted(file for file in entered if callers[file] == 1 == callees[file]),
    )


def follow(root: Path) -> Report:
    """Start the stack of the checkout ``root``, follow a photo, and stop the stack."""
    with tempfile.TemporaryDirectory(prefix="hfer-path-") as scratch:
        out = Path(scratch)
        _set_phase(out, OFF)
        with _stack(root, out) as environment:
            headers = {"Authorization": f"Bearer {environment['HFER_API_KEY']}"}
            with httpx.Client(
                base_url=environment["HFER_URL"], headers=headers, timeout=2 * WAIT_S
            ) as api:
                for phase in (OFF, OFF, PHOTO):
                    _set_phase(out, phase)
                    _analyse(api, root / "samples/collins.jpg")
                    _set_phase(out, OFF)
                    time.sleep(SETTLE_S)
            _set_phase(out, IDLE)
            time.sleep(IDLE_S)
            _set_phase(out, OFF)
        lines = [
            line.split("\t")
            for path in out.glob("calls-*.tsv")
            for line in path.read_text().splitlines()
        ]
    photo, idle = (
        [Call(*fields) for number, *fields in lines if int(number) == phase]
        for phase in (PHOTO, IDLE)
    )
    return report(photo, idle)


def _set_phase(out: Path, phase: int) -> None:
    # Written in place: the processes have mapped this very file.
    descriptor = os.open(out / "phase", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, bytes([phase]))
    os.close(descriptor)


def _analyse(api: httpx.Client, photo: Path) -> None:
    answer = api.post("/v1/jobs", files={"files": (photo.name, photo.read_bytes(), "image/jpeg")})
    job = answer.raise_for_status().json()["id"]
    status = "queued"
    while status in {"queued", "running"}:  # answered at each change
        answer = api.get(f"/v1/jobs/{job}", headers={"Prefer": f"wait={WAIT_S}"})
        status = answer.raise_for_status().json()["status"]
    if status != "succeeded":
        raise SystemExit(f"the photo's job is {status}")
    api.get(f"/v1/jobs/{job}/results").raise_for_status()


@contextmanager
def _stack(root: Path, out: Path) -> Iterator[dict[str, str]]:
    """Run ``python -m infra.local`` of a checkout; give the settings that it writes for shells."""
    folder = out / "local"
    # The page reads events with the client's code, which is that checkout's as well.
    path = os.pathsep.join([str(HOOK), str(root / "client/src")])
    hooked = {"PYTHONPATH": path, "HFER_PATH_OUT": str(out), "HFER_PATH_ROOT": str(root)}
    with (out / "log").open("wb") as log:
        stack = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run", "--folder", str(folder)],
            cwd=root,
            env={**os.environ, **hooked},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + START_S
        while not _is_ready(environment := _read_environment(folder / "env")):
            if stack.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the stack did not start:\n{(out / 'log').read_text()}")
            time.sleep(0.2)
        yield environment
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(STOP_S)


def _read_environment(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    pairs = (line.partition("=") for line in file.read_text().splitlines())
    return {name: value for name, _, value in pairs}


def _is_ready(environment: dict[str, str]) -> bool:
    if "HFER_API_KEY" not in environment:
        return False
    try:
        return httpx.get(f"{environment['HFER_URL']}/readyz", timeout=10).is_success
    except httpx.TransportError:
        return False


def show(found: Report) -> str:
    """Return a table: calls of a file's functions, and which files pass on alone."""
    lines = [f"{count:6}  {file}" for file, count in found.entered.items()]
    lines += ["", "entered from one file, calling into one file:"]
    lines += [f"        {file}" for file in found.passed_on]
    total = f"{found.files} files, {found.calls} calls from file to file, {found.pairs} pairs"
    return "\n".join([*lines, "", total])


def main(arguments: Sequence[str] | None = None) -> None:
    """Follow a photo and print what it entered."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photo_path", description=__doc__)
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the checkout to look at")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    found = follow(options.root.resolve())
    print(json.dumps(asdict(found), indent=1) if options.json else show(found))


if __name__ == "__main__":
    main()
