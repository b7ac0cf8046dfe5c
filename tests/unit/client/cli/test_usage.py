"""``hfer usage`` against the service in memory."""

import json
from typing import Any

from tests.fixtures.fake_service import FakeService
from tests.fixtures.webhook_answers import page
from tests.unit.client.cli.conftest import Run


def usage_json(**more: Any) -> dict[str, Any]:
    return {
        "day": "2026-11-30",
        "tenant": "acme",
        "photos": 1_200,
        "bytes": 3_100_000_000,
        "faces": 2_104,
        "core_seconds": 61.5,
    } | more


class TestUsage:
    def test_is_a_table_of_days(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page(usage_json()))
        outcome = run("usage", "--from", "2026-11-01", "--to", "2026-11-30", "--tenant", "acme")
        assert outcome.code == 0
        for shown in ("2026-11-30", "acme", "1,200", "3,100,000,000", "2,104", "61.5"):
            assert shown in outcome.stdout
        asked = dict(service.requests[0].url.params)
        assert asked == {"from": "2026-11-01", "to": "2026-11-30", "tenant": "acme"}

    def test_as_json(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page(usage_json()))
        outcome = run("usage", "--json")
        assert json.loads(outcome.stdout) == [usage_json()]
        assert not service.requests[0].url.params
