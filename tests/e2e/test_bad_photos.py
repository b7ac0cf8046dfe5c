"""Photos that cannot be analysed, beside photos that can."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.photos import sample_paths, write_bad_photos, write_plain

# One stack serves the whole session, so these stay in one process of pytest-xdist.
pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture(scope="module")
def good() -> Path:
    return sample_paths()[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bad")


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, str]:
    """The error code expected of each bad file."""
    return write_bad_photos(folder)


@pytest.fixture(scope="module")
def photos(
    module_cli: Cli, good: Path, folder: Path, expected: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """The results by file name, of bad files between a good photo and one without a face."""
    write_plain(folder / "plain.png")
    paths = [good, *(folder / name for name in expected), folder / "plain.png"]
    done = module_cli.run("submit", *paths, "--wait", "--format", "jsonl", code=3)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return {photo["filename"]: photo for photo in results}


class TestBadPhotos:
    def test_each_fails_with_its_own_code(
        self, photos: dict[str, dict[str, Any]], expected: dict[str, str]
    ) -> None:
        told = {name: photos[name]["error"]["code"] for name in expected}
        assert told == expected

    def test_each_says_what_to_do(
        self, photos: dict[str, dict[str, Any]], expected: dict[str, str]
    ) -> None:
        for name in expected:
            assert photos[name]["status"] == "failed"
            assert photos[name]["faces"] == []
            assert photos[name]["error"]["detail"].endswith(".")

    def test_their_neighbours_are_unharmed(
        self, good: Path, photos: dict[str, dict[str, Any]]
    ) -> None:
        assert photos[good.name]["status"] == "succeeded"
        assert photos[good.name]["error"] is None

    def test_no_face_is_a_result(self, photos: dict[str, dict[str, Any]]) -> None:
        assert photos["plain.png"]["status"] == "no_face"
        assert photos["plain.png"]["error"] is None

    def test_a_job_of_bad_photos_alone_fails(self, module_cli: Cli, folder: Path) -> None:
        done = module_cli.run("submit", folder / "text.jpg", folder / "empty.jpg", "--wait", code=4)
        assert "unsupported_format" in done.stdout

    def test_out_writes_what_can_be_drawn(
        self,
        module_cli: Cli,
        good: Path,
        folder: Path,
        expected: dict[str, str],
        tmp_path: Path,
    ) -> None:
        assert expected
        module_cli.run("submit", good, folder / "text.jpg", "--out", tmp_path, code=3)
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == sorted([f"{good.stem}.annotated.jpg", "results.csv", "results.json"])
