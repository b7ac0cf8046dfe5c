"""``hfer tenants`` against the service in memory."""

import json
from typing import Any

from tests.fixtures.fake_service import FakeService, problem
from tests.fixtures.webhook_answers import ok, page
from tests.unit.client.cli.conftest import Run


def tenant_json(name: str = "acme", **limits: int) -> dict[str, Any]:
    own = dict.fromkeys(("open_photos", "open_streams"), None) | limits
    return {"tenant": name, "weight": 2, "limits": own, "updated_at": "2026-11-30T07:00:00Z"}


class TestTenants:
    def test_are_listed_with_what_is_set(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page(tenant_json(open_photos=5_000, open_streams=0)))
        outcome = run("tenants", "list")
        assert outcome.code == 0
        for shown in ("acme", "open photos 5,000", "open streams no limit"):
            assert shown in outcome.stdout

    def test_one_is_shown(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok(tenant_json(open_photos=5_000)))
        outcome = run("tenants", "show", "acme")
        assert "5,000" in outcome.stdout
        assert "the deployment's" in outcome.stdout
        assert service.requests[0].url.path == "/v1/tenants/acme"

    def test_set_changes_what_is_given(self, run: Run, service: FakeService) -> None:
        service.upsets.extend([ok(tenant_json(open_photos=5_000)), ok(tenant_json())])
        outcome = run("tenants", "set", "acme", "--open-streams", 3, "--json")
        assert outcome.code == 0
        (sent,) = service.sent("PUT", "/v1/tenants/acme")
        body = json.loads(sent.content)
        assert body["weight"] == 2
        assert {name: value for name, value in body["limits"].items() if value is not None} == {
            "open_photos": 5_000,
            "open_streams": 3,
        }

    def test_set_makes_a_tenant_known(self, run: Run, service: FakeService) -> None:
        service.upsets.extend([problem(404, "not-found"), ok(tenant_json("new one"))])
        assert run("tenants", "set", "new one", "--weight", 4).code == 0
        (sent,) = service.sent("PUT")
        assert sent.url.raw_path == b"/v1/tenants/new%20one"
        assert json.loads(sent.content)["weight"] == 4

    def test_reset_takes_it_back(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok({}, 204))
        outcome = run("tenants", "reset", "acme", "--json")
        assert json.loads(outcome.stdout) == {"tenant": "acme", "reset": True}
        assert service.sent("DELETE", "/v1/tenants/acme")

    def test_a_strange_answer_is_named(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok({"a": 1}))
        outcome = run("tenants", "show", "acme")
        assert outcome.code != 0
        assert "not a tenant" in outcome.stderr
