"""Reads the part of the Dockerfile language that our Dockerfile uses; anything else is an error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DOCKERFILE = Path(__file__).with_name("Dockerfile")
# In the order in which a stage has them.
_BUILDING = ("FROM", "ARG", "LABEL", "WORKDIR", "ENV", "COPY", "RUN")
_RUNNING = ("USER", "STOPSIGNAL", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD")
_KNOWN = frozenset((*_BUILDING, *_RUNNING))
_FROM = re.compile(r"(\S+) AS (\S+)")


class DockerfileError(Exception):
    """The Dockerfile says something that is not understood here."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its upper-case word and everything after it, on one line."""

    word: str
    rest: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A build stage: its name, what it stands on (a stage or an image) and what it does."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]


def read_stages(path: Path) -> Mapping[str, Stage]:
    """Return the stages of a Dockerfile by name.

    Raises:
        DockerfileError: an unknown instruction, or a stage without a name.
    """
    stages: dict[str, Stage] = {}
    heads: list[tuple[str, str, list[Instruction]]] = []
    for each in _instructions(path.read_text()):
        if each.word == "FROM":
            found = _FROM.fullmatch(each.rest)
            if found is None:
                raise DockerfileError(f"{path}: a stage without a name: FROM {each.rest}")
            heads.append((found[2], found[1], []))
        elif heads:
            heads[-1][2].append(each)
    for name, base, body in heads:
        stages[name] = Stage(name, base, tuple(body))
    return stages


def lineage(stages: Mapping[str, Stage], name: str) -> list[Stage]:
    """Return a stage and all that it stands on, the lowest first.

    Raises:
        DockerfileError: there is no such stage.
    """
    if name not in stages:
        raise DockerfileError(f"no stage {name}; there are {', '.join(stages)}")
    line = [stages[name]]
    while line[0].base in stages:
        line.insert(0, stages[line[0].base])
    return line


def _instructions(text: str) -> list[Instruction]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        if word not in _KNOWN:
            raise DockerfileError(f"not understood: {line}")
        found.append(Instruction(word, rest.strip()))
    return found
