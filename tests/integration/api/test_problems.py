"""The catalogue and the reference over HTTP; methods, times and numbers as they may be sent."""

import httpx
import pytest

from services.api.problems import ProblemCode
from tests.fixtures.serving import Api, StartApi, assert_problem
from tests.fixtures.settings import SettingsMaker

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class TestCatalogue:
    def test_every_type_leads_to_its_entry(self, client: httpx.Client) -> None:
        problem = assert_problem(client.get("/v1/jobs/x"), 404, "not-found")
        entry = client.get(problem["type"]).json()
        assert (entry["status"], entry["title"]) == (404, problem["title"])
        assert entry["remedy"]
        assert entry["example"].keys() <= {*problem, "errors", "limit"}

    def test_is_a_page_for_browsers(self, client: httpx.Client) -> None:
        for path in ("/problems", "/problems/gone", "/docs"):
            response = client.get(path, headers={"Accept": BROWSER})
            assert response.status_code == 200
            assert response.headers["content-type"] == "text/html; charset=utf-8"
            assert "default-src 'none'" in response.headers["content-security-policy"]
            assert response.headers["x-content-type-options"] == "nosniff"

    def test_lists_all_and_needs_no_key(self, api: Api) -> None:
        client = api.anonymous()
        listed = client.get("/problems").json()["data"]
        assert {entry["code"] for entry in listed} == set(ProblemCode)
        assert client.get("/problems").headers["vary"] == "Accept"

    def test_refuses_what_it_does_not_have(self, client: httpx.Client) -> None:
        assert_problem(client.get("/problems/nonsense"), 404, "not-found")
        refused = client.get("/problems/gone", headers={"Accept": "image/png"})
        assert_problem(refused, 406, "not-acceptable")

    def test_types_are_absolute_below_a_public_url(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        settings = make_settings(api={"public_url": "https://hfer.example.org/"})
        client = start_api(settings).anonymous()
        assert (
            client.get("/nowhere").json()["type"] == "https://hfer.example.org/problems/not-found"
        )
        entry = client.get("/problems/gone").json()
        assert entry["type"] == "https://hfer.example.org/problems/gone"


class TestMethods:
    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/v1/jobs", "GET, HEAD, POST"),
            ("/v1/models/canary", "DELETE, GET, HEAD, PUT"),
            ("/v1/models/rollback", "POST"),
            ("/v1/limits", "GET, HEAD"),
        ],
    )
    def test_a_wrong_one_is_told_all_of_the_right_ones(
        self, client: httpx.Client, path: str, allowed: str
    ) -> None:
        response = client.request("PATCH", path)
        assert_problem(response, 405, "method-not-allowed")
        assert response.headers["allow"] == allowed

    def test_a_word_in_place_of_an_id_is_no_model(self, client: httpx.Client) -> None:
        assert_problem(client.get("/v1/models/rollback"), 405, "method-not-allowed")


class TestValues:
    @pytest.mark.parametrize("time", ["0.5", "1700000000", "2026-11-23", "yesterday"])
    def test_a_time_is_a_date_and_a_time(self, client: httpx.Client, time: str) -> None:
        response = client.get("/v1/jobs", params={"created_before": time})
        assert_problem(response, 422, "validation")

    def test_a_time_may_stand_in_any_zone(self, client: httpx.Client) -> None:
        for time in ("2026-11-23T07:00:00Z", "2026-11-23T07:00:00+05:30"):
            assert client.get("/v1/jobs", params={"created_before": time}).status_code == 200

    def test_a_whole_number_may_be_written_with_a_point(self, client: httpx.Client) -> None:
        file = {"filename": "a.jpg", "size": 5.0, "sha256": "0" * 64}
        assert client.post("/v1/uploads", json={"files": [file]}).status_code == 201
        half = client.post("/v1/uploads", json={"files": [{**file, "size": 5.5}]})
        assert_problem(half, 422, "validation")
