import shutil
from pathlib import Path

import numpy as np
import pytest

from services.common.domain.bundles import MODEL_NAME
from services.trainer.config import TrainConfig
from services.trainer.data.prepare import prepare
from services.trainer.data.seen import (
    SEEN_NAME,
    SeenImages,
    keep_earlier,
    seen_by,
    seen_by_earlier,
    seen_by_run,
    seen_in,
)
from services.trainer.errors import SeenImagesError
from services.vision.bundle import Bundle, load_golden, write_bundle
from tests.fixtures.bundles import tiny_card
from tests.fixtures.training import DATA, tiny_config, write_image_folder

A, B, C = (f"{digit}" * 64 for digit in "abc")


def rows(**splits: str) -> list[dict[str, object]]:
    return [{"sha256": digit * 64, "split": split, "kept": True} for digit, split in splits.items()]


def with_list(bundle: Bundle, folder: Path, content: bytes) -> str:
    """The same network in a bundle that carries this list."""
    write_bundle(
        folder,
        card=tiny_card(),
        model=(bundle.directory / MODEL_NAME).read_bytes(),
        golden=load_golden(bundle),
        extras={SEEN_NAME: content},
    )
    return str(folder)


def going_on_from(weights: str, *, teacher: str | None = None) -> TrainConfig:
    config = tiny_config()
    distill = config.loss.distill.model_copy(update={"bundle": teacher})
    return config.model_copy(
        update={
            "model": config.model.model_copy(update={"weights": weights}),
            "loss": config.loss.model_copy(update={"distill": distill}),
        }
    )


class TestSeenImages:
    def test_knows_files_by_their_hash(self) -> None:
        seen = seen_in(rows(a="train", b="validation", c="test"))
        assert seen.trained_on([A, B, C]).tolist() == [True, False, False]
        assert seen.calibrated_on([A, B, C]).tolist() == [False, True, False]

    def test_what_training_left_out_was_not_seen(self) -> None:
        left_out = [{**row, "kept": False} for row in rows(a="train")]
        assert not seen_in(left_out).trained_on([A]).any()

    @pytest.mark.parametrize("complete", [True, False])
    def test_is_read_back(self, tiny_bundle: Bundle, tmp_path: Path, complete: bool) -> None:
        found = seen_in(rows(a="train", b="validation"))
        content = SeenImages(found.train, found.validation, complete).as_bytes()
        folder = Path(with_list(tiny_bundle, tmp_path / "b", content))
        read = seen_by_earlier(going_on_from(str(folder)))
        assert read.trained_on([A, B]).tolist() == [True, False]
        assert read.calibrated_on([A, B]).tolist() == [False, True]
        assert read.complete is complete


class TestEarlierModels:
    def test_both_the_weights_and_the_teacher_count(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        first = with_list(tiny_bundle, tmp_path / "1", seen_in(rows(a="train")).as_bytes())
        second = with_list(tiny_bundle, tmp_path / "2", seen_in(rows(b="train")).as_bytes())
        seen = seen_by_earlier(going_on_from(first, teacher=second))
        assert seen.trained_on([A, B, C]).tolist() == [True, True, False]

    @pytest.mark.parametrize("weights", ["none", "imagenet"])
    def test_published_weights_know_none_of_these_images(self, weights: str) -> None:
        seen = seen_by_earlier(going_on_from(weights))
        assert (len(seen.train), seen.complete) == (0, True)

    def test_a_bundle_without_a_list_leaves_it_open(self, tiny_bundle: Bundle) -> None:
        assert seen_by(tiny_bundle) is None
        assert not seen_by_earlier(going_on_from(str(tiny_bundle.directory))).complete

    def test_a_list_that_cannot_be_read_is_named(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        broken = with_list(tiny_bundle, tmp_path / "b", b"no arrays")
        with pytest.raises(SeenImagesError, match=r"What .*/b was trained on cannot be read"):
            seen_by_earlier(going_on_from(broken))


class TestRun:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Path:
        data = write_image_folder(tmp_path / "data", train=3, test=1, val=1)
        prepare(data, out=tmp_path / "run" / "data", config=DATA)
        return tmp_path / "run"

    def test_holds_its_own_images_and_those_of_a_parent_that_is_gone(
        self, run: Path, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        parent = with_list(tiny_bundle, tmp_path / "b", seen_in(rows(a="train")).as_bytes())
        keep_earlier(run, going_on_from(parent))
        shutil.rmtree(parent)
        seen = seen_by_run(run, going_on_from(parent))
        assert seen.trained_on([A]).all()
        assert (len(seen.train), len(seen.validation), seen.complete) == (22, 7, True)

    def test_is_a_parent_itself(self, run: Path) -> None:
        keep_earlier(run, tiny_config())
        grandchild = seen_by_earlier(going_on_from(str(run)))
        assert np.array_equal(grandchild.train, seen_by_run(run, tiny_config()).train)
        assert grandchild.complete

    def test_of_an_older_trainer_says_what_it_can(
        self, run: Path, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        parent = with_list(tiny_bundle, tmp_path / "b", seen_in(rows(a="train")).as_bytes())
        assert seen_by_run(run, going_on_from(parent)).trained_on([A]).all()
        shutil.rmtree(parent)
        assert not seen_by_run(run, going_on_from(parent)).complete
