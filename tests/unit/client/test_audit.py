"""The audit through the package."""

from datetime import UTC, datetime

import httpx

from hfer import AuditFilter, Client, ResultFormat
from tests.fixtures.audit_answers import ENTRY
from tests.fixtures.fake_service import FakeService
from tests.fixtures.webhook_answers import page


class TestAudit:
    def test_lists_what_fits(self, client: Client, service: FakeService) -> None:
        service.upsets.append(page(ENTRY))
        since = datetime(2026, 11, 23, tzinfo=UTC)
        (entry,) = client.audit.list(AuditFilter(tenant="archive", about="job_1", since=since))
        assert (entry.action, entry.code, entry.address) == ("job.erased", "not-found", None)
        assert entry.at == datetime(2026, 11, 23, 7, tzinfo=UTC)
        assert dict(service.requests[0].url.params) == {
            "tenant": "archive",
            "object": "job_1",
            "from": "2026-11-23T00:00:00+00:00",
        }

    def test_exports_as_the_service_writes_it(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.Response(200, content=b"at,action\r\n"))
        assert b"".join(client.audit.export(ResultFormat.CSV)) == b"at,action\r\n"
        assert service.requests[0].url.params["format"] == "csv"
