import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.fixtures.fake_service import JOB, URL, FakeService, job_json, photo_json, problem
from tests.unit.client.cli.conftest import Run

MakePhoto = Callable[..., Path]


class TestSubmit:
    def test_prints_nothing_but_the_id(self, run: Run, make_photo: MakePhoto) -> None:
        outcome = run("submit", make_photo())
        assert (outcome.code, outcome.stdout) == (0, f"{JOB}\n")

    def test_prints_the_job_as_json(self, run: Run, make_photo: MakePhoto) -> None:
        outcome = run("submit", make_photo(), "--format", "json")
        job = json.loads(outcome.stdout)
        assert (job["id"], job["created_at"]) == (JOB, "2026-11-23T07:00:00Z")

    def test_waits_and_prints_the_table(self, run: Run, make_photo: MakePhoto) -> None:
        outcome = run("submit", make_photo(), "--wait")
        assert outcome.code == 0
        assert outcome.stdout.splitlines()[1].split() == ["a.jpg", "0", "happiness", "75%", "no"]
        assert f"Submitted {JOB}" in outcome.stderr
        assert "succeeded: photos 1 (1 succeeded)" in outcome.stderr

    @pytest.mark.parametrize("encoding", ["json", "jsonl", "csv"])
    def test_keeps_stdout_clean_for_data(
        self, run: Run, make_photo: MakePhoto, encoding: str
    ) -> None:
        outcome = run("submit", make_photo(), "--wait", "--format", encoding)
        assert outcome.code == 0
        assert outcome.stdout.startswith({"csv": "filename,item_id\r\n"}.get(encoding, "{"))
        assert JOB not in outcome.stdout

    def test_out_implies_wait_and_fills_the_folder(
        self, run: Run, make_photo: MakePhoto, service: FakeService, tmp_path: Path
    ) -> None:
        outcome = run("submit", make_photo(), "--out", tmp_path / "new" / "out")
        assert outcome.code == 0
        assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == [
            "a.annotated.jpg",
            "results.csv",
            "results.json",
        ]
        assert b'"annotated": true' in service.sent("POST")[0].content

    def test_out_of_a_job_without_annotated_photos(
        self, run: Run, make_photo: MakePhoto, service: FakeService, tmp_path: Path
    ) -> None:
        service.results = [photo_json(0, "a.jpg", status="failed")]
        outcome = run("submit", make_photo(), "--out", tmp_path / "out")
        assert "Wrote 0 annotated photos and the results" in outcome.stderr
        assert "0/0" not in outcome.stderr

    def test_says_when_annotated_photos_are_gone(
        self, run: Run, make_photo: MakePhoto, service: FakeService, tmp_path: Path
    ) -> None:
        service.erased = frozenset({"itm_0"})
        outcome = run("submit", make_photo(), "--out", tmp_path / "out")
        assert outcome.code == 0
        assert "1 annotated photos are no longer kept" in outcome.stderr

    def test_passes_the_options_on(
        self, run: Run, make_photo: MakePhoto, service: FakeService
    ) -> None:
        options = "--top-n 2 --min-face-px 30 --threshold 0.9 --label a=b=c --client-ref r"
        options += " --faces whole --detector facenet"
        outcome = run("submit", make_photo(), *options.split(), "--idempotency-key", "k")
        assert outcome.code == 0
        request = service.sent("POST")[0]
        assert request.headers["Idempotency-Key"] == "k"
        assert b'"labels": {"a": "b=c"}' in request.content
        assert b'"detection_threshold": 0.9' in request.content
        assert b'"faces": "whole", "detector": "facenet"' in request.content

    def test_quiet_shows_no_bar(self, run: Run, make_photo: MakePhoto) -> None:
        outcome = run("submit", make_photo(), "--wait", "--quiet")
        assert "━" not in outcome.stderr

    def test_ctrl_c_leaves_the_job_and_says_how_to_come_back(
        self, run: Run, make_photo: MakePhoto, service: FakeService
    ) -> None:
        service.polls = [job_json("running", running=1)]
        service.interrupted = True
        outcome = run("submit", make_photo(), "--wait")
        assert outcome.code == 130
        assert f"hfer status {JOB}" in outcome.stderr
        assert service.sent("POST", f"/v1/jobs/{JOB}/cancel") == []


class TestExitCodes:
    def test_some_photos_failed(
        self, run: Run, make_photo: MakePhoto, service: FakeService
    ) -> None:
        service.polls = [job_json("succeeded", succeeded=1, failed=1)]
        service.results = [photo_json(0, "a.jpg"), photo_json(1, "b.jpg", status="failed")]
        outcome = run("submit", make_photo(), "--wait")
        assert outcome.code == 3
        assert "truncated: Send it again." in outcome.stdout
        assert "1 failed" in outcome.stderr

    @pytest.mark.parametrize("status", ["failed", "cancelled", "expired"])
    def test_job_failed(
        self, run: Run, make_photo: MakePhoto, service: FakeService, status: str
    ) -> None:
        service.polls = [job_json(status, failed=1)]
        assert run("submit", make_photo(), "--wait").code == 4

    @pytest.mark.parametrize(
        "arguments",
        [
            ["submit"],
            ["submit", "nowhere.jpg"],
            ["submit", ".", "--top-n", "8"],
            ["submit", ".", "--label", "novalue"],
            ["submit", ".", "--url", "hfer.test"],
            ["submit", ".", "--format", "xml"],
            ["status"],
            ["fly"],
        ],
    )
    def test_wrong_usage(
        self,
        run: Run,
        arguments: list[str],
        service: FakeService,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert run(*arguments).code == 2
        assert service.sent("POST") == []

    def test_no_key(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("HFER_API_KEY")
        outcome = run("status", JOB)
        assert outcome.code == 2
        assert "HFER_API_KEY" in outcome.stderr

    def test_too_many_photos(self, run: Run, make_photo: MakePhoto, service: FakeService) -> None:
        service.limits = {"request_files": 1, "declare_files": 1, "job_photos": 1}
        outcome = run("submit", make_photo("a.jpg"), make_photo("b.jpg"))
        assert outcome.code == 2
        assert "2 photos are more than one job takes" in outcome.stderr

    def test_service_is_down(self, run: Run, make_photo: MakePhoto, service: FakeService) -> None:
        service.upsets.extend([httpx.ConnectError("refused")] * 9)
        outcome = run("submit", make_photo())
        assert outcome.code == 5
        assert f"hfer: No answer from {URL}: refused" in outcome.stderr

    def test_refused_with_code_and_request_id(
        self, run: Run, make_photo: MakePhoto, service: FakeService
    ) -> None:
        service.upsets.append(problem(401, "unauthenticated"))
        outcome = run("submit", make_photo())
        assert outcome.code == 6
        assert "It is unauthenticated. (unauthenticated, request req_1)" in outcome.stderr

    def test_a_folder_that_cannot_be_made(
        self, run: Run, make_photo: MakePhoto, service: FakeService
    ) -> None:
        photo = make_photo()
        outcome = run("submit", photo, "--out", photo / "out")
        assert outcome.code == 1
        assert "Not a directory" in outcome.stderr
        assert service.sent("POST") == []


class TestResults:
    def test_come_back_by_id(self, run: Run, service: FakeService) -> None:
        service.polls = [job_json("succeeded", succeeded=1)]
        outcome = run("results", JOB, "--format", "csv")
        assert (outcome.code, outcome.stdout) == (0, "filename,item_id\r\na.jpg,itm_0\r\n")

    def test_wait_takes_the_waiting_up_again(self, run: Run, service: FakeService) -> None:
        assert run("results", JOB, "--wait").code == 0
        assert len(service.sent("GET", f"/v1/jobs/{JOB}")) == 3

    def test_of_a_running_job_are_refused_with_the_services_words(
        self, run: Run, service: FakeService
    ) -> None:
        service.upsets.append(httpx.Response(200, json=job_json("running")))
        service.upsets.append(problem(409, "job-not-finished"))
        assert run("results", JOB).code == 6

    def test_a_line_says_that_more_faces_were_found(self, run: Run, service: FakeService) -> None:
        service.polls = [job_json("succeeded", succeeded=1)]
        service.results = [photo_json(0, "a.jpg") | {"faces_truncated": True}]
        assert "1 photo shows more faces than a result holds" in run("results", JOB).stderr

    def test_a_hostile_file_name_reaches_no_terminal(self, run: Run, service: FakeService) -> None:
        service.polls = [job_json("succeeded", succeeded=1)]
        service.results = [photo_json(0, "\x1b[2J[red]\u202e.jpg")]
        outcome = run("results", JOB)
        assert "\\x1b[2J[red]\\u202e.jpg" in outcome.stdout


class TestOtherCommands:
    def test_status(self, run: Run) -> None:
        outcome = run("status", JOB)
        assert outcome.code == 0
        assert "queued" in outcome.stdout

    def test_status_of_a_failed_job_is_an_answer(self, run: Run, service: FakeService) -> None:
        service.polls = [job_json("failed", failed=1)]
        outcome = run("status", JOB, "--format", "json")
        assert outcome.code == 0
        assert json.loads(outcome.stdout)["status"] == "failed"

    def test_cancel(self, run: Run) -> None:
        outcome = run("cancel", JOB)
        assert outcome.code == 0
        assert "cancelling" in outcome.stdout

    def test_delete_does_not_ask_when_nobody_is_there(self, run: Run, service: FakeService) -> None:
        assert run("delete", JOB).code == 0
        assert len(service.sent("DELETE")) == 1

    def test_jobs_stop_at_the_limit(self, run: Run, service: FakeService) -> None:
        outcome = run("jobs", "--limit", "1", "--format", "json")
        assert [job["id"] for job in json.loads(outcome.stdout)] == [JOB]
        assert len(service.requests) == 1

    def test_jobs_as_a_table(self, run: Run) -> None:
        assert run("jobs").stdout.count(JOB) == 2

    def test_version(self, run: Run) -> None:
        outcome = run("--version")
        assert (outcome.code, outcome.stdout.split()[0]) == (0, "hfer")


def test_what_a_legacy_encoding_lacks_is_written_as_its_escape(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.results = [photo_json(0, "Zoë 東京.jpg")]
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", write_through=True))
    assert run("results", JOB).code == 0
    assert "Zoë \\u6771\\u4eac.jpg" in raw.getvalue().decode("cp1252")
