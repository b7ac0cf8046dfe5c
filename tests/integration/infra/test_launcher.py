"""`python -m infra.local servers` as a user meets it: start, Ctrl-C, crashes, a second start."""

import os
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from infra.local.identity import namespace_identity, nobody_identity
from infra.local.stack import storage_settings
from services.common.storage import build_storage
from tests.fixtures.launcher import SERVERS, Launcher, is_alive, wait_gone


@pytest.fixture
def launchers() -> Iterator[list[Launcher]]:
    started: list[Launcher] = []
    yield started
    for launcher in started:
        launcher.end()


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """One that no test harms."""
    launcher = Launcher(tmp_path_factory.mktemp("idle") / "local").wait_up()
    yield launcher
    launcher.end()


def start(launchers: list[Launcher], folder: Path, *, wrapper: Sequence[str] = ()) -> Launcher:
    launcher = Launcher(folder, wrapper=wrapper)
    launchers.append(launcher)
    return launcher.wait_up()


def write_everywhere(settings: Mapping[str, str]) -> None:
    with psycopg.connect(settings["HFER_DATABASE__URL"].replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    with redis.Redis.from_url(settings["HFER_BROKER__URL"]) as client:
        client.set("kept", "7")
    storage = build_storage(storage_settings(settings))
    with Path(__file__).open("rb") as file:
        storage.put("kept", file, size=100, content_type="text/plain")


def read_everywhere(settings: Mapping[str, str]) -> tuple[object, object, int]:
    with psycopg.connect(settings["HFER_DATABASE__URL"].replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT n FROM kept").fetchone()
    with redis.Redis.from_url(settings["HFER_BROKER__URL"]) as client:
        value = client.get("kept")
    return row, value, len(build_storage(storage_settings(settings)).get("kept"))


class TestCtrlC:
    def test_ends_well_and_a_new_start_finds_everything(
        self, launchers: list[Launcher], tmp_path: Path
    ) -> None:
        first = start(launchers, tmp_path / "local")
        write_everywhere(first.settings())
        code, printed = first.end()
        assert (code, "Stopped." in printed) == (0, True), printed
        assert wait_gone(first.children) == []
        second = start(launchers, tmp_path / "local")
        assert read_everywhere(second.settings()) == ((7,), b"7", 100)


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
