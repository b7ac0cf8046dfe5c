import json
from pathlib import Path

import pytest

from services.common.db.tables import Model
from services.common.registry.figures import on_the_same_test
from services.trainer.data.prepare import prepare
from services.trainer.data.seen import SEEN_NAME, seen_in
from services.trainer.errors import SeenImagesError
from services.trainer.evaluation.bundle import evaluate_bundle
from services.trainer.evaluation.recorded import record_comparison
from services.vision.bundle import Bundle, load_bundle, load_golden, write_bundle
from tests.fixtures.bundles import tiny_card, write_tiny_bundle
from tests.fixtures.training import DATA, write_image_folder
from tests.fixtures.votes import joined


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_image_folder(tmp_path / "data", train=0, test=3) / "test"


@pytest.fixture
def newer(tmp_path: Path) -> Bundle:
    return write_tiny_bundle(tmp_path / "newer", card=tiny_card(version="0.2.0"), seed=5)


def row(bundle: Bundle) -> Model:
    return Model(
        sha256=bytes.fromhex(bundle.identity),
        manifest=json.loads((bundle.directory / "bundle.json").read_text()),
    )


class TestRecordComparison:
    def test_lets_the_gate_hold_a_bundle_to_one_without_hashes(
        self, tiny_bundle: Bundle, newer: Bundle, data: Path
    ) -> None:
        assert on_the_same_test(row(newer), row(tiny_bundle)) is None
        old, new = (evaluate_bundle(each.directory, data) for each in (tiny_bundle, newer))
        written = record_comparison(old, new)
        same = on_the_same_test(row(written), row(tiny_bundle))
        assert same is not None
        for found, evaluated in ((same.candidate, new), (same.active, old)):
            told = evaluated.as_json()
            assert found.macro_f1 == told["macro_f1"]
            assert found.accuracy == told["accuracy"]
            assert found.test_sha256 == told["test_sha256"]
        assert (same.active.truth, same.active.n) == ("data set", 21)

    def test_leaves_a_whole_bundle_of_another_identity(
        self, tiny_bundle: Bundle, newer: Bundle, data: Path
    ) -> None:
        old, new = (evaluate_bundle(each.directory, data) for each in (tiny_bundle, newer))
        written = record_comparison(old, new)
        assert written.identity == load_bundle(newer.directory).identity != newer.identity
        assert written.manifest.metrics["accuracy"] == newer.manifest.metrics["accuracy"]
        assert written.manifest.files == newer.manifest.files

    def test_again_replaces_what_was_written(
        self, tiny_bundle: Bundle, newer: Bundle, data: Path
    ) -> None:
        old = evaluate_bundle(tiny_bundle.directory, data)
        for _ in range(2):
            written = record_comparison(old, evaluate_bundle(newer.directory, data))
        assert len(written.manifest.metrics["comparisons"]) == 1

    def test_takes_the_majority_of_votes_where_there_are_any(
        self, tiny_bundle: Bundle, newer: Bundle, data: Path, tmp_path: Path
    ) -> None:
        for path in sorted(data.rglob("*.png")):
            path.rename(path.with_name(f"{path.parent.name}-{path.name}"))
        files = sorted(path.name for path in data.rglob("*.png"))
        votes = {file: {"happiness": 9, "neutral": 1} for file in files}
        votes[files[0]] = {"happiness": 5, "neutral": 5}
        table = joined(tmp_path / "votes.csv", votes)
        old, new = (
            evaluate_bundle(each.directory, data, votes=[table]) for each in (tiny_bundle, newer)
        )
        (found,) = record_comparison(old, new).manifest.metrics["comparisons"]
        judges = new.as_json()["judges"]
        assert (found["truth"], found["n"]) == ("judges", len(files) - 1)
        assert found["accuracy"] == judges["agreement"]["value"]
        assert found["test_sha256"] == judges["test_sha256"]

    def test_refuses_images_that_either_bundle_has_seen(
        self, tiny_bundle: Bundle, newer: Bundle, tmp_path: Path
    ) -> None:
        data = write_image_folder(tmp_path / "seen", train=1, test=0)
        rows = prepare(data, out=tmp_path / "cache", config=DATA)["images"]
        trained = write_bundle(
            tmp_path / "trained",
            card=tiny_card(),
            model=tiny_bundle.model_path().read_bytes(),
            golden=load_golden(tiny_bundle),
            extras={SEEN_NAME: seen_in(rows).as_bytes()},
        )
        old, new = (
            evaluate_bundle(each.directory, data / "train", allow_seen=True)
            for each in (trained, newer)
        )
        with pytest.raises(SeenImagesError):
            record_comparison(old, new)
        assert load_bundle(newer.directory).identity == newer.identity
