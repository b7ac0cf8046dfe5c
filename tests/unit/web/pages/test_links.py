"""Pasted links without a browser: what the API is asked, and what is shown when it refuses."""

import httpx
import pytest

from tests.fixtures.fake_service import job_json
from tests.fixtures.page import Visitor, WebApi

LINKS = ["https://photos.example.com/a.jpg", "https://10.0.0.1/b.jpg"]
PASTED = {"links": f"\n {LINKS[0]}\r\n{LINKS[1]} {LINKS[0]}\n", "name": " Fair ", "once": "x"}


@pytest.fixture
def accepting(web_api: WebApi) -> WebApi:
    web_api.answers["POST", "/v1/jobs"] = job_json("queued", queued=2) | {"id": "job_2"}
    return web_api


def keys(api: WebApi) -> list[str]:
    return [request.headers["idempotency-key"] for request in api.sent("POST", "/v1/jobs")]


def test_each_link_becomes_a_photo_once(visitor: Visitor, accepting: WebApi) -> None:
    answer = visitor.post("/links", data=PASTED)
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/job_2")
    (body,) = accepting.bodies("POST", "/v1/jobs")
    assert body == {
        "inputs": [{"url": link} for link in LINKS],
        "config": {"labels": {"name": "Fair"}},
    }


def test_pictures_can_be_one_face_each(visitor: Visitor, accepting: WebApi) -> None:
    visitor.post("/links", data=PASTED)
    visitor.post("/links", data={**PASTED, "whole": "yes"})
    assert accepting.bodies("POST", "/v1/jobs")[1]["config"]["faces"] == "whole"
    plain, whole = keys(accepting)
    assert plain != whole


def test_a_double_click_is_one_job_and_a_change_another(
    visitor: Visitor, accepting: WebApi
) -> None:
    for form in (PASTED, PASTED, {**PASTED, "links": LINKS[0]}, {**PASTED, "once": "y"}):
        visitor.post("/links", data=form)
    first, again, changed, later = keys(accepting)
    assert first == again
    assert len({first, changed, later}) == 3


def test_refused_links_are_named_with_the_reason(visitor: Visitor, web_api: WebApi) -> None:
    faults = [{"pointer": "#/inputs/1/url", "detail": "The address is private."}]
    problem = {"code": "unsafe-url", "detail": "#/inputs/1/url: …", "errors": faults}
    web_api.answers["POST", "/v1/jobs"] = httpx.Response(422, json=problem)
    answer = visitor.post("/links", data=PASTED)
    assert answer.status_code == 422
    assert f"<li>{LINKS[1]}: The address is private.</li>" in answer.text
    assert LINKS[0] in answer.text
    assert 'value="Fair"' in answer.text
    assert "#/inputs" not in answer.text


def test_other_refusals_are_told_beside_what_was_pasted(visitor: Visitor, web_api: WebApi) -> None:
    problem = {
        "code": "rate-limited",
        "title": "Too much at once",
        "detail": "50,000 photos wait.",
    }
    web_api.answers["POST", "/v1/jobs"] = httpx.Response(429, json=problem)
    answer = visitor.post("/links", data=PASTED)
    assert answer.status_code == 429
    assert "Too much at once. 50,000 photos wait.<" in answer.text
    assert LINKS[0] in answer.text


@pytest.mark.parametrize(("text", "words"), [(" \n", "at least one link"), ("a b c", "Up to 2")])
def test_none_and_too_many_are_told_without_asking(
    visitor: Visitor, web_api: WebApi, text: str, words: str
) -> None:
    limits = web_api.answers["GET", "/v1/limits"]
    assert isinstance(limits, dict)
    web_api.answers["GET", "/v1/limits"] = {**limits, "request_urls": 2}
    answer = visitor.post("/links", data={"links": text})
    assert answer.status_code == 422
    assert words in answer.text
    assert web_api.sent("POST", "/v1/jobs") == []


@pytest.mark.parametrize("most", [0, None])
def test_is_offered_only_where_the_service_fetches(
    visitor: Visitor, web_api: WebApi, most: int | None
) -> None:
    limits = web_api.answers["GET", "/v1/limits"]
    assert isinstance(limits, dict)
    web_api.answers["GET", "/v1/limits"] = {**limits, "request_urls": most}
    assert 'action="/links"' not in visitor.get("/").text
