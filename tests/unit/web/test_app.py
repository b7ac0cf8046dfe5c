"""The page below a path prefix: every address leads back below it, whatever the proxy does."""

import re
from pathlib import Path

import pytest

from services.web.app import SESSION_COOKIE
from services.web.state import STATIC
from tests.fixtures.fake_service import job_json, model_json
from tests.fixtures.page import SCRIPT, WEB_ADMIN_KEY, Visitor, VisitorMaker, WebApi

PUBLIC = "https://example.org/hfer"
MODEL = str(model_json(2)["id"])
ADDRESS = re.compile(r'\b(?:href|src|action)="([^"]*)"')
PAGES = (
    "/",
    "/jobs",
    "/jobs?status=succeeded&cursor=c",
    "/jobs/job_1",
    "/jobs/job_1?expression=fear&cursor=c",
    "/jobs/job_1/photos/itm_0",
    "/models",
    f"/models/{MODEL}",
    "/notice",
    "/nothing",
)


@pytest.fixture
def below(make_visitor: VisitorMaker, web_api: WebApi) -> Visitor:
    """An administrator of a page below ``/hfer``, with further pages of everything."""
    for path in ("/v1/jobs", "/v1/jobs/job_1/items"):
        page = web_api.answers["GET", path]
        assert isinstance(page, dict)
        page["next_cursor"] = "more"
    finished = web_api.answers["GET", "/v1/jobs/job_1"]
    assert isinstance(finished, dict)
    finished["parent_job_id"] = "job_0"
    card = {"card": "![m](m.png)", "manifest": {"files": {"m.png": "1", "n.png": "2"}}}
    web_api.answers["GET", "/v1/models"] = {"data": [model_json(2), model_json(1, active=True)]}
    web_api.answers["GET", f"/v1/models/{MODEL}"] = model_json(2) | card
    return make_visitor(public_url=PUBLIC, behind_login=True, admin_api_key=WEB_ADMIN_KEY)


@pytest.mark.parametrize("path", PAGES)
def test_all_addresses_of_a_page_lie_below_the_prefix(below: Visitor, path: str) -> None:
    addresses = ADDRESS.findall(below.get(path).text)
    assert len(addresses) > 10
    outside = [address for address in addresses if not address.startswith(("/hfer/", "#"))]
    assert outside == []


@pytest.mark.parametrize("path", ["/static/base.css", "/healthz", "/jobs", "/"])
def test_it_does_not_matter_who_takes_the_prefix_off(below: Visitor, path: str) -> None:
    bare, whole = below.get(path), below.get(f"/hfer{path}")
    assert (bare.status_code, whole.status_code) == (200, 200)
    assert bare.headers.get("content-length") == whole.headers.get("content-length")


def test_the_prefix_alone_is_the_start_page(below: Visitor) -> None:
    assert "Submit photos" in below.get("/hfer").text


def test_a_path_that_begins_alike_is_none_of_ours(below: Visitor) -> None:
    assert below.get("/hferjobs").status_code == 404


def test_actions_lead_back_below_it(below: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", "/v1/jobs/job_1/cancel"] = job_json("cancelling")
    answer = below.post("/hfer/jobs/job_1/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, "/hfer/jobs/job_1")


def test_scripts_are_told_addresses_below_it(below: Visitor, web_api: WebApi) -> None:
    web_api.answers["POST", "/v1/jobs"] = job_json("queued") | {"id": "job_9"}
    sent = below.post("/hfer/jobs", headers=SCRIPT, content=b"x")
    sealed = below.post("/hfer/uploads/upl_1/seal", headers=SCRIPT, json={})
    assert [answer.json()["address"] for answer in (sent, sealed)] == ["/hfer/jobs/job_9"] * 2


@pytest.mark.parametrize("script", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_scripts_ask_for_addresses_below_it(script: Path) -> None:
    asked = [
        line for line in script.read_text().splitlines() if re.search(r"""["'`]/[a-z]""", line)
    ]
    assert [line for line in asked if "at(" not in line] == []


class TestLogin:
    def test_leads_there_and_back(self, make_visitor: VisitorMaker) -> None:
        guest = make_visitor(public_url=PUBLIC, password="open sesame")
        asked = guest.get("/hfer/jobs?status=failed")
        assert asked.headers["location"] == "/hfer/login?next=%2Fjobs%3Fstatus%3Dfailed"
        form = {"password": "open sesame", "next": "/jobs?status=failed"}
        answer = guest.post("/hfer/login", data=form)
        assert answer.headers["location"] == "/hfer/jobs?status=failed"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{SESSION_COOKIE}=")
        assert "path=/hfer;" in cookie
        assert "secure" in cookie.lower()

    def test_scripts_are_told_where_it_is(self, make_visitor: VisitorMaker) -> None:
        guest = make_visitor(public_url=PUBLIC, password="open sesame")
        assert guest.get("/hfer/jobs", headers=SCRIPT).json()["login"] == "/hfer/login"


@pytest.mark.parametrize(
    ("settings", "path", "target"),
    [
        ({}, "/jobs/", "/jobs"),
        ({}, "//evil.example/", "/evil.example"),
        ({"public_url": PUBLIC}, "/hfer/jobs/", "/hfer/jobs"),
        ({"public_url": PUBLIC}, "/jobs/", "/hfer/jobs"),
    ],
)
def test_a_last_slash_too_many_leads_to_the_page_of_this_host(
    make_visitor: VisitorMaker, settings: dict[str, str], path: str, target: str
) -> None:
    visitor = make_visitor(**settings)
    answer = visitor.get(f"http://127.0.0.1{path}")
    assert (answer.status_code, answer.headers["location"]) == (303, target)
