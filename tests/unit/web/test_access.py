import json

import pytest
from pydantic import SecretStr

from services.web.access import safe_target, session_secret
from services.web.settings import WebSettings
from services.web.throttle import FREE_TRIES
from tests.fixtures.page import SCRIPT, WEB_ADMIN_KEY, MarksApi, Visitor, VisitorMaker, WebApi

PASSWORDS = {"password": "open sesame", "admin_password": "root", "admin_api_key": WEB_ADMIN_KEY}


@pytest.fixture
def guest(make_visitor: VisitorMaker) -> Visitor:
    return make_visitor(**PASSWORDS)


def log_in(visitor: Visitor, password: str, target: str = "/jobs") -> tuple[int, str]:
    response = visitor.post("/login", data={"password": password, "next": target})
    return response.status_code, response.headers.get("location", "")


class TestPassword:
    @pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/job_1?expression=fear", "/models"])
    def test_pages_lead_to_the_login_and_back(self, guest: Visitor, path: str) -> None:
        response = guest.get(path)
        assert response.status_code == 303
        assert response.headers["location"].startswith("/login?next=")
        form = guest.get(response.headers["location"]).text
        assert f'value="{path}"' in form

    def test_opens_the_page(self, guest: Visitor) -> None:
        assert log_in(guest, "open sesame") == (303, "/jobs")
        assert guest.get("/jobs").status_code == 200

    @pytest.mark.parametrize("password", ["", "sesame", "OPEN SESAME", "open sesame "])
    def test_wrong_ones_do_not(self, guest: Visitor, password: str) -> None:
        assert log_in(guest, password)[0] == 403
        assert guest.get("/jobs").status_code == 303

    def test_leaves_a_line_of_the_audit_without_the_password(
        self, guest: Visitor, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log_in(guest, "open sesame")
        log_in(guest, "open barley")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        told = [(line["action"], line["outcome"], line["role"], line["code"]) for line in lines]
        assert told == [
            ("page.login", "done", "user", None),
            ("page.login", "refused", None, "wrong-password"),
        ]
        assert all(line["address"] for line in lines)
        assert "open" not in str(lines)

    def test_scripts_are_told_and_nothing_reaches_the_api(
        self, guest: Visitor, web_api: WebApi
    ) -> None:
        response = guest.post("/jobs", headers=SCRIPT, content=b"x")
        assert response.status_code == 401
        assert "Log in" in response.json()["detail"]
        assert web_api.requests == []

    def test_the_login_page_and_what_it_needs_are_open(self, guest: Visitor) -> None:
        for path in ("/login", "/notice", "/healthz", "/static/base.css"):
            assert guest.get(path).status_code == 200

    def test_a_session_ends_with_the_logout(self, guest: Visitor) -> None:
        log_in(guest, "open sesame")
        assert guest.post("/logout").status_code == 303
        assert guest.get("/jobs").status_code == 303

    def test_the_cookie_is_out_of_reach_of_scripts(self, guest: Visitor) -> None:
        response = guest.post("/login", data={"password": "root"})
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie

    def test_a_forged_session_is_none(self, guest: Visitor) -> None:
        log_in(guest, "open sesame")
        value = guest.http.cookies["hfer_session"]
        guest.http.cookies.clear()
        guest.http.cookies.set("hfer_session", "x" + value)
        assert guest.get("/jobs").status_code == 303


class TestAdministrators:
    def test_only_their_password_changes_models(self, guest: Visitor, web_api: WebApi) -> None:
        web_api.answers["POST", "/v1/models/rollback"] = {"model_version": "m-1"}
        log_in(guest, "open sesame")
        assert guest.post("/models/rollback").status_code == 403
        assert not web_api.sent("POST", "/v1/models/rollback")
        log_in(guest, "root")
        assert guest.post("/models/rollback").status_code == 303
        (request,) = web_api.sent("POST", "/v1/models/rollback")
        assert request.headers["authorization"] == f"Bearer {WEB_ADMIN_KEY}"

    def test_without_any_password_whoever_is_at_the_machine_is_one(
        self, make_visitor: VisitorMaker, web_api: WebApi
    ) -> None:
        web_api.answers["POST", "/v1/models/rollback"] = {"model_version": "m-1"}
        assert make_visitor(admin_api_key=WEB_ADMIN_KEY).post("/models/rollback").status_code == 303
        assert make_visitor().post("/models/rollback").status_code == 403


class TestGuessing:
    def test_has_to_wait_and_others_do_not(
        self, web_api: WebApi, make_visitor: VisitorMaker
    ) -> None:
        web_api.answers |= MarksApi().answers()
        guest = make_visitor(**PASSWORDS, address="203.0.113.7")
        for _ in range(FREE_TRIES):
            assert log_in(guest, "guess")[0] == 403
        response = guest.post("/login", data={"password": "open sesame"})
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        other = make_visitor(**PASSWORDS, address="203.0.113.8")
        assert log_in(other, "open sesame") == (303, "/jobs")

    def test_is_counted_by_all_processes_of_the_page(
        self, web_api: WebApi, make_visitor: VisitorMaker
    ) -> None:
        web_api.answers |= MarksApi().answers()
        processes = [make_visitor(**PASSWORDS) for _ in range(2)]
        statuses = [log_in(processes[turn % 2], "guess")[0] for turn in range(FREE_TRIES + 2)]
        assert statuses == [403] * FREE_TRIES + [429] * 2

    def test_is_counted_by_the_process_alone_while_the_api_is_away(self, guest: Visitor) -> None:
        statuses = [log_in(guest, "guess")[0] for _ in range(FREE_TRIES + 1)]
        assert statuses == [403] * FREE_TRIES + [429]

    def test_is_counted_by_the_process_alone_when_what_answers_is_no_api_of_ours(
        self, guest: Visitor, web_api: WebApi
    ) -> None:
        web_api.answers |= {("POST", path): {} for _, path in MarksApi().answers()}
        statuses = [log_in(guest, "guess")[0] for _ in range(FREE_TRIES + 1)]
        assert statuses == [403] * FREE_TRIES + [429]

    def test_sends_no_address_to_the_api(self, web_api: WebApi, make_visitor: VisitorMaker) -> None:
        web_api.answers |= MarksApi().answers()
        log_in(make_visitor(**PASSWORDS, address="203.0.113.7"), "guess")
        assert web_api.requests
        assert not any(b"203.0.113" in request.content for request in web_api.requests)


class TestLogout:
    def copied(self, visitor: Visitor, other: Visitor) -> None:
        other.http.cookies.set("hfer_session", visitor.http.cookies["hfer_session"])

    def test_ends_copies_of_the_cookie_in_all_processes(
        self, web_api: WebApi, make_visitor: VisitorMaker
    ) -> None:
        web_api.answers |= MarksApi().answers()
        visitor, same, other = (make_visitor(**PASSWORDS) for _ in range(3))
        log_in(visitor, "open sesame")
        self.copied(visitor, same)
        self.copied(visitor, other)
        assert same.get("/jobs").status_code == 200
        visitor.post("/logout")
        assert other.get("/jobs").status_code == 303

    def test_ends_copies_in_its_process_while_the_api_is_away(self, guest: Visitor) -> None:
        log_in(guest, "open sesame")
        copy = guest.http.cookies["hfer_session"]
        assert guest.get("/jobs").status_code == 200
        guest.post("/logout")
        guest.http.cookies.set("hfer_session", copy)
        assert guest.get("/jobs").status_code == 303

    def test_leaves_other_sessions(self, web_api: WebApi, make_visitor: VisitorMaker) -> None:
        web_api.answers |= MarksApi().answers()
        visitor, other = (make_visitor(**PASSWORDS) for _ in range(2))
        for one in (visitor, other):
            log_in(one, "open sesame")
        visitor.post("/logout")
        assert other.get("/jobs").status_code == 200

    def test_scripts_and_pictures_ask_the_api_once_in_a_while(
        self, web_api: WebApi, make_visitor: VisitorMaker
    ) -> None:
        web_api.answers |= MarksApi().answers()
        visitor = make_visitor(**PASSWORDS)
        log_in(visitor, "open sesame")
        asked = len(web_api.sent("POST", "/v1/page/marks/read"))
        for path in ("/static/base.css", "/jobs", "/jobs", "/jobs/job_1"):
            visitor.get(path)
        assert len(web_api.sent("POST", "/v1/page/marks/read")) == asked + 1


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/jobs/job_1?min_p=0.9", "/jobs/job_1?min_p=0.9"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("https://evil.test", "/"),
        ("", "/"),
        ("/a\nb", "/"),
    ],
)
def test_a_login_never_leads_to_another_host(wanted: str, target: str) -> None:
    assert safe_target(wanted) == target


def test_a_new_password_ends_all_sessions() -> None:
    def secret(password: str) -> str:
        return session_secret(WebSettings(api_key=SecretStr("k"), password=SecretStr(password)))

    assert secret("one") == secret("one") != secret("two")
