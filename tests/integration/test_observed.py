"""The processes as an operator sees them: scraped, traced and logged while a job runs."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from infra.local.ports import PortBook
from tests.fixtures.analysers import Kind, expected_analysis, fake_photo
from tests.fixtures.fleet import Fleet, fleet_on, running_servers, wait_until
from tests.fixtures.otlp import Collector, collector
from tests.fixtures.serving import files

ADMIN_KEY = "hfer_dev_" + "k" * 32
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = CALLER.split("-")[1]


@dataclass
class Observed:
    fleet: Fleet
    spans: Collector
    ports: dict[str, int]
    client: httpx.Client

    def scrape(self, process: str) -> dict[str, float]:
        """Every sample of a process, as ``name{label="value"}``."""
        url = f"http://127.0.0.1:{self.ports[process]}/metrics"
        found = {}
        for family in text_string_to_metric_families(httpx.get(url, trust_env=False).text):
            for sample in family.samples:
                labels = ",".join(f'{key}="{sample.labels[key]}"' for key in sorted(sample.labels))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return found

    def run_job(self, photos: list[bytes], **headers: str) -> dict[str, Any]:
        job = self.client.post("/v1/jobs", files=files(*photos), headers=headers).json()
        done: dict[str, Any] = {}

        def final() -> bool:
            done.update(self.client.get(f"/v1/jobs/{job['id']}").json())
            return done["status"] in {"succeeded", "failed"}

        wait_until(final, timeout_s=60, what="a final job")
        return done

    def log_lines(self, process: str) -> list[dict[str, Any]]:
        lines = self.fleet.log(process).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    folder: Path = tmp_path_factory.mktemp("observed")
    with ExitStack() as stack:
        servers, supervisor = stack.enter_context(running_servers(folder / "servers"))
        fleet = stack.enter_context(fleet_on(folder, servers, supervisor))
        spans, book = stack.enter_context(collector()), stack.enter_context(PortBook())
        ports = {name: book.take() for name in ("api", "worker", "maintenance")}
        common = {
            "HFER_ENVIRONMENT": "dev",
            "HFER_TELEMETRY__FORMAT": "json",
            "HFER_TELEMETRY__OTLP_ENDPOINT": spans.url,
            "HFER_API__PORT": str(ports["api"]),
            "HFER_API__ADMIN_KEY": ADMIN_KEY,
        }

        def port(name: str) -> dict[str, str]:
            return {**common, "HFER_TELEMETRY__METRICS_PORT": str(ports[name])}

        fleet.start_maintenance(**port("maintenance"))
        fleet.start_worker(**port("worker"), HFER_WORKER__CONCURRENCY="2")
        fleet.start("api", "services.api", **common)
        fleet.wait_ready(2)
        base = f"http://127.0.0.1:{ports['api']}"
        wait_until(lambda: _answers(f"{base}/readyz"), timeout_s=60, what="a ready API")
        body = {"tenant": "t", "name": "n", "scopes": ["jobs:write", "jobs:read"]}
        with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
            admin = {"Authorization": f"Bearer {ADMIN_KEY}"}
            key = client.post("/v1/api-keys", json=body, headers=admin).json()["secret"]
            client.headers["Authorization"] = f"Bearer {key}"
            yield Observed(fleet, spans, ports, client)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def photos(start: int, count: int) -> list[bytes]:
    return [fake_photo(number) for number in range(start, start + count)]


class TestMetrics:
    def test_a_worker_shows_the_sum_of_its_children(self, observed: Observed) -> None:
        before = observed.scrape("worker")
        sent = [*photos(0, 40), fake_photo(0, Kind.CORRUPT)]
        observed.run_job(sent)
        faces = sum(len(expected_analysis(photo).faces) for photo in sent[:-1])
        samples = observed.scrape("worker")
        for name, more in {
            "hfer_faces_total": faces,
            'hfer_items_total{outcome="decode_failed"}': 1,
            "hfer_faces_per_photo_count": 40,
            "hfer_batch_photos_sum": 41,
            'hfer_claimed_items_total{lane="batch"}': 41,
        }.items():
            assert samples[name] - before.get(name, 0.0) == more, name
        assert samples['hfer_stage_seconds_count{stage="finish"}'] > 0
        assert samples["hfer_worker_children"] == 2
        assert 0 < samples["hfer_worker_rss_bytes"] < samples["hfer_worker_rss_limit_bytes"]
        assert samples["process_resident_memory_bytes"] > 0
        models = [name for name in samples if name.startswith("hfer_model_info")]
        assert [samples[name] for name in models] == [1]

    def test_a_killed_child_keeps_what_it_counted(self, observed: Observed) -> None:
        observed.run_job(photos(50, 20))
        before = observed.scrape("worker")["hfer_faces_total"]
        assert before > 0
        killed = observed.fleet.pool_pids("worker")
        for pid in killed:
            observed.fleet.signal(pid, signal.SIGKILL)
        wait_until(
            lambda: not set(killed) & set(observed.fleet.pool_pids("worker")),
            timeout_s=120,
            what="dead children",
        )
        observed.fleet.wait_ready(2)
        sent = photos(100, 20)
        observed.run_job(sent)
        faces = sum(len(expected_analysis(photo).faces) for photo in sent)
        assert observed.scrape("worker")["hfer_faces_total"] == before + faces

    def test_maintenance_shows_the_queue_and_what_is_late(self, observed: Observed) -> None:
        samples = observed.scrape("maintenance")
        for name in (
            'hfer_queue_depth{lane="batch"}',
            'hfer_queue_oldest_ready_seconds{lane="interactive"}',
            "hfer_live_workers",
            "hfer_leased_items",
            "hfer_fetches_late_seconds",
            'hfer_retention_late_seconds{kind="inputs"}',
        ):
            assert name in samples
        assert "hfer_http_requests_total" not in " ".join(samples)

    def test_the_api_shows_its_own(self, observed: Observed) -> None:
        observed.run_job(photos(150, 1))
        samples = observed.scrape("api")
        assert samples['hfer_jobs_total{event="submitted"}'] > 0
        assert samples['hfer_hints_total{result="sent"}'] > 0
        assert "hfer_live_workers" not in samples


class TestTraces:
    def test_lead_from_the_request_to_the_stages_of_the_worker(self, observed: Observed) -> None:
        job = observed.run_job(photos(200, 20), traceparent=CALLER)
        chunks = [span for span in self.chunks(observed) if span.facts["hfer.job"] == job["id"]]
        (request,) = [
            span for span in observed.spans.named("POST /v1/jobs") if span.trace_id == TRACE
        ]
        assert request.service == "hfer-api"
        assert request.parent_id == CALLER.split("-")[2]
        for chunk in chunks:
            assert (chunk.service, chunk.trace_id) == ("hfer-worker", TRACE)
            assert chunk.parent_id == request.span_id
            below = {span.name for span in observed.spans.spans if span.parent_id == chunk.span_id}
            assert below == {"fetch", "analyse", "finish"}  # this model tells of no more

    def chunks(self, observed: Observed) -> Any:
        def arrived() -> bool:
            traced = {span.name for span in observed.spans.spans if span.trace_id == TRACE}
            return {"chunk", "POST /v1/jobs"} <= traced

        wait_until(arrived, timeout_s=120, what="spans of API and worker")
        return observed.spans.named("chunk")

    def test_leave_out_what_the_caller_does_not_sample(self, observed: Observed) -> None:
        unsampled = CALLER.replace("-0af7", "-1bf7").replace("-01", "-00")
        observed.run_job(photos(300, 2), traceparent=unsampled)
        traced = observed.run_job(photos(310, 2), traceparent=CALLER.replace("-0af7", "-2cf7"))
        wait_until(
            lambda: any(
                span.facts.get("hfer.job") == traced["id"] for span in observed.spans.spans
            ),
            timeout_s=120,
            what="the spans of a later job",
        )
        assert not [span for span in observed.spans.spans if span.trace_id == unsampled[3:35]]

    def test_leave_out_probes(self, observed: Observed) -> None:
        names = " ".join(span.name for span in observed.spans.spans)
        assert not re.search("readyz|healthz|metrics", names)


class TestLogs:
    def test_tell_request_and_job_in_api_and_worker(self, observed: Observed) -> None:
        job = observed.run_job(photos(400, 12), **{"X-Request-Id": "req-of-a-test"})
        wait_until(lambda: bool(self.lines(observed, "worker")), timeout_s=120, what="worker lines")
        for process in ("api", "worker"):
            named = [line for line in self.lines(observed, process) if "job" in line]
            assert named
            assert {line["job"] for line in named} == {job["id"]}
            assert {line["service"] for line in named} == {process}
        assert all(line["task"] for line in self.lines(observed, "worker"))

    def lines(self, observed: Observed, process: str) -> list[dict[str, Any]]:
        said = observed.log_lines(process)
        return [line for line in said if line.get("correlation_id") == "req-of-a-test"]
