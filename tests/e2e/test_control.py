"""Leaving, coming back, cancelling, erasing, and being refused."""

import json
import signal
from pathlib import Path

import pytest

from infra.local.ports import PortBook
from infra.local.stack import LocalStack
from tests.e2e.conftest import Cli
from tests.e2e.photos import sample_paths, write_variations

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")

ENOUGH_TO_INTERRUPT = 180


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos for some five seconds of work: a command takes one to come back."""
    folder = tmp_path_factory.mktemp("many")
    write_variations(folder, count=ENOUGH_TO_INTERRUPT, seed=11)
    return folder


class TestCtrlC:
    def test_leaves_the_job_running_and_it_can_be_taken_up_again(
        self, cli: Cli, many: Path
    ) -> None:
        process = cli.start("submit", many, "--wait")
        assert process.stderr is not None
        submitted = next(line for line in process.stderr if line.startswith("Submitted "))
        job = submitted.split()[1]
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=120)
        assert process.returncode == 130
        assert f"hfer status {job}" in rest
        lines = cli.run("results", job, "--wait", "--format", "jsonl").stdout.splitlines()
        assert len(lines) == ENOUGH_TO_INTERRUPT


class TestCancel:
    def test_ends_the_job_and_accounts_for_every_photo(self, cli: Cli, many: Path) -> None:
        job = cli.run("submit", many).stdout.strip()
        cli.run("cancel", job)
        done = cli.run("results", job, "--wait", "--format", "jsonl", code=4)
        statuses = [json.loads(line)["status"] for line in done.stdout.splitlines()]
        counts = json.loads(cli.run("status", job, "--format", "json").stdout)["counts"]
        assert "cancelled" in done.stderr
        assert counts["cancelled"] > 0
        assert counts["cancelled"] == statuses.count("cancelled")
        assert len(statuses) == counts["total"] == ENOUGH_TO_INTERRUPT

    def test_comes_too_late_for_a_finished_job(self, cli: Cli) -> None:
        job = cli.run("submit", sample_paths()[0]).stdout.strip()
        cli.run("results", job, "--wait")
        assert "job-final" in cli.run("cancel", job, code=6).stderr


class TestDelete:
    def test_erases_the_job(self, cli: Cli) -> None:
        job = cli.run("submit", sample_paths()[0]).stdout.strip()
        cli.run("results", job, "--wait")
        cli.run("delete", job)
        assert "gone" in cli.run("status", job, code=6).stderr
        assert job not in cli.run("jobs").stdout


class TestRefusals:
    def test_a_wrong_key(self, cli: Cli) -> None:
        refused = cli.with_key("hfer_local_wrong").run("submit", sample_paths()[0], code=6)
        assert "unauthenticated" in refused.stderr

    def test_an_unknown_job(self, cli: Cli) -> None:
        assert "not-found" in cli.run("status", f"job_{'0' * 32}", code=6).stderr
        assert "not-found" in cli.run("status", "../healthz", code=6).stderr

    def test_a_running_job_has_no_results_yet(self, cli: Cli, many: Path) -> None:
        job = cli.run("submit", many, "--label", "kept=no").stdout.strip()
        assert "job-not-finished" in cli.run("results", job, code=6).stderr
        cli.run("results", job, "--partial")
        cli.run("delete", job)  # whatever it is by now

    def test_a_config_that_the_service_does_not_take(self, cli: Cli) -> None:
        refused = cli.run("submit", sample_paths()[0], "--min-face-px", 1, code=6)
        assert "validation" in refused.stderr
        assert "min_face_px" in refused.stderr

    def test_no_service(self, cli: Cli) -> None:
        with PortBook() as book:
            silent = cli.with_url(f"http://127.0.0.1:{book.take()}")
            assert "No answer from" in silent.run("submit", sample_paths()[0], code=5).stderr


class TestTenants:
    def test_do_not_see_each_other(self, stack: LocalStack, cli: Cli) -> None:
        job = cli.run("submit", sample_paths()[0]).stdout.strip()
        stranger = cli.with_key(stack.admin_key)
        assert "not-found" in stranger.run("status", job, code=6).stderr
