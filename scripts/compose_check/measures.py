"""Memory of containers and sizes of images, as the engine tells them."""

import json
import re
from collections.abc import Iterable

from scripts.compose_check.compose import docker

_UNITS = {"B": 1, "kB": 1e3, "KiB": 2**10, "MB": 1e6, "MiB": 2**20, "GB": 1e9, "GiB": 2**30}
_AMOUNT = re.compile(r"([\d.]+)\s*([kKMG]?i?B)")
# The first line of our stages on the base image: what is below is not ours.
_FIRST_OWN = "ARG REVISION"


def amount(text: str) -> float:
    """Return the bytes that an amount of docker's says, as in ``95.3MiB / 5GiB`` (the first)."""
    found = _AMOUNT.match(text)
    if found is None:
        raise ValueError(f"no amount of bytes: {text!r}")
    return float(found[1]) * _UNITS[found[2]]


class Memory:
    """Bytes by container: once idle, and the most seen at work."""

    def __init__(self) -> None:
        self.idle: dict[str, float] = {}
        self.working: dict[str, float] = {}

    def note_idle(self, containers: Iterable[str]) -> None:
        """Measure containers, by their names, that have nothing to do."""
        self.idle = _measured(containers)

    def note_working(self, containers: Iterable[str]) -> None:
        """Measure containers at work; of several measurements the largest stays."""
        for name, taken in _measured(containers).items():
            self.working[name] = max(taken, self.working.get(name, 0.0))

    def table(self) -> str:
        """Return a Markdown table, in MB."""
        lines = ["| container | idle MB | working MB |", "|---|---|---|"]
        for name, idle in sorted(self.idle.items()):
            lines.append(f"| {name} | {idle / 1e6:.0f} | {self.working.get(name, 0.0) / 1e6:.0f} |")
        return "\n".join(lines)


def _measured(containers: Iterable[str]) -> dict[str, float]:
    shown = docker("stats", "--no-stream", "--format", "{{json .}}", *containers)
    lines = [json.loads(line) for line in shown.splitlines()]
    # Of one that has just died it says "--".
    told = [line for line in lines if _AMOUNT.match(line["MemUsage"])]
    return {line["Name"]: amount(line["MemUsage"]) for line in told}


def own_bytes(history: str) -> float:
    """Return the bytes of our own layers in a ``docker history`` as JSON, newest first."""
    total = 0.0
    for line in history.splitlines():
        layer = json.loads(line)
        total += amount(layer["Size"])
        if _FIRST_OWN in layer["CreatedBy"]:
            return total
    raise ValueError("no image of ours: a layer is missing")


def sizes(images: Iterable[str]) -> str:
    """Return a Markdown table of images: in all, and without the base, in MB."""
    lines = ["| image | MB | own layers MB |", "|---|---|---|"]
    for image in sorted(images):
        whole = int(docker("image", "inspect", "--format", "{{.Size}}", image))
        own = own_bytes(docker("history", "--no-trunc", "--format", "{{json .}}", image))
        lines.append(f"| {image} | {whole / 1e6:.0f} | {own / 1e6:.0f} |")
    return "\n".join(lines)
