"""Photos by URL in POST /v1/jobs, on a real database. Nothing is fetched by the API."""

from collections import Counter
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job, UrlFetch
from services.common.jobs.repositories.retention import RetentionRepository
from tests.fixtures.serving import Api, StartApi, assert_problem, pointers
from tests.fixtures.settings import SettingsMaker

URLS = [f"https://photos.example.com/album/{number}.jpg?sig=a%2Fb" for number in range(3)]

NAMES = ("cam1/a.jpg", "../../etc/passwd", "a\u202eb.jpg")


def submit(client: httpx.Client, *inputs: Any, headers: Any = None, **body: Any) -> httpx.Response:
    given = [{"url": each} if isinstance(each, str) else each for each in inputs]
    return client.post("/v1/jobs", json={"inputs": given, **body}, headers=headers)


def items(client: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    return list(client.get(f"/v1/jobs/{job['id']}/items").json()["data"])


def test_a_job_of_urls_waits_to_be_fetched(client: httpx.Client, sessions: SessionFactory) -> None:
    config = {"top_n": 5, "labels": {"album": "x"}, "client_ref": "r"}
    given = [{"url": URLS[0], "client_ref": "a-17"}, *URLS[1:]]
    response = submit(client, *given, config=config)
    job = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["config"]["top_n"], job["labels"], job["client_ref"]) == (5, {"album": "x"}, "r")
    assert (job["status"], job["counts"]["queued"]) == ("queued", 3)
    shown = items(client, job)
    assert [item["source_url"] for item in shown] == URLS
    assert [item["filename"] for item in shown] == [f"album/{number}.jpg" for number in range(3)]
    assert [item["client_ref"] for item in shown] == ["a-17", None, None]
    assert [item["content_sha256"] for item in shown] == [None] * 3
    with sessions() as session:
        assert len(session.scalars(select(UrlFetch)).all()) == 3


def test_a_dead_link_among_5_000_harms_none_of_the_others(
    client: httpx.Client, sessions: SessionFactory
) -> None:
    dead = "https://no-such-host.invalid/a.jpg"
    urls = [f"https://photos.example.com/{number}.jpg" for number in range(4_999)]
    job = submit(client, *urls[:2_000], dead, *urls[2_000:]).raise_for_status().json()
    assert (job["counts"]["total"], job["counts"]["queued"]) == (5_000, 5_000)
    with sessions() as session:
        waiting = Counter(session.scalars(select(UrlFetch.host)))
    assert waiting == {"photos.example.com": 4_999, "no-such-host.invalid": 1}


@pytest.mark.parametrize(
    "url",
    [
        "http://photos.example.com/a.jpg",
        "ftp://photos.example.com/a.jpg",
        "file:///etc/passwd",
        "https://user:word@photos.example.com/a.jpg",
        "https://photos.example.com:8080/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://2130706433/a.jpg",
        "https://0177.0.0.1/a.jpg",
        "https://10.0.0.1/a.jpg",
        "https://192.168.1.1/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/a.jpg",
        "https://[fd00:ec2::254]/a.jpg",
        "https://[::ffff:127.0.0.1]/a.jpg",
        "not a url",
    ],
)
def test_refuses_a_url_that_may_never_be_fetched(
    url: str, client: httpx.Client, sessions: SessionFactory
) -> None:
    problem = assert_problem(submit(client, URLS[0], url), 422, "unsafe-url")
    assert pointers(problem) == ["#/inputs/1/url"]
    with sessions() as session:
        assert session.scalars(select(Item)).all() == []


def test_a_photo_may_bring_a_name_which_leads_nowhere(client: httpx.Client) -> None:
    given = [{"url": url, "filename": name} for url, name in zip(URLS, NAMES, strict=True)]
    shown = items(client, submit(client, *given).json())
    assert [item["filename"] for item in shown] == ["cam1/a.jpg", "passwd", "ab.jpg"]


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": []},
        {"inputs": [{"url": URLS[0], "name": "x"}]},
        {"inputs": [{"url": URLS[0], "filename": "x" * 1_025}]},
        {"inputs": [{}]},
        {"inputs": "https://photos.example.com/a.jpg"},
        {"inputs": [{"url": URLS[0]}] * 5_001},
        {"inputs": [{"url": URLS[0]}], "upload_id": "upl_x"},
        {"inputs": [{"url": "https://e.com/" + "a" * 2_048}]},
        {},
        [],
    ],
)
def test_refuses_what_is_no_list_of_urls(body: Any, client: httpx.Client) -> None:
    assert_problem(client.post("/v1/jobs", json=body), 422, "validation")


def test_the_same_urls_under_the_same_key_are_the_same_job(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = submit(client, *URLS, headers=key)
    again = submit(client, *URLS, headers=key)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    other = submit(client, *URLS[::-1], headers=key)
    assert_problem(other, 422, "idempotency-mismatch")


def test_an_operator_may_turn_it_off_or_open_a_network(
    start_api: StartApi, make_settings: SettingsMaker
) -> None:
    closed = start_api(make_settings(fetch={"enabled": False})).client()
    assert pointers(assert_problem(submit(closed, *URLS), 422, "validation")) == ["#/inputs"]
    open_ = {"allow_http": True, "ports": [80, 8080], "allow_networks": ["10.1.0.0/16"]}
    client = start_api(make_settings(fetch=open_)).client()
    assert submit(client, "http://10.1.2.3:8080/a.jpg").status_code == 202
    assert_problem(submit(client, "http://10.2.2.3:8080/a.jpg"), 422, "unsafe-url")


def test_cancelled_and_erased_before_anything_was_fetched(
    api: Api, client: httpx.Client, sessions: SessionFactory
) -> None:
    job = submit(client, *URLS).json()
    assert client.post(f"/v1/jobs/{job['id']}/cancel").status_code == 202
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert api.notifier.notified
    with sessions() as session:
        assert session.scalars(select(UrlFetch)).all() == []
        assert session.scalars(select(Item)).all() == []


def test_urls_are_forgotten_with_the_photos(client: httpx.Client, sessions: SessionFactory) -> None:
    job = submit(client, *URLS).json()
    with unit_of_work(sessions) as session:
        RetentionRepository(session).erase_inputs(session.scalars(select(Job)).one())
    assert [item["source_url"] for item in items(client, job)] == [None] * 3


class TestPathOfTheirOwn:
    """`POST /v1/jobs/urls`: in the document, `POST /v1/jobs` has one kind of body only."""

    def test_takes_what_the_path_of_photos_takes_in_json(self, client: httpx.Client) -> None:
        body = {"inputs": [{"url": url} for url in URLS], "config": {"top_n": 5}}
        response = client.post("/v1/jobs/urls", json=body, headers={"Idempotency-Key": "k-2"})
        assert response.status_code == 202, response.text
        assert response.headers["location"] == f"/v1/jobs/{response.json()['id']}"
        again = submit(client, *URLS, config={"top_n": 5}, headers={"Idempotency-Key": "k-2"})
        assert again.json()["id"] == response.json()["id"]

    @pytest.mark.parametrize(
        ("body", "code", "place"),
        [
            ({"inputs": [{"url": "https://10.0.0.1/a.jpg"}]}, "unsafe-url", "#/inputs/0/url"),
            ({"upload_id": f"upl_{'0' * 32}"}, "validation", "#/inputs"),
        ],
    )
    def test_refuses_other_bodies(
        self, body: Any, code: str, place: str, client: httpx.Client
    ) -> None:
        problem = assert_problem(client.post("/v1/jobs/urls", json=body), 422, code)
        assert place in pointers(problem)

    def test_is_no_job(self, client: httpx.Client) -> None:
        for method in ("GET", "DELETE"):
            problem = client.request(method, "/v1/jobs/urls")
            assert_problem(problem, 405, "method-not-allowed")
            assert problem.headers["allow"] == "POST"
