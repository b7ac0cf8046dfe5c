import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hfer.cli.exits import ExitCode
from tests.fixtures.fake_service import JOB, FakeService, job_json
from tests.unit.client.cli.conftest import Run


class TestWatch:
    def test_prints_a_line_of_json_per_change(self, run: Run, service: FakeService) -> None:
        running = job_json("running", running=1)
        service.polls = [running, running, running, job_json("succeeded", succeeded=1)]
        done = run("watch", JOB, "--json")
        assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == [
            "running",
            "succeeded",
        ]
        assert done.code == 0

    def test_tells_on_stderr_alone(self, run: Run, service: FakeService) -> None:
        service.polls = [job_json("succeeded", succeeded=3)]
        done = run("watch", JOB)
        assert done.stdout == ""
        assert "photos 3 (3 succeeded)" in done.stderr

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (job_json("cancelled", cancelled=1), ExitCode.JOB_FAILED),
            (job_json("succeeded", succeeded=1, failed=1), ExitCode.SOME_FAILED),
        ],
    )
    def test_exits_as_the_job_ended(
        self, run: Run, service: FakeService, state: dict[str, object], code: ExitCode
    ) -> None:
        service.polls = [state]
        assert run("watch", JOB, "--quiet").code == code

    def test_ctrl_c_leaves_the_job_alone(self, run: Run, service: FakeService) -> None:
        service.polls = [job_json("running", running=1)]
        service.interrupted = True
        done = run("watch", JOB)
        assert done.code == ExitCode.INTERRUPTED
        assert f"hfer results {JOB} --wait" in done.stderr


class TestInterruptedUpload:
    def test_says_how_to_go_on_and_does(
        self, run: Run, service: FakeService, make_photo: Callable[..., Path]
    ) -> None:
        service.limits = {"request_files": 1, "declare_files": 9}
        photos = [make_photo(f"{number}.jpg", b"%d" % number) for number in range(2)]
        service.bucket_upsets.append(KeyboardInterrupt())
        done = run("submit", *photos)
        assert done.code == ExitCode.INTERRUPTED
        assert "Run the same command again" in done.stderr
        assert run("submit", *photos).stdout.strip() == JOB
        begun = service.sent("POST", "/v1/uploads")
        assert len({request.headers["Idempotency-Key"] for request in begun}) == 1

    def test_fresh_begins_anew(
        self, run: Run, service: FakeService, make_photo: Callable[..., Path]
    ) -> None:
        photo = make_photo()
        run("submit", photo, "--fresh")
        run("submit", photo, "--fresh")
        sent = service.sent("POST", "/v1/jobs")
        assert len({request.headers["Idempotency-Key"] for request in sent}) == 2


class TestJson:
    @pytest.mark.parametrize(
        "command",
        [
            ("status", JOB),
            ("cancel", JOB),
            ("delete", JOB, "--yes"),
            ("jobs",),
            ("results", JOB),
            ("doctor",),
            ("models", "list"),
        ],
    )
    def test_every_command_prints_json_alone_on_stdout(
        self, run: Run, command: tuple[str, ...]
    ) -> None:
        assert json.loads(run(*command, "--json").stdout)

    def test_submit_prints_the_job(self, run: Run, make_photo: Callable[..., Path]) -> None:
        assert json.loads(run("submit", make_photo(), "--json").stdout)["id"] == JOB


class TestSettings:
    @pytest.mark.parametrize("url", ["hfer.test", "http://[::1", "http://hfer.test:port"])
    def test_a_malformed_url_is_wrong_usage(self, run: Run, url: str) -> None:
        done = run("jobs", "--url", url)
        assert done.code == ExitCode.USAGE
        assert "Traceback" not in done.stderr

    def test_a_key_that_cannot_be_sent_is_wrong_usage(self, run: Run) -> None:
        done = run("jobs", "--api-key", "hfer_dev_…")
        assert done.code == ExitCode.USAGE
        assert "copy it anew" in done.stderr


def test_completion_is_offered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_HFER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "hfer wat")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run().stdout.strip() == "watch"
