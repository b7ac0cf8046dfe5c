"""Builds a target of the Dockerfile without Docker, in a folder: ``python -m infra.docker.replay``.

The lines of the Dockerfile themselves are run, not a copy of them: the virtual environment is
made and filled by its RUN lines, the code comes by its COPY lines, and what the container would
run (CMD, HEALTHCHECK, ENV) is read from it. Not replayed: what needs root or Debian's packages
in the final stages; those RUN lines are kept in `Image.left_out`. Absolute paths of the image
become paths below the folder. Tests replay quickly: uv installs in pip's place, without bytecode,
and the environment that several targets copy is one.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.docker.dockerfile import DockerfileError, Instruction, Stage, lineage, read_stages

REPOSITORY = Path(__file__).resolve().parents[2]
DOCKERFILE = REPOSITORY / "infra" / "docker" / "Dockerfile"
# Stages that stand on this one are built by their RUN lines; the others are what is shipped.
BUILDER = "build"
_PLACES = re.compile(r"(?<![\w./-])/(venv|build|app|runs|tmp)(?=[/\s\"']|$)")
_MOUNT = re.compile(r"--mount=\S+\s*")
_PIP_INSTALL = re.compile(r"python -m pip --python (\S+) install")
# The worker's packages: 1 s of CPU by uv with a warm cache, 4 s with a cold one, 28 s by pip.
# Whoever has configured pip alone still gets them.
_QUICK_INSTALL = """install_into() {
  into=$1; shift
  uv pip install --quiet --python "$into" "$@" || python -m pip --python "$into" install "$@"
}
"""


@dataclass
class Image:
    """What a target came to, below ``root``."""

    root: Path
    workdir: Path
    env: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def venv(self) -> Path:
        """The environment that the target carries."""
        return self.root / "venv"

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.venv / "bin" / "python"

    def argv(self, command: Sequence[str]) -> tuple[str, ...]:
        """Return a command of the image as it has to be run here."""
        return tuple(
            str(self.python) if word == "python" else _placed(word, self.root) for word in command
        )

    def packages(self) -> set[str]:
        """Return the names of the distributions in it, in lower case with dashes."""
        infos = self.venv.glob("lib/python*/site-packages/*.dist-info")
        return {path.name.partition("-")[0].lower().replace("_", "-") for path in infos}

    def size_bytes(self) -> int:
        """Return what its environment takes on the disk."""
        files = (path for path in self.venv.rglob("*") if path.is_file() and not path.is_symlink())
        return sum(path.stat().st_size for path in files)


class Replayer:
    """Replays targets below one folder; a stage that several need is built once.

    Args:
        folder: where every stage gets a root of its own.
        dockerfile: what is replayed, from the repository that it stands in.
        quick: let uv install what the lines install with pip, and link environments.
    """

    def __init__(self, folder: Path, *, dockerfile: Path = DOCKERFILE, quick: bool = False) -> None:
        self._folder = folder
        self._quick = quick
        self._stages = read_stages(dockerfile)
        self._built: dict[str, Image] = {}

    def build(self, target: str) -> Image:
        """Build a target and what it copies from.

        Raises:
            DockerfileError: the Dockerfile asks for something that is not understood.
            subprocess.CalledProcessError: a RUN line failed.
        """
        if target not in self._built:
            root = self._folder / target
            root.mkdir(parents=True)
            (root / "tmp").mkdir()
            image = Image(root, root)
            line = lineage(self._stages, target)
            building = any(stage.name == BUILDER for stage in line)
            for stage in line:
                self._apply(stage, image, building=building)
            if self._quick:
                image.env["PYTHONDONTWRITEBYTECODE"] = ""  # left to the first import by uv
            self._built[target] = image
        return self._built[target]

    def _apply(self, stage: Stage, image: Image, *, building: bool) -> None:
        for each in stage.instructions:
            match each.word:
                case "WORKDIR":
                    image.workdir = image.root / each.rest.lstrip("/")
                    image.workdir.mkdir(parents=True, exist_ok=True)
                case "ENV":
                    for pair in shlex.split(each.rest):
                        name, _, value = pair.partition("=")
                        value = value.replace("${PATH}", os.environ["PATH"])
                        image.env[name] = _placed(value, image.root)
                case "COPY":
                    self._copy(each.rest.split(), image)
                case "RUN" if building:
                    _run(_MOUNT.sub("", each.rest), image, quick=self._quick)
                case "RUN":
                    image.left_out.append(each.rest)
                case "HEALTHCHECK" | "CMD" | "ENTRYPOINT":
                    _note(each, image)

    def _copy(self, words: list[str], image: Image) -> None:
        source_root = REPOSITORY
        if words[0].startswith("--from="):
            source_root = self.build(words.pop(0).removeprefix("--from=")).root
        *sources, last = words
        target = image.root / last[1:] if last.startswith("/") else image.workdir / last
        into = last.endswith("/") or len(sources) > 1
        for source in sources:
            path = source_root / source.lstrip("/")
            goal = target / path.name if into else target
            goal.parent.mkdir(parents=True, exist_ok=True)
            if self._quick and source == "/venv":
                goal.symlink_to(path)  # what one target compiles is there for all
            elif path.is_dir():
                shutil.copytree(path, goal, symlinks=True, copy_function=_link, dirs_exist_ok=True)
            elif path.is_file():
                shutil.copy(path, goal)
            else:
                raise DockerfileError(f"COPY of what is not there: {source}")


def _note(instruction: Instruction, image: Image) -> None:
    start = instruction.rest.find("[")
    words: list[str] = json.loads(instruction.rest[start:]) if start >= 0 else []
    if instruction.word == "HEALTHCHECK":
        image.healthcheck = words
    elif instruction.word == "CMD":
        image.command = words
    else:
        image.entrypoint = words


def _run(script: str, image: Image, *, quick: bool) -> None:
    if quick:
        script = _QUICK_INSTALL + _PIP_INSTALL.sub(r"install_into \1", script)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-ec", _placed(script, image.root)],
        cwd=image.workdir,
        env={**os.environ, **image.env, "PATH": path},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _placed(text: str, root: Path) -> str:
    """Put the image's absolute paths below ``root``."""
    return _PLACES.sub(lambda found: f"{root}{found[0]}", text)


def _link(source: str, goal: str) -> None:
    """Copy without a copy: the environments are up to several GB."""
    Path(goal).hardlink_to(source)


def report(targets: Sequence[str], images: Mapping[str, Image]) -> None:
    """Print what each target's environment holds and takes."""
    for target in targets:
        image = images[target]
        size_mb = image.size_bytes() / 1e6
        print(f"{target:<12} {size_mb:7.0f} MB  {len(image.packages()):3} packages")


def main(targets: Sequence[str]) -> int:
    """Replay targets in a temporary folder and print their sizes."""
    with tempfile.TemporaryDirectory(prefix="hfer-replay-") as folder:
        replayer = Replayer(Path(folder))
        images = {}
        for target in targets:
            started = time.monotonic()
            images[target] = replayer.build(target)
            print(f"{target} replayed in {time.monotonic() - started:.0f} s", flush=True)
        report(targets, images)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["api", "maintenance", "migrate", "worker-cpu", "web"]))
