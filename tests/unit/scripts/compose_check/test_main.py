"""The check as a command, on an engine that refuses or hangs: red, and nothing stays behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SCRIPT = ROOT / "scripts" / "compose_check.sh"
# Stands for Docker: it notes its calls, builds as Compose 2.26 does where pids_limit stands beside
# deploy.resources.limits, or not at all, and has nothing to show.
DOCKER = """\
#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    *" build")
        [ -z "${HANGS:-}" ] || { echo begun >"$HANGS"; exec sleep 600; }
        echo "services.api: can't set distinct values on 'pids_limit' and 'deploy.limits.pids'" >&2
        exit 15 ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def environment(tmp_path: Path, calls: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("docker", DOCKER), ("chromium", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHON": sys.executable,
        "CALLS": str(calls),
        "TMPDIR": str(tmp_path),
    }


def removed(calls: Path) -> list[str]:
    """Return the projects that were taken down."""
    lines = [line.split() for line in calls.read_text().splitlines() if " down " in line]
    return [line[line.index("--project-name") + 1] for line in lines]


def test_what_compose_refuses_is_red_and_removed(environment: dict[str, str], calls: Path) -> None:
    done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert re.search(r"\| build \| \d+ \| FAILED \|", done.stdout)
    assert "can't set distinct values on 'pids_limit'" in done.stdout
    assert "| down | 0 | left out |" in done.stdout
    restored, first = removed(calls)
    assert restored == f"{first}-restored"
    assert first.startswith("hfer-check-")


def test_pids_limit_beside_the_limits_of_deploy_is_red_on_every_engine(
    environment: dict[str, str], calls: Path, tmp_path: Path
) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    (tmp_path / "compose.yml").write_text(
        text.replace("shm_size:", "pids_limit: 512\n    shm_size:")
    )
    environment["COMPOSE_FILE"] = str(tmp_path / "compose.yml")
    done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "| FAILED | postgres: pids_limit beside" in done.stdout
    assert " build" not in calls.read_text()


def test_an_interrupted_check_removes_what_it_made(
    environment: dict[str, str], calls: Path, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    with subprocess.Popen(
        [SCRIPT], env={**environment, "HANGS": str(begun)}, stdout=subprocess.PIPE, text=True
    ) as check:
        assert begun.read_text() == "begun\n"
        check.send_signal(signal.SIGTERM)
        check.communicate(timeout=60)
    assert check.returncode == 128 + signal.SIGTERM
    assert len(removed(calls)) == 2
    assert list(tmp_path.glob("hfer-check-*")) == []


def test_without_an_engine_it_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n")
    done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no docker with the Compose plugin")
