"""One row: its servers, our processes on them, one job, and what the logs say."""

import io
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import make_url

from benchmarks.backends.rows import Row
from benchmarks.backends.sources import Sources
from benchmarks.backends.versions import versions
from benchmarks.intake import api_client, wait_for
from benchmarks.scaling import INSTANT
from infra.local.apps import app_programs
from infra.local.console import Console
from infra.local.http import answers
from infra.local.ports import LOOPBACK, PortBook
from infra.local.processes import Program
from infra.local.servers import Executables
from infra.local.stack import LocalStack, local_stack
from tests.fixtures import pgbouncer, rabbitmq

READY_S = JOB_S = 900.0
_FINAL = ("succeeded", "failed", "cancelled", "expired")
_BAD = ("error", "critical")


@dataclass(slots=True)
class Result:
    """Of a row: photos answered, seconds from the request to the end, what went wrong."""

    name: str
    versions: str = ""
    photos: int = 0
    answered: int = 0
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    said: str = ""

    @property
    def holds(self) -> bool:
        """Whether every photo has an answer and no process logged an error."""
        return self.answered == self.photos and not self.errors


def run(
    row: Row, sources: Sources, folder: Path, *, photos: Sequence[Path], instant: bool
) -> Result:
    """Run the job of ``photos`` on the servers of ``row``; with ``instant`` the model is none."""
    result = Result(row.name, photos=0 if row.refused else len(photos))
    try:
        with _servers(row, sources, folder, instant=instant) as stack:
            result.versions = versions(row, stack, sources)
            if row.refused:
                result.said = _refusal(stack, row.refused)
            else:
                _start(stack, "maintenance", "worker", "api")
                with api_client(stack) as client:
                    result.answered, result.seconds = _job(client, photos)
            result.errors = [] if row.refused else errors_in(folder / "logs")
    except Exception as error:  # noqa: BLE001 - a row that breaks is one that falls short
        result.errors.append(f"{type(error).__name__}: {error}")
        result.answered = min(result.answered, result.photos - 1)
    return result


@contextmanager
def _servers(row: Row, sources: Sources, folder: Path, *, instant: bool) -> Iterator[LocalStack]:
    overrides = {
        "HFER_TELEMETRY__FORMAT": "json",
        "HFER_WORKER__CONCURRENCY": "1",
        "HFER_WORKER__NICENESS": "0",
        **({"HFER_WORKER__ANALYSER": INSTANT} if instant else {}),
    }
    executables = Executables(
        postgres=sources.postgres(row.postgres) if row.postgres else None,
        redis=sources.debian(row.redis) / "usr" / "bin" / row.redis if row.redis else None,
    )
    console = Console(io.StringIO(), verbose=False)
    with (
        PortBook() as book,
        local_stack(folder, console=console, overrides=overrides, executables=executables) as stack,
    ):
        if row.moto:
            _start_moto(stack, sources, book)
        stack.start_servers()
        if row.pgbouncer:
            _start_pgbouncer(row, stack, sources, book, folder)
        if row.rabbitmq:
            program = sources.rabbitmq(row.rabbitmq)
            broker = rabbitmq.RabbitMQ(
                folder / "rabbitmq", supervisor=stack.supervisor, book=book, program=program
            )
            broker.start()
            stack.environment["HFER_BROKER__URL"] = broker.url
        if row.redis == "valkey-server":
            url = stack.environment["HFER_BROKER__URL"]
            stack.environment["HFER_BROKER__URL"] = url.replace("redis://", "valkey://")
        yield stack


def _start_pgbouncer(
    row: Row, stack: LocalStack, sources: Sources, book: PortBook, folder: Path
) -> None:
    direct = make_url(stack.environment["HFER_DATABASE__URL"])
    pooled = direct.set(port=book.take())
    program = sources.pgbouncer(row.pgbouncer or 0)
    stack.supervisor.start(
        pgbouncer.bouncer(
            folder / "pgbouncer",
            users=[direct],
            at=pooled,
            pool_mode=row.pool_mode,
            program=program,
            servers=20,
        )
    )
    stack.environment["HFER_DATABASE__URL"] = pooled.render_as_string(hide_password=False)


def _start_moto(stack: LocalStack, sources: Sources, book: PortBook) -> None:
    port = str(book.take())
    url = f"http://{LOOPBACK}:{port}"
    stack.supervisor.start(
        Program(
            name="moto",
            argv=(str(sources.tool("moto_server")), "-H", LOOPBACK, "-p", port),
            ready=lambda: answers(f"{url}/moto-api/"),
            ready_s=READY_S,
        )
    )
    stack.environment["HFER_STORAGE__ENDPOINT"] = f"{LOOPBACK}:{port}"


def _start(stack: LocalStack, *names: str) -> None:
    programs = app_programs(stack.environment, url=stack.url)
    wanted = [replace(each, ready_s=READY_S) for each in programs if each.name in names]
    stack.supervisor.start(*wanted)


def _refusal(stack: LocalStack, wanted: str) -> str:
    """Start the API alone; what it says of its database, which has to hold ``wanted``."""
    (api,) = (one for one in app_programs(stack.environment, url=stack.url) if one.name == "api")
    alive = replace(api, ready=lambda: answers(f"{stack.url}/healthz"), ready_s=READY_S)
    stack.supervisor.start(alive)
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=60) as client:
        answer = client.get("/readyz")
    said = str(answer.json()["checks"]["database"]["detail"])
    if answer.is_success or wanted not in said:
        raise RuntimeError(f"/readyz: {answer.status_code} {said}")
    return said


def _job(client: httpx.Client, photos: Sequence[Path]) -> tuple[int, float]:
    files = [("files", (path.name, path.read_bytes(), "image/jpeg")) for path in photos]
    begun = time.monotonic()
    answer = client.post("/v1/jobs", files=files)
    answer.raise_for_status()
    path = f"/v1/jobs/{answer.json()['id']}"

    def job() -> dict[str, Any]:
        return dict(client.get(path).raise_for_status().json())

    wait_for(lambda: job()["status"] in _FINAL, timeout_s=JOB_S)
    seconds = time.monotonic() - begun
    counts = job()["counts"]
    return counts["succeeded"] + counts["no_face"], seconds


def errors_in(logs: Path) -> list[str]:
    """Return the lines of our processes that report an error."""
    found = []
    for name in ("api", "maintenance", "worker"):
        for line in (logs / f"{name}.log").read_text().splitlines():
            try:
                level = json.loads(line).get("level")
            except ValueError:
                level = "error" if line.startswith("Traceback") else None
            if level in _BAD:
                found.append(f"{name}: {line}")
    return found
