"""The alerts and the dashboard against a real Prometheus and a running stack.

    python -m tests.fault.alerting

Starts the local stack with a port for metrics at every process, and Prometheus (Debian's, from the
PATH) with our own scrape jobs and rules. It then submits the samples, sends a webhook, has a photo
fetched by URL, and
1. stops the worker with a job queued, sees ``NoWorkers`` fire, starts the worker again and sees it
   clear; waiting times (``for``) are cut to 5 s, the expressions are those of the repository;
2. asks every query of the dashboard and of the rules, and tells which returned data.

It ends with 1 when an alert did not fire or clear, or a query returned nothing.
"""

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import yaml

from infra.local.apps import app_programs
from infra.local.console import Console
from infra.local.paths import REPOSITORY
from infra.local.ports import PortBook
from infra.local.processes import Program
from infra.local.stack import LocalStack, local_stack
from tests.fixtures.fleet import wait_until

# Our scrape jobs, and which process of the local stack each stands for.
JOBS = {"api": "api", "worker-cpu": "worker", "maintenance": "maintenance", "ingest": "ingest"}
ALERT = "NoWorkers"
SCRAPE = "1s"
_SAMPLES = sorted((REPOSITORY / "samples").glob("*.jpg"))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Prometheus:
    """A running Prometheus, asked through its API."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=10)

    def ready(self) -> bool:
        try:
            return self._client.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = self._client.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def targets_up(self) -> set[str]:
        return {one["metric"]["job"] for one in self.query("up == 1")}

    def firing(self) -> set[str]:
        alerts = self._client.get("/api/v1/alerts").json()["data"]["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def rules(self) -> int:
        groups = self._client.get("/api/v1/rules").json()["data"]["groups"]
        assert all(rule["health"] != "err" for group in groups for rule in group["rules"])
        return sum(len(group["rules"]) for group in groups)


@contextmanager
def prometheus(folder: Path, port: int, targets: dict[str, int]) -> Iterator[Prometheus]:
    """Run Prometheus with our jobs and rules, quickened, until the block ends."""
    _write_config(folder, targets)
    command = [
        str(shutil.which("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            running = Prometheus(f"http://127.0.0.1:{port}")
            wait_until(running.ready, timeout_s=120, what="Prometheus")
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _write_config(folder: Path, targets: dict[str, int]) -> None:
    source = REPOSITORY / "infra/prometheus"
    config = yaml.safe_load((source / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": SCRAPE, "evaluation_interval": SCRAPE}
    config["scrape_configs"] = [
        {
            "job_name": job["job_name"],
            "static_configs": [{"targets": [f"127.0.0.1:{targets[job['job_name']]}"]}],
        }
        for job in config["scrape_configs"]
        if job["job_name"] in targets
    ]
    (folder / "rules").mkdir()
    for rules in (source / "rules").glob("*.yml"):
        quick = re.sub(r"(?m)^(\s+for:) \d+\w$", r"\1 5s", rules.read_text())
        (folder / "rules" / rules.name).write_text(quick)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))


@contextmanager
def world_outside() -> Iterator[str]:
    """Serve a photo to ingest and take in webhooks, on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = _SAMPLES[0].read_bytes()
            self._answer(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class User:
    """What a user does, over REST."""

    def __init__(self, stack: LocalStack) -> None:
        headers = {"Authorization": f"Bearer {stack.tenant_key()}"}
        self._client = httpx.Client(
            base_url=stack.url, headers=headers, trust_env=False, timeout=60
        )

    def submit(self) -> str:
        parts = [("files", (photo.name, photo.read_bytes())) for photo in _SAMPLES]
        return str(self._client.post("/v1/jobs", files=parts).raise_for_status().json()["id"])

    def submit_url(self, url: str) -> str:
        body = {"inputs": [{"url": url}]}
        answer = self._client.post("/v1/jobs", json=body)
        return str(answer.raise_for_status().json()["id"])

    def listen(self, url: str) -> None:
        body = {"url": url, "events": ["job.succeeded"]}
        self._client.post("/v1/webhook-endpoints", json=body).raise_for_status()

    def abandon_upload(self) -> None:
        photo = _SAMPLES[0]
        file = {
            "filename": photo.name,
            "sha256": hashlib.sha256(photo.read_bytes()).hexdigest(),
            "size": photo.stat().st_size,
        }
        self._client.post("/v1/uploads", json={"files": [file]}).raise_for_status()

    def look_around(self) -> None:
        for path in ("/v1/jobs", "/v1/limits"):
            self._client.get(path).raise_for_status()

    def erase(self, job: str) -> None:
        self._client.delete(f"/v1/jobs/{job}").raise_for_status()

    def wait(self, job: str) -> str:
        def status() -> str:
            return str(self._client.get(f"/v1/jobs/{job}").json()["status"])

        wait_until(lambda: status() in {"succeeded", "failed"}, timeout_s=180, what="a final job")
        return status()


def programs(stack: LocalStack, ports: dict[str, int]) -> Iterator[Program]:
    """Our processes, each with its port for metrics."""
    for program in app_programs(stack.environment, url=stack.url):
        port = ports.get(program.name)
        more = {} if port is None else {"HFER_TELEMETRY__METRICS_PORT": str(port)}
        yield replace(program, env={**program.env, **more})


def queries() -> dict[str, str]:
    """Every query of the dashboard and of the recording rules, by where it stands."""
    found = {}
    for path in (REPOSITORY / "infra/grafana/dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                found[f"{panel['title']} [{target['refId']}]"] = target["expr"]
    for path in (REPOSITORY / "infra/prometheus/rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    found[rule["record"]] = rule["record"]
    return found


def make_alert_come_and_go(stack: LocalStack, metrics: Prometheus, user: User) -> None:
    """Stop the worker with a job queued; start it again; tell how long the alert took."""
    worker = stack.supervisor.children["worker"]
    worker.send(signal.SIGTERM)
    wait_until(lambda: worker.returncode is not None, timeout_s=60, what="the worker's end")
    job = user.submit()
    stopped = time.monotonic()
    _wait(lambda: ALERT in metrics.firing(), f"{ALERT} to fire")
    say(f"{ALERT} fired {time.monotonic() - stopped:.0f} s after the worker was stopped")
    stack.supervisor.restart("worker")
    started = time.monotonic()
    _wait(lambda: ALERT not in metrics.firing(), f"{ALERT} to clear")
    say(f"{ALERT} cleared {time.monotonic() - started:.0f} s after the worker was started")
    say(f"the queued job: {user.wait(job)}")


def _wait(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, timeout_s=180, what=what, every_s=0.5)


def use_everything(user: User, outside: str) -> None:
    """Have every kind of work done once."""
    first = user.submit()
    say(f"job of {len(_SAMPLES)} photos: {user.wait(first)}")
    say(f"job of a photo by URL: {user.wait(user.submit_url(f'{outside}/photo.jpg'))}")
    user.erase(first)
    user.look_around()


def main() -> int:
    """Run the proof and print what was seen; the exit code."""
    if shutil.which("prometheus") is None:
        say("error: there is no prometheus on the PATH; apt-get install prometheus")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="hfer-alerting-") as scratch,
        PortBook() as book,
        world_outside() as outside,
    ):
        names = ("worker", "maintenance", "ingest")
        ports = {name: book.take() for name in names}
        overrides = {
            "HFER_FETCH__ALLOW_HTTP": "true",
            "HFER_WEBHOOKS__ALLOW_HTTP": "true",
            "HFER_FETCH__PORTS": json.dumps([int(outside.rpartition(":")[2])]),
            "HFER_FETCH__ALLOW_NETWORKS": json.dumps(["127.0.0.0/8", "::1/128"]),
            # Within the two minutes that this takes photos are given up, and an upload.
            "HFER_RETENTION__INPUTS_S": "30",
            "HFER_RETENTION__ORPHANS_S": "60",
            "HFER_RETENTION__GRACE_S": "0",
            "HFER_RETENTION__INTERVAL_S": "2",
        }
        folder = Path(scratch)
        console = Console(verbose=False)
        with local_stack(folder / "stack", console=console, overrides=overrides) as stack:
            stack.start_servers()
            stack.supervisor.start(*programs(stack, ports))
            ports["api"] = int(stack.url.rpartition(":")[2])
            targets = {job: ports[name] for job, name in JOBS.items()}
            (folder / "prometheus").mkdir()
            with prometheus(folder / "prometheus", book.take(), targets) as metrics:
                return prove(stack, metrics, outside)


def prove(stack: LocalStack, metrics: Prometheus, outside: str) -> int:
    """Do the two steps of the proof; the exit code."""
    user = User(stack)
    _wait(lambda: metrics.targets_up() == set(JOBS), "every target to be up")
    say(f"targets up: {', '.join(sorted(JOBS))}; rules loaded: {metrics.rules()}")
    user.listen(f"{outside}/hook")
    user.abandon_upload()
    use_everything(user, outside)
    make_alert_come_and_go(stack, metrics, user)
    user.erase(user.submit())
    use_everything(user, outside)

    def empty() -> dict[str, str]:
        asked = queries()
        return {where: query for where, query in asked.items() if not metrics.query(query)}

    try:
        wait_until(lambda: not empty(), timeout_s=90, what="data for every query", every_s=2)
    except AssertionError:
        for where, query in empty().items():
            say(f"no data: {where}: {query}")
    missing = empty()
    total = len(queries())
    say(f"queries of the dashboard and rules that return data: {total - len(missing)} of {total}")
    say(f"firing at the end: {sorted(metrics.firing()) or 'none'}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
