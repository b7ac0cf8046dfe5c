"""Where answers lead, behind a proxy and below a prefix; HEAD in place of GET."""

import re

import httpx
import pytest

from services.common.keys.service import Scope
from tests.fixtures.serving import Api, StartApi, assert_problem, files
from tests.fixtures.settings import SettingsMaker

PUBLIC = "https://example.org/hfer"
FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "example.org",
    "X-Forwarded-Prefix": "/hfer",
}


@pytest.fixture
def public(start_api: StartApi, make_settings: SettingsMaker) -> Api:
    """An API that clients reach at `PUBLIC`."""
    return start_api(make_settings(api={"public_url": PUBLIC}))


@pytest.fixture
def proxied(start_api: StartApi, make_settings: SettingsMaker) -> Api:
    """An API that believes proxies on this machine."""
    return start_api(make_settings(api={"trusted_proxies": ["127.0.0.0/8"]}))


def next_link(client: httpx.Client) -> str:
    for _ in range(2):
        client.post("/v1/jobs", files=files(b"photo")).raise_for_status()
    return client.get("/v1/jobs", params={"limit": 1, "status": "queued"}).headers["Link"]


class TestBelowAPublicUrl:
    def test_new_jobs_lead_to_it(self, public: Api) -> None:
        client = public.client(Scope.JOBS_READ, Scope.JOBS_WRITE)
        response = client.post("/v1/jobs", files=files(b"photo"))
        job = response.json()
        assert response.headers["Location"] == f"{PUBLIC}/v1/jobs/{job['id']}"
        assert job["links"]["self"] == response.headers["Location"]
        assert next_link(client).startswith(f"<{PUBLIC}/v1/jobs?limit=1&status=queued&cursor=")

    def test_redirects_lead_to_it(self, public: Api) -> None:
        response = public.anonymous().get("/v1/limits/", follow_redirects=False)
        assert (response.status_code, response.headers["Location"]) == (307, f"{PUBLIC}/v1/limits")

    @pytest.mark.parametrize(
        ("path", "body", "scope"),
        [
            ("/v1/uploads", {"files": [{"filename": "a", "size": 1, "sha256": "0" * 64}]}, None),
            ("/v1/api-keys", {"name": "ada", "scopes": ["jobs:read"]}, Scope.ADMIN),
        ],
    )
    def test_so_do_other_new_things(
        self, public: Api, path: str, body: dict[str, object], scope: Scope | None
    ) -> None:
        client = public.client(scope or Scope.JOBS_WRITE, Scope.JOBS_READ)
        response = client.post(path, json=body)
        assert response.headers["Location"] == f"{PUBLIC}{path}/{response.json()['id']}"

    def test_the_prefix_may_stay_on_paths(self, public: Api) -> None:
        client = public.client(Scope.JOBS_READ)
        assert client.get("/hfer/v1/jobs").json() == client.get("/v1/jobs").json()
        document = client.get("/hfer/openapi.json").json()
        assert document["servers"] == [{"url": "/hfer"}]


class TestBehindATrustedProxy:
    def test_answers_lead_below_its_prefix(self, proxied: Api) -> None:
        client = proxied.client(Scope.JOBS_READ, Scope.JOBS_WRITE)
        client.headers.update(FORWARDED)
        response = client.post("/v1/jobs", files=files(b"photo"))
        job = response.json()
        assert response.headers["Location"] == f"/hfer/v1/jobs/{job['id']}"
        assert job["links"]["self"] == response.headers["Location"]
        assert next_link(client).startswith("</hfer/v1/jobs?limit=1&")
        redirect = client.get("/v1/limits/", follow_redirects=False)
        assert redirect.headers["Location"] == f"{PUBLIC}/v1/limits"
        problem = client.get("/v1/jobs/x").json()
        assert problem["type"] == "/hfer/problems/not-found"
        assert problem["instance"] == "/hfer/v1/jobs/x"

    def test_a_large_body_below_the_prefix_is_still_let_in(self, proxied: Api) -> None:
        client = proxied.client(Scope.JOBS_WRITE)
        photo = bytes(2_000_000)  # more than a small JSON body may have
        response = client.post("/hfer/v1/jobs", files=files(photo), headers=FORWARDED)
        assert response.status_code == 202, response.text

    def test_strangers_are_not_believed(self, api: Api) -> None:
        client = api.client(Scope.JOBS_READ, Scope.JOBS_WRITE)
        response = client.post("/v1/jobs", files=files(b"photo"), headers=FORWARDED)
        assert response.headers["Location"] == f"/v1/jobs/{response.json()['id']}"


class TestHead:
    def test_is_answered_wherever_get_is(self, api: Api) -> None:
        client = api.client(*Scope)
        job = client.post("/v1/jobs", files=files(b"photo")).json()["id"]
        paths = [
            re.sub(r"\{job_id\}", job, path)
            for path, methods in client.get("/openapi.json").json()["paths"].items()
            if "get" in methods and not path.endswith("/events")
        ]
        assert len(paths) > 20
        for path in (*paths, "/docs", "/openapi.json"):
            head, get = client.head(path), client.get(path)
            assert (head.status_code, head.content) == (get.status_code, b""), path
            assert head.headers.get("content-type") == get.headers.get("content-type"), path

    def test_a_stream_of_events_does_not_hold_it(self, client: httpx.Client) -> None:
        job = client.post("/v1/jobs", files=files(b"photo")).json()["id"]
        for _ in range(3):  # on the same connection
            answer = client.head(f"/v1/jobs/{job}/events", timeout=20)
            assert answer.headers["content-type"].startswith("text/event-stream")

    def test_is_no_way_around_a_key(self, api: Api) -> None:
        assert api.anonymous().head("/v1/jobs").status_code == 401

    def test_other_methods_are_refused_with_both_named(self, client: httpx.Client) -> None:
        refused = client.put("/v1/limits")
        assert_problem(refused, 405, "method-not-allowed")
        assert refused.headers["Allow"] == "GET, HEAD"
