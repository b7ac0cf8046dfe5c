"""A second model through the command line: published, activated, rolled back, tried."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hfer import Client
from infra.local.stack import LocalStack
from tests.e2e.conftest import Cli
from tests.e2e.photos import sample_paths
from tests.fault.model_switch import SHIPPED, another_version

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")

# A worker looks for a change every two seconds; the rest is a slow machine's.
FOLLOWS_S = 60
VERSION = "99.0.0"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped network under another version and with another temperature."""
    return another_version(SHIPPED, tmp_path_factory.mktemp("second") / "bundle", version=VERSION)


@pytest.fixture(scope="module")
def admin(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(url=stack.url, key=stack.admin_key, folder=tmp_path_factory.mktemp("admin"))


@pytest.fixture(scope="module")
def shipped(admin: Cli) -> Iterator[str]:
    """The id of the model that ships; it answers again when these tests are over."""
    [model] = (entry for entry in models(admin) if entry["active"])
    yield model["id"]
    admin.run("models", "canary", "stop")
    admin.run("models", "activate", model["id"], "--force")


@pytest.fixture(scope="module")
def second(admin: Cli, bundle: Path, shipped: str) -> str:
    """The id of the second model, published and not active."""
    model = admin.run("models", "publish", bundle).stdout.strip()
    assert model != shipped
    return model


def models(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli.run("models", "list", "--json").stdout)
    return found


def answering(cli: Cli) -> str:
    """Submit a photo and return the model that its result names.

    By the package: asked over and over, the command would start a Python each time.
    """
    with Client(cli.url, cli.key) as client:
        job = client.submit(sample_paths()[0])
        job.wait(timeout_s=FOLLOWS_S)
        (photo,) = job.results()
    return str(photo.model_version)


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask until it holds; each asking is a photo's whole way."""
    deadline = time.monotonic() + FOLLOWS_S
    while not holds():
        assert time.monotonic() < deadline, f"the workers did not follow within {FOLLOWS_S} s"


def wait_until_answers(cli: Cli, version: str) -> None:
    wait_until(lambda: answering(cli).startswith(version))


class TestShippedModel:
    def test_is_active_and_shows_its_card(self, cli: Cli, shipped: str) -> None:
        shown = cli.run("models", "show", shipped).stdout
        assert "active" in shown
        assert "macro F1" in shown
        detail = json.loads(cli.run("models", "show", shipped, "--json").stdout)
        assert detail["card"] == (SHIPPED / "MODEL_CARD.md").read_text()


class TestPublish:
    def test_needs_a_key_that_may(self, cli: Cli, bundle: Path) -> None:
        refused = cli.run("models", "publish", bundle, code=6)
        assert "insufficient-scope" in refused.stderr

    def test_again_is_the_same_model(self, admin: Cli, bundle: Path, second: str) -> None:
        assert admin.run("models", "publish", bundle).stdout.strip() == second
        assert [entry["active"] for entry in models(admin) if entry["id"] == second] == [False]

    def test_of_an_altered_file_names_it(
        self, admin: Cli, second: str, bundle: Path, tmp_path: Path
    ) -> None:
        for path in bundle.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "golden.npz").write_bytes(b"not so golden")
        refused = admin.run("models", "publish", tmp_path, code=6)
        assert "golden.npz is not what its SHA-256" in refused.stderr
        assert second in {entry["id"] for entry in models(admin)}


class TestChoose:
    def test_results_name_the_model_that_was_activated_then_the_one_before(
        self, cli: Cli, admin: Cli, second: str, shipped: str
    ) -> None:
        there = json.loads(admin.run("models", "activate", second, "--json").stdout)
        assert there["checked"]  # a live worker has loaded it
        wait_until_answers(cli, f"starter-{VERSION}+")
        back = json.loads(admin.run("models", "rollback", "--json").stdout)
        assert (back["id"], back["active"]) == (shipped, True)
        wait_until_answers(cli, back["model_version"])

    def test_a_version_stands_for_the_id(self, admin: Cli, second: str) -> None:
        shown = json.loads(admin.run("models", "show", f"starter-{VERSION}", "--json").stdout)
        assert shown["id"] == second
        assert "fits several models" in admin.run("models", "show", "starter", code=2).stderr


class TestCanary:
    def test_answers_its_share_and_counts_how_often_it_agrees(
        self, cli: Cli, admin: Cli, second: str, shipped: str
    ) -> None:
        admin.run("models", "canary", "start", second, "--share", "1")
        wait_until_answers(cli, f"starter-{VERSION}+")
        report: dict[str, Any] = {}

        def counted() -> bool:
            report.update(json.loads(cli.run("models", "canary", "status", "--json").stdout))
            return bool(report["faces"])

        wait_until(counted)
        # Another temperature never changes which answer is first, only how sure it is.
        assert report["agreement"] == 1.0
        assert 0 < report["mean_abs_dp"] < 0.5
        assert report["baseline"]["id"] == shipped
        admin.run("models", "canary", "stop")
        wait_until_answers(cli, report["baseline"]["model_version"])

    def test_is_refused_for_the_active_model(self, admin: Cli, shipped: str) -> None:
        refused = admin.run("models", "canary", "start", shipped, "--share", "0.5", code=6)
        assert "canary-is-active" in refused.stderr
