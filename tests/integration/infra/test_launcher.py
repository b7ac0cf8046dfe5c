"""`python -m infra.local servers` as a user meets it: start, Ctrl-C, crashes, a second start."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from psycopg.rows import TupleRow

from infra.local.identity import namespace_identity, nobody_identity
from infra.local.paths import REPOSITORY
from infra.local.stack import storage_settings
from services.common.storage import build_storage
from tests.fixtures.launcher import SERVERS, Launcher, is_alive, wait_gone


@pytest.fixture
def launchers() -> Iterator[list[Launcher]]:
    started: list[Launcher] = []
    yield started
    for launcher in started:
        launcher.end()


GIVEN = {
    "HFER_API__ADMIN_KEY": "hfer_local_given",
    "HFER_DATABASE__URL": "postgresql+psycopg://elsewhere.example/hfer",
}

KEY = """
INSERT INTO api_key (public_id, tenant, name, prefix, secret_hash, scopes)
VALUES (gen_random_uuid(), 'lab', 'ada', 'hfer_local_', '0', '{}')
"""


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """One that no test harms, started with settings of a user."""
    folder = tmp_path_factory.mktemp("idle") / "local"
    launcher = Launcher(folder, environment=GIVEN).wait_up()
    yield launcher
    launcher.end()


def start(launchers: list[Launcher], folder: Path, *, wrapper: Sequence[str] = ()) -> Launcher:
    launcher = Launcher(folder, wrapper=wrapper)
    launchers.append(launcher)
    return launcher.wait_up()


def connected(settings: Mapping[str, str]) -> psycopg.Connection[TupleRow]:
    return psycopg.connect(settings["HFER_DATABASE__URL"].replace("+psycopg", ""), autocommit=True)


def write_everywhere(settings: Mapping[str, str]) -> None:
    with connected(settings) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    with redis.Redis.from_url(settings["HFER_BROKER__URL"]) as client:
        client.set("kept", "7")
    storage = build_storage(storage_settings(settings))
    with Path(__file__).open("rb") as file:
        storage.put("kept", file, size=100, content_type="text/plain")


def read_everywhere(settings: Mapping[str, str]) -> tuple[object, object, int]:
    with connected(settings) as connection:
        row = connection.execute("SELECT n FROM kept").fetchone()
    with redis.Redis.from_url(settings["HFER_BROKER__URL"]) as client:
        value = client.get("kept")
    return row, value, len(build_storage(storage_settings(settings)).get("kept"))


class TestCtrlC:
    def test_ends_well_and_a_new_start_finds_everything(
        self, launchers: list[Launcher], tmp_path: Path
    ) -> None:
        # As a user types it: relative to where the launcher starts, not to any child.
        folder = Path(os.path.relpath(tmp_path / "local", REPOSITORY))
        first = start(launchers, folder)
        write_everywhere(first.settings())
        code, printed = first.end()
        assert (code, "Stopped." in printed) == (0, True), printed
        assert wait_gone(first.children) == []
        with (tmp_path / "local" / "env").open("a") as env:
            env.write("HFER_PHOTOS__FACES=7\nHFER_API__PORT=9\n")
        second = start(launchers, folder)
        assert read_everywhere(second.settings()) == ((7,), b"7", 100)
        assert second.settings()["HFER_PHOTOS__FACES"] == "7"
        assert second.settings()["HFER_API__PORT"] == first.settings()["HFER_API__PORT"] != "9"
        assert "HFER_API__PORT of the file env does not hold" in second.printed


class TestSettings:
    def test_of_the_environment_hold(self, idle: Launcher) -> None:
        assert idle.settings()["HFER_API__ADMIN_KEY"] == GIVEN["HFER_API__ADMIN_KEY"]

    def test_that_cannot_hold_are_said(self, idle: Launcher) -> None:
        assert "127.0.0.1" in idle.settings()["HFER_DATABASE__URL"]
        assert "HFER_DATABASE__URL of the environment does not hold" in idle.printed
        assert "elsewhere" not in idle.printed


class TestBackup:
    def test_is_restored_into_a_new_folder(
        self, idle: Launcher, launchers: list[Launcher], tmp_path: Path
    ) -> None:
        backup, settings = tmp_path / "backup", {**os.environ, **idle.settings()}
        with connected(settings) as connection:
            connection.execute(KEY)
        command = [sys.executable, "-m", "services.backup", "create", str(backup)]
        subprocess.run(command, env=settings, cwd=REPOSITORY, check=True)
        restoring = Launcher(tmp_path / "restored", command=("restore", str(backup)))
        launchers.append(restoring)
        printed = restoring.remaining_lines(timeout=240)
        assert restoring.process.returncode == 0, printed
        restored = start(launchers, tmp_path / "restored")
        with connected(restored.settings()) as connection:
            assert connection.execute("SELECT name FROM api_key").fetchall() == [("ada",)]

    def test_may_be_restored_into_another_database_beside(self, idle: Launcher) -> None:
        with connected(idle.settings()) as connection:
            connection.execute("CREATE DATABASE beside")


class TestSafety:
    def test_only_the_owner_can_read_the_secrets(self, idle: Launcher) -> None:
        assert idle.folder.stat().st_mode & 0o777 == 0o700
        for name in ("env", "state.json", "redis/redis.conf", "s3/identities.json"):
            assert (idle.folder / name).stat().st_mode & 0o777 == 0o600, name

    def test_listens_on_loopback_only(self, idle: Launcher) -> None:
        listening = {
            connection.laddr.ip
            for child in idle.children
            for connection in child.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}

    def test_no_secret_stands_in_the_process_list(self, idle: Launcher) -> None:
        secrets = (idle.folder / "state.json").read_text().split('"')
        long = {part for part in secrets if len(part) >= 40}
        commands = " ".join(" ".join(child.cmdline()) for child in idle.children)
        assert long
        assert not [secret for secret in long if secret in commands]


class TestCrash:
    @pytest.mark.parametrize("name", sorted(SERVERS))
    def test_the_death_of_a_child_stops_all_and_is_named(
        self, launchers: list[Launcher], tmp_path: Path, name: str
    ) -> None:
        launcher = start(launchers, tmp_path / "local")
        launcher.child(name).kill()
        printed = launcher.remaining_lines()
        assert launcher.process.returncode == 1
        shown = {"weed": "s3", "redis-server": "redis"}.get(name, name)
        assert f"error: {shown} ended with return code -9" in printed
        assert wait_gone(launcher.children) == []

    def test_kill_9_of_the_launcher_leaves_no_orphan_and_a_new_start_works(
        self, launchers: list[Launcher], tmp_path: Path
    ) -> None:
        first = start(launchers, tmp_path / "local")
        assert {child.name() for child in first.children} >= SERVERS
        write_everywhere(first.settings())
        first.end(signal.SIGKILL)
        second = start(launchers, tmp_path / "local")
        assert wait_gone(first.children) == []
        assert read_everywhere(second.settings()) == ((7,), b"7", 100)


class TestSecondStart:
    def test_in_the_same_folder_is_refused(self, idle: Launcher) -> None:
        second = Launcher(idle.folder)
        printed = second.remaining_lines()
        assert second.process.returncode == 1
        assert f"already runs in {idle.folder}" in printed
        assert f"launcher pid {idle.process.pid}" in printed
        assert is_alive(idle.child("postgres"))

    def test_in_another_folder_takes_other_ports(
        self, idle: Launcher, launchers: list[Launcher], tmp_path: Path
    ) -> None:
        second = start(launchers, tmp_path / "local")
        key = "HFER_STORAGE__ENDPOINT"
        assert idle.settings()[key] != second.settings()[key]


class TestOtherUser:
    def test_serves_a_user_who_is_not_root(self, launchers: list[Launcher]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            identity = next(way for way in (namespace_identity(), nobody_identity()) if way.works())
            wrapper = identity.wrapper if os.geteuid() == 0 else ()
            identity.hand_over(folder)
            launcher = start(launchers, Path(folder) / "local", wrapper=wrapper)
            write_everywhere(launcher.settings())
            assert launcher.end()[0] == 0
