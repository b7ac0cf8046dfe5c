"""``hfer receipts`` against the service in memory, and from files alone."""

import json
from pathlib import Path

from tests.fixtures.fake_service import FakeService
from tests.fixtures.receipts import FACTS, KID, jwk_set, receipt_json
from tests.fixtures.webhook_answers import ok, page
from tests.unit.client.cli.conftest import Run


def test_what_get_and_keys_print_is_what_verify_takes(
    run: Run, service: FakeService, tmp_path: Path
) -> None:
    receipt, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    service.upsets.extend([ok(receipt_json()), ok(jwk_set())])
    receipt.write_text(run("receipts", "get", "job_1").stdout)
    keys.write_text(run("receipts", "keys").stdout)
    assert [request.url.path for request in service.requests] == [
        "/v1/erasures/job_1",
        "/v1/erasures/keys",
    ]
    outcome = run("receipts", "verify", receipt, "--keys", keys)
    assert outcome.code == 0
    assert json.loads(outcome.stdout) == FACTS
    assert KID in outcome.stderr
    receipt.write_text(json.dumps(receipt_json() | {"photos": 1}))
    outcome = run("receipts", "verify", receipt, "--keys", keys)
    assert outcome.code == 7
    assert "photos" in outcome.stderr


def test_lists(run: Run, service: FakeService) -> None:
    service.upsets.append(page(receipt_json() | {"reason": "as asked"}))
    outcome = run("receipts", "list", "--tenant", "*")
    assert "as asked" in outcome.stdout
    assert service.requests[0].url.params["tenant"] == "*"


def test_a_reason_goes_with_the_erasure(run: Run, service: FakeService) -> None:
    service.upsets.append(ok({}, 204))
    assert run("delete", "job_1", "--reason", "as asked").code == 0
    assert service.requests[0].url.params["reason"] == "as asked"
