"""The supervisor with small children of its own."""

import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.console import Console
from infra.local.errors import ChildDiedError, NotReadyError
from infra.local.processes import Program, Supervisor

FOREVER = "import time; time.sleep(600)"
# Says so once the handler stands, so that a signal never meets the default one.
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(600)"
)


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(tmp_path: Path, screen: io.StringIO) -> Iterator[Supervisor]:
    supervisor = Supervisor(logs=tmp_path, console=Console(screen))
    yield supervisor
    supervisor.stop()


def python(name: str, code: str, **more: object) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code), **more)  # type: ignore[arg-type]  # plain keywords


class TestStart:
    def test_waits_until_ready(self, supervisor: Supervisor, tmp_path: Path) -> None:
        flag = tmp_path / "flag"
        code = f"import pathlib; pathlib.Path({str(flag)!r}).touch(); {FOREVER}"
        supervisor.start(python("slow", code, ready=flag.exists))
        assert flag.exists()

    def test_tells_why_a_child_died_instead(self, supervisor: Supervisor) -> None:
        program = python("broken", "import sys; sys.exit('no such bundle')", ready=lambda: False)
        with pytest.raises(ChildDiedError, match=r"broken ended with return code 1(.|\n)*bundle"):
            supervisor.start(program)

    def test_notices_the_death_of_one_while_it_waits_for_another(
        self, supervisor: Supervisor
    ) -> None:
        waiting = python("waiting", FOREVER, ready=lambda: False)
        with pytest.raises(ChildDiedError, match="broken"):
            supervisor.start(waiting, python("broken", "raise SystemExit(3)"))

    def test_gives_up_on_a_child_that_never_serves(self, supervisor: Supervisor) -> None:
        program = python("idle", FOREVER, ready=lambda: False, ready_s=0.2)
        with pytest.raises(NotReadyError, match="idle"):
            supervisor.start(program)

    def test_prepares_before_each_start(self, supervisor: Supervisor) -> None:
        calls: list[str] = []
        supervisor.start(python("one", FOREVER, prepare=lambda: calls.append("prepare")))
        supervisor.restart("one")
        assert calls == ["prepare", "prepare"]


class TestLines:
    def test_go_to_the_screen_and_to_a_file(
        self, supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
    ) -> None:
        supervisor.start(python("talker", "print('hello')"))
        supervisor.children["talker"].death()
        assert screen.getvalue() == "talker      | hello\n"
        assert (tmp_path / "talker.log").read_text() == "hello\n"

    def test_of_a_quiet_child_go_to_the_file_only(
        self, supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
    ) -> None:
        supervisor.start(python("talker", "print('hello')", loud=False))
        supervisor.children["talker"].death()
        assert screen.getvalue() == ""
        assert (tmp_path / "talker.log").read_text() == "hello\n"


class TestStop:
    def test_goes_from_the_youngest_to_the_oldest(
        self, supervisor: Supervisor, screen: io.StringIO
    ) -> None:
        code = (
            "import signal, sys;"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye', flush=True)));"
            "print('up', flush=True); signal.pause()"
        )
        for name in ("first", "second", "third"):
            supervisor.start(
                python(name, code, ready=lambda name=name: f"{name:<11} | up" in screen.getvalue())
            )
        supervisor.stop()
        goodbyes = [line.split()[0] for line in screen.getvalue().splitlines() if "bye" in line]
        assert goodbyes == ["third", "second", "first"]

    def test_kills_what_ignores_the_signal(
        self, supervisor: Supervisor, screen: io.StringIO
    ) -> None:
        supervisor.start(python("deaf", STUBBORN, ready=lambda: "| deaf" in screen.getvalue()))
        child = supervisor.children["deaf"]
        child.stop(timeout=0.2)
        assert child.returncode == -signal.SIGKILL
        assert "deaf ignored the stop signal" in screen.getvalue()

    def test_takes_grandchildren_along(self, supervisor: Supervisor, screen: io.StringIO) -> None:
        code = (
            "import subprocess, sys;"
            f"child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]);"
            "child.wait()"
        )
        supervisor.start(python("parent", code, ready=lambda: "| deaf" in screen.getvalue()))
        (grandchild,) = psutil.Process(supervisor.children["parent"].pid).children()
        supervisor.stop()
        psutil.wait_procs([grandchild], timeout=10)
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


class TestDead:
    def test_names_who_ended(self, supervisor: Supervisor) -> None:
        supervisor.start(python("steady", FOREVER), python("victim", FOREVER))
        assert supervisor.dead() is None
        supervisor.children["victim"].kill()
        dead = supervisor.dead()
        assert dead is not None
        assert dead.death().name == "victim"
