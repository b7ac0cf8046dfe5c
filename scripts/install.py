"""Install requirement files with pip behind one progress bar per step.

Run by the Makefile with the environment's own Python: ``install.py --label TEXT PIP_ARGUMENTS``.
Standard library only, because nothing else is there yet.
"""

import itertools
import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

BAR = 30
TAIL = 30
REFRESH_S = 0.2


def main(arguments: list[str]) -> int:
    """Run ``pip install`` with the arguments after ``--label TEXT``; return its code."""
    if arguments[:1] != ["--label"]:
        print("usage: install.py --label TEXT PIP_ARGUMENTS...", file=sys.stderr)
        return 2
    label, pip_arguments = arguments[1], arguments[2:]
    bar = Bar(label, total=sum(count_pins(Path(name)) for name in requirement_files(pip_arguments)))
    tail: deque[str] = deque(maxlen=TAIL)
    command = [sys.executable, "-m", "pip", "install", "--progress-bar=off", *pip_arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            tail.append(line)
            bar.feed(line)
    bar.close(failed=bool(pip.returncode))
    if pip.returncode:
        sys.stderr.writelines(tail)
    return pip.returncode


def requirement_files(arguments: list[str]) -> list[str]:
    """Return what follows each ``-r``."""
    return [value for flag, value in itertools.pairwise(arguments) if flag == "-r"]


def count_pins(path: Path) -> int:
    """Return how many packages a requirement file pins, at least 1."""
    return max(1, len(re.findall(r"^[A-Za-z0-9].*==", path.read_text(), re.MULTILINE)))


class Bar:
    """One line that fills while pip goes on; without a terminal only its last state is shown."""

    def __init__(self, label: str, *, total: int) -> None:
        self._label = label
        self._total = total
        self._seen = 0
        self._doing = ""
        self._started = time.monotonic()
        self._drawn = 0.0
        self._live = sys.stdout.isatty()
        if not self._live:
            print(f"{label} ...", flush=True)

    def feed(self, line: str) -> None:
        """Read one line of pip's."""
        words = line.split()
        if words[:1] == ["Collecting"]:
            self._seen += 1
            self._doing = re.split(r"[=<>~!\[ ]", words[1])[0]
        elif line.startswith("Requirement already satisfied"):
            self._seen += 1
        elif line.startswith("Installing collected packages"):
            self._seen = self._total
            self._doing = "unpacking"
        else:
            return
        if self._live and time.monotonic() - self._drawn > REFRESH_S:
            self._draw()

    def close(self, *, failed: bool) -> None:
        """Draw the end."""
        self._doing = "FAILED" if failed else "done"
        self._seen = self._seen if failed else self._total
        self._draw()
        print(flush=True)

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        share = min(1.0, self._seen / self._total) if self._total else 1.0
        filled = "#" * round(BAR * share)
        seconds = self._drawn - self._started
        start = "\r\x1b[K" if self._live else ""
        print(
            f"{start}{self._label} [{filled:<{BAR}}] {seconds:4.0f} s  {self._doing}",
            end="",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
