import pytest

from services.web.guard import SECURE_HEADERS
from tests.fixtures.page import Visitor, VisitorMaker, WebApi

PATHS = ["/", "/jobs", "/jobs/job_1", "/notice", "/healthz", "/nowhere", "/static/base.css"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(visitor: Visitor, path: str) -> None:
    headers = visitor.get(path).headers
    assert {name: headers[name] for name in SECURE_HEADERS} == SECURE_HEADERS


def test_nothing_inline_and_nothing_foreign_is_allowed() -> None:
    policy = SECURE_HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not [word for word in ("unsafe", "http:", "https:", "*") if word in policy]


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/job_1", "/jobs/job_1/photos/itm_0"])
def test_pages_need_nothing_inline(visitor: Visitor, path: str) -> None:
    page = visitor.get(path).text
    assert " style=" not in page
    assert " on" + "click=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script src="/static/') + page.count(
        '<script type="module" src="/static/'
    )


class TestCrossSite:
    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
    def test_posts_of_other_sites_are_refused(
        self, visitor: Visitor, web_api: WebApi, site: str
    ) -> None:
        response = visitor.post("/jobs/job_1/delete", headers={"Sec-Fetch-Site": site})
        assert response.status_code == 403
        assert not web_api.sent("DELETE", "/v1/jobs/job_1")

    @pytest.mark.parametrize(
        ("origin", "status"),
        [("http://127.0.0.1", 303), ("http://evil.test", 403), ("null", 403), ("", 403)],
    )
    def test_older_browsers_are_judged_by_origin(
        self, make_visitor: VisitorMaker, web_api: WebApi, origin: str, status: int
    ) -> None:
        web_api.answers["POST", "/v1/jobs/job_1/cancel"] = {}
        visitor = make_visitor()
        request = visitor.http.build_request("POST", "/jobs/job_1/cancel")
        if origin:
            request.headers["Origin"] = origin
        response = visitor._runner.run(visitor.http.send(request))
        assert response.status_code == status

    def test_a_link_from_elsewhere_opens_a_page(self, visitor: Visitor) -> None:
        response = visitor.get("/jobs/job_1", headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 200


class TestHost:
    def test_a_foreign_name_for_this_machine_is_refused(self, visitor: Visitor) -> None:
        response = visitor.get("/jobs", headers={"Host": "rebound.evil.test"})
        assert response.status_code == 421

    @pytest.mark.parametrize("host", ["localhost:8001", "127.0.0.1:8001", "[::1]:8001"])
    def test_loopback_is_answered_under_any_port(self, visitor: Visitor, host: str) -> None:
        assert visitor.get("/jobs", headers={"Host": host}).status_code == 200

    def test_with_a_password_any_name_is_answered(self, make_visitor: VisitorMaker) -> None:
        response = make_visitor(password="p").get("/login", headers={"Host": "page.example.org"})
        assert response.status_code == 200


def test_tls_is_kept_where_the_page_has_it(make_visitor: VisitorMaker) -> None:
    visitor = make_visitor(password="p", public_url="https://page.example.org")
    assert "max-age" in visitor.get("/login").headers["strict-transport-security"]


def test_pages_are_never_stored_but_versioned_files_are(visitor: Visitor) -> None:
    assert visitor.get("/jobs/job_1").headers["cache-control"] == "no-store"
    assert "immutable" in visitor.get("/static/base.css?v=1").headers["cache-control"]
