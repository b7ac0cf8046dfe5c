"""API keys through the package."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from hfer import ApiKey, Client, KeyPurpose, ServiceUnreachableError
from hfer.errors import UnexpectedAnswerError
from tests.fixtures.fake_service import FakeService
from tests.fixtures.webhook_answers import ok, page

KEY = "key_1"


def key_json(**more: Any) -> dict[str, Any]:
    return {
        "id": KEY,
        "name": "batch",
        "tenant": "acme",
        "prefix": "hfer_dev_abc",
        "former_prefix": None,
        "former_until": None,
        "scopes": ["jobs:submit", "jobs:read"],
        "created_at": "2026-11-26T07:00:00Z",
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
        "brand_new": 1,
    } | more


class TestApiKeys:
    def test_creates_with_what_was_named_and_gives_the_secret(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.append(ok(key_json(secret="hfer_dev_s"), 201))
        until = datetime(2027, 1, 1, tzinfo=UTC)
        made = client.api_keys.create("batch", scopes=["jobs:submit"], expires_at=until)
        assert (made.id, made.secret) == (KEY, "hfer_dev_s")
        sent = json.loads(service.sent("POST", "/v1/api-keys")[0].content)
        assert datetime.fromisoformat(sent.pop("expires_at")) == until
        assert sent == {"name": "batch", "scopes": ["jobs:submit"]}

    def test_lists_rolls_and_revokes(self, client: Client, service: FakeService) -> None:
        former = {"former_prefix": "hfer_dev_old", "former_until": "2026-11-27T07:00:00Z"}
        service.upsets.extend(
            [page(key_json(), key_json()), ok(key_json(**former)), httpx.Response(204)]
        )
        assert [key.scopes for key in client.api_keys.list()] == [("jobs:submit", "jobs:read")] * 2
        rolled = client.api_keys.roll(KEY, overlap_s=0)
        assert rolled.former_until == datetime(2026, 11, 27, 7, tzinfo=UTC)
        client.api_keys.revoke(KEY)
        assert [request.method for request in service.requests] == ["GET", "POST", "DELETE"]
        assert json.loads(service.requests[1].content) == {"overlap_s": 0}
        assert service.requests[1].url.path == f"/v1/api-keys/{KEY}/roll"

    def test_changes_what_was_named_and_nothing_else(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.extend([ok(key_json(output="blurred")), ok(key_json())])
        purpose = KeyPurpose("other", note="to try")
        assert client.api_keys.change(KEY, output="blurred", purpose=purpose).output == "blurred"
        client.api_keys.change(KEY, never_expires=True)
        sent = [json.loads(request.content) for request in service.requests]
        declared = {"name": "other", "exception": None, "note": "to try"}
        assert sent == [{"output": "blurred", "purpose": declared}, {"expires_at": None}]
        assert {(one.method, one.url.path) for one in service.requests} == {
            ("PATCH", f"/v1/api-keys/{KEY}")
        }

    def test_draws_no_secret_twice(self, client: Client, service: FakeService) -> None:
        service.upsets.append(httpx.ReadError("reset"))
        with pytest.raises(ServiceUnreachableError):
            client.api_keys.roll(KEY)
        assert len(service.requests) == 1

    def test_another_answer_is_no_key(self, client: Client, service: FakeService) -> None:
        service.upsets.append(ok({}))
        with pytest.raises(UnexpectedAnswerError):
            client.api_keys.roll(KEY)

    def test_an_older_service_leaves_defaults(self, client: Client, service: FakeService) -> None:
        service.upsets.append(page({"id": KEY, "scopes": ["admin"]}))
        assert list(client.api_keys.list()) == [ApiKey(id=KEY, scopes=("admin",))]
