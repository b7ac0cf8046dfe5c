"""Jobs over a real RabbitMQ: as it works, under its alarm, and while it stands still.

The broker that is blocked or stopped is told apart from one that is gone, which refuses at once:
it accepts connections and answers nothing.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from infra.local.ports import LOOPBACK, PortBook
from infra.local.processes import Supervisor
from infra.local.servers import Servers
from services.common.db.session import unit_of_work
from services.common.db.tables import Worker
from services.common.domain.queues import Queue
from tests.fixtures.analysers import fake_photo
from tests.fixtures.fleet import Fleet, fleet_on, wait_until
from tests.fixtures.rabbitmq import RabbitMQ
from tests.fixtures.serving import files

# Its log is its own: others of the session write to that of "worker".
WORKER = "worker-on-rabbitmq"
ADMIN_KEY = "hfer_dev_" + "k" * 32
# A request waits at most 1 s for the broker; the rest is for a machine that others keep busy.
# Without the bound it was 43 to 72 s.
HELD_S = 15.0
REQUESTS = 6
FINAL_S = 120.0


@dataclass
class Service:
    """API, maintenance and a worker on RabbitMQ."""

    fleet: Fleet
    broker: RabbitMQ
    client: httpx.Client

    def submit(self, *numbers: int) -> str:
        """Submit photos; the id of the job."""
        answer = self.timed("POST", "/v1/jobs", files=files(*map(fake_photo, numbers)))
        assert answer.status_code == 202
        return str(answer.json()["id"])

    def timed(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the API, which must not be held up."""
        begun = time.monotonic()
        answer = self.client.request(method, path, **options)
        assert time.monotonic() - begun < HELD_S, f"{method} {path} was held"
        return answer

    def wait_final(self, jobs: Sequence[str], *, status: str = "succeeded") -> None:
        def final() -> bool:
            return {self.status(job) for job in jobs} == {status}

        wait_until(final, timeout_s=FINAL_S, what=f"{len(jobs)} jobs {status}", every_s=0.2)

    def status(self, job: str) -> str:
        return str(self.client.get(f"/v1/jobs/{job}").json()["status"])

    def hints(self, result: str) -> float:
        """How many messages of the API came to this."""
        name = f'hfer_hints_total{{result="{result}"}} '
        lines = self.client.get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    def beaten_at(self) -> datetime:
        with unit_of_work(self.fleet.sessions) as session:
            return session.execute(select(func.max(Worker.beat_at))).scalar_one()


@pytest.fixture(scope="module")
def service(
    fault_servers: tuple[Servers, Supervisor], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    servers, supervisor = fault_servers
    folder = tmp_path_factory.mktemp("rabbitmq")
    with ExitStack() as stack:
        book = stack.enter_context(PortBook())
        fleet = stack.enter_context(fleet_on(folder, servers, supervisor))
        broker = RabbitMQ(folder / "broker", supervisor=supervisor, book=book)
        broker.start()
        port = book.take()
        env = {
            "HFER_BROKER__URL": broker.url,
            "HFER_ENVIRONMENT": "dev",
            "HFER_API__PORT": str(port),
            "HFER_API__ADMIN_KEY": ADMIN_KEY,
        }
        fleet.start_worker(WORKER, **env)
        fleet.start_api(**env)
        fleet.start_maintenance(**env)
        fleet.wait_ready(1)
        base = f"http://{LOOPBACK}:{port}"
        client = stack.enter_context(httpx.Client(base_url=base, trust_env=False, timeout=120))
        wait_until(lambda: ready(client), timeout_s=180, what="a ready API", every_s=0.2)
        admin = {"Authorization": f"Bearer {ADMIN_KEY}"}
        body = {"tenant": "t", "name": "n", "scopes": ["jobs:write", "jobs:read"]}
        key = client.post("/v1/api-keys", json=body, headers=admin).json()["secret"]
        client.headers["Authorization"] = f"Bearer {key}"
        yield Service(fleet, broker, client)


def ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def test_a_worker_declares_its_queues_and_nothing_else(service: Service) -> None:
    ours = {Queue.CPU_INTERACTIVE.value, Queue.CPU_BATCH.value}
    assert set(service.broker.ctl("list_queues", "name", "type")) == {
        f"{name}\tquorum" for name in ours
    }
    exchanges = set(service.broker.ctl("list_exchanges", "name"))
    assert {name for name in exchanges if not name.startswith("amq.") and name} == ours
    assert "[warning" not in service.fleet.log(WORKER)


def test_jobs_run(service: Service) -> None:
    jobs = [service.submit(1), service.submit(*range(40))]
    service.wait_final(jobs)
    assert service.hints("sent") >= 1


def test_an_alarm_holds_no_request_and_loses_no_job(service: Service) -> None:
    with service.broker.alarm():
        jobs = [service.submit(number) for number in range(REQUESTS)]
        assert service.timed("POST", f"/v1/jobs/{jobs[-1]}/cancel").is_success
        assert service.hints("blocked") >= REQUESTS - 1
        assert service.fleet.log("api").count("broker.blocked") == 1
    service.wait_final(jobs[:-1])
    service.wait_final(jobs[-1:], status="cancelled")
    assert service.submit(1)
    assert "broker.unblocked" in service.fleet.log("api")


def test_a_broker_that_stands_still_stops_neither_requests_nor_heartbeats(
    service: Service,
) -> None:
    with service.broker.stopped():
        before = service.beaten_at()
        jobs = [service.submit(number) for number in range(REQUESTS)]
        assert service.timed("POST", f"/v1/jobs/{jobs[-1]}/cancel").is_success
        assert service.timed("GET", "/readyz").status_code == 503
        assert service.hints("timeout") >= 1
        wait_until(lambda: service.beaten_at() > before, timeout_s=60, what="a heartbeat")
    service.wait_final(jobs[:-1])
    service.wait_final(jobs[-1:], status="cancelled")
