from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hfer._doctor import Verdict, judge_clock, judge_version
from hfer.cli.exits import ExitCode
from tests.fixtures.fake_service import BUCKET, UPLOAD, FakeService, model_json, problem
from tests.unit.client.cli.conftest import Run

REFUSAL = {"code": "bundle-refused", "reason": "It is broken.", "workers": 1}
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


class TestClock:
    @pytest.mark.parametrize(
        ("ahead", "verdict", "words"),
        [
            (0, Verdict.OK, "0 s"),
            (60, Verdict.WARNING, "60 s ahead of"),
            (-60, Verdict.WARNING, "60 s behind"),
            (400, Verdict.FAILED, "400 s ahead of"),
            (-400, Verdict.FAILED, "400 s behind"),
        ],
    )
    def test_is_compared_with_the_services(self, ahead: int, verdict: Verdict, words: str) -> None:
        finding = judge_clock("Thu, 26 Nov 2026 08:00:00 GMT", now=NOW + timedelta(seconds=ahead))
        assert finding.verdict is verdict
        assert words in finding.detail
        assert bool(finding.advice) == (verdict is not Verdict.OK)

    @pytest.mark.parametrize("date", [None, "", "noon"])
    def test_that_is_not_told_is_not_judged(self, date: str | None) -> None:
        assert judge_clock(date, now=NOW).verdict is Verdict.SKIPPED


class TestVersion:
    @pytest.mark.parametrize(
        ("theirs", "verdict"),
        [("1.2.9", Verdict.OK), ("1.3.0", Verdict.WARNING), ("2.2.0", Verdict.WARNING)],
    )
    def test_agrees_up_to_the_minor(self, theirs: str, verdict: Verdict) -> None:
        assert judge_version(theirs, ours="1.2.3").verdict is verdict


class TestCommand:
    def test_all_is_well(self, run: Run) -> None:
        done = run("doctor")
        assert done.code == 0, done.stdout
        checks = [line.split()[1] for line in done.stdout.splitlines()]
        told = " ".join(checks)
        assert told == "api version clock database worker key model presigned"

    def test_warns_of_what_the_service_warns_of(self, run: Run, service: FakeService) -> None:
        service.warnings = ["Photos by URL wait."]
        done = run("doctor")
        assert done.code == 0
        assert any(
            line.split() == ["warning", "waiting", "Photos", "by", "URL", "wait."]
            for line in done.stdout.splitlines()
        )

    def test_readiness_that_a_proxy_keeps_inside_is_no_fault(
        self, run: Run, service: FakeService
    ) -> None:
        service.readiness_hidden = True
        done = run("doctor")
        assert done.code == 0, done.stdout
        assert [line.split()[1] for line in done.stdout.splitlines() if "skipped" in line] == [
            "readiness"
        ]

    def test_offers_the_newer_model_that_the_service_came_with(
        self, run: Run, service: FakeService
    ) -> None:
        service.models = [model_json(2, offered=True), model_json(1, active=True)]
        done = run("doctor")
        assert done.code == 0
        assert "starter-0.2.0+00000002 came with the service" in done.stdout
        assert "hfer models activate starter-0.2.0" in done.stdout

    def test_the_upload_that_was_tried_is_given_up(self, run: Run, service: FakeService) -> None:
        run("doctor")
        (put,) = service.sent("PUT")
        assert put.url.host == BUCKET
        assert "Authorization" not in put.headers
        assert service.sent("DELETE")[0].url.path == f"/v1/uploads/{UPLOAD}"

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ({"red": ("worker",)}, "Start a worker"),
            ({"scopes": ("jobs:read",)}, "jobs:submit"),
            ({"models": [model_json()]}, "Publish a bundle"),
            (
                {"models": [model_json(active=True, refusals=[REFUSAL])]},
                "refused by 1: It is broken.",
            ),
        ],
    )
    def test_a_fault_says_what_to_do(
        self, run: Run, service: FakeService, fault: dict[str, object], words: str
    ) -> None:
        for name, value in fault.items():
            setattr(service, name, value)
        assert words in run("doctor").stdout

    def test_a_red_worker_is_a_fault(self, run: Run, service: FakeService) -> None:
        service.red = ("worker",)
        done = run("doctor", "--json")
        assert done.code == ExitCode.UNWELL
        assert '"verdict": "failed"' in done.stdout

    def test_a_bucket_out_of_reach_names_it(self, run: Run, service: FakeService) -> None:
        service.bucket_upsets.append(httpx.ConnectError("refused"))
        done = run("doctor")
        assert done.code == ExitCode.UNWELL
        assert f"{BUCKET} must be reachable" in done.stdout
        assert len(service.sent("DELETE")) == 1

    def test_a_wrong_key_skips_what_needs_one(self, run: Run, service: FakeService) -> None:
        service.key_problem = problem(401, "unauthenticated")
        done = run("doctor")
        assert done.code == ExitCode.UNWELL
        assert done.stdout.count("skipped") == 2

    def test_no_answer_is_one_finding(self, run: Run, service: FakeService) -> None:
        service.upsets.extend([httpx.ConnectError("refused")] * 9)
        done = run("doctor")
        assert done.code == ExitCode.UNWELL
        assert "HFER_URL" in done.stdout
        assert len(service.requests) == 1
