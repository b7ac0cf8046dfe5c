"""``hfer audit`` against the service in memory."""

import json

import httpx

from tests.fixtures.audit_answers import ENTRY
from tests.fixtures.fake_service import FakeService
from tests.fixtures.webhook_answers import page
from tests.unit.client.cli.conftest import Run


class TestCommand:
    def test_prints_a_table(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page(ENTRY))
        outcome = run("audit", "--from", "2026-11-23", "--action", "job.erased")
        assert outcome.code == 0
        assert "[red]batch (key_1)" in outcome.stdout
        assert "not-found" in outcome.stdout
        assert service.requests[0].url.params["from"] == "2026-11-23T00:00:00+00:00"

    def test_prints_json_and_lines(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page(ENTRY))
        assert json.loads(run("audit", "--format", "json").stdout)[0]["object"] == "job_1"
        service.upsets.append(httpx.Response(200, content=b'{"at":1}\n'))
        assert run("audit", "--format", "jsonl").stdout == '{"at":1}\n'

    def test_jobs_of_other_tenants(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page())
        assert run("jobs", "--tenant", "*").code == 0
        assert service.requests[0].url.params["tenant"] == "*"
