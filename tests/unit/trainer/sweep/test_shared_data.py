import shutil
from pathlib import Path

import numpy as np
import pytest

from services.trainer.config import DataConfig, TrainConfig, with_overrides
from services.trainer.data.dataset import load_prepared
from services.trainer.data.prepare import prepare
from services.trainer.sweep.shared_data import data_folder, share_data
from tests.fixtures.training import tiny_config, write_image_folder


class TestShareData:
    def share(self, sweep: Path, config: TrainConfig, *, run: str) -> list[Path]:
        made: list[Path] = []

        def make(out: Path) -> None:
            made.append(out)
            prepare(sweep.parent / "images", out=out, config=config.data)

        share_data(sweep, config=config, run=sweep / run, prepare=make)
        return made

    def test_is_prepared_once_and_survives_a_move(self, tmp_path: Path) -> None:
        write_image_folder(tmp_path / "images", train=4, test=1)
        sweep = tmp_path / "sweep"
        assert len(self.share(sweep, tiny_config(), run="a/seed-0")) == 1
        assert self.share(sweep, with_overrides(tiny_config(), ["optim.lr=1"]), run="b") == []
        assert self.share(sweep, tiny_config(), run="a/seed-0") == []
        assert len(list(sweep.rglob("images.npy"))) == 1
        shutil.move(sweep, tmp_path / "moved")
        loaded = [load_prepared(tmp_path / "moved" / run / "data") for run in ("a/seed-0", "b")]
        np.testing.assert_array_equal(loaded[0].train.images, loaded[1].train.images)

    def test_is_prepared_again_where_it_was_interrupted(self, tmp_path: Path) -> None:
        write_image_folder(tmp_path / "images", train=4, test=1)
        folder = data_folder(tmp_path / "sweep", tiny_config().data)
        folder.mkdir(parents=True)
        (folder / "images.npy").write_bytes(b"half")
        assert self.share(tmp_path / "sweep", tiny_config(), run="a") == [folder]

    @pytest.mark.parametrize(
        ("setting", "same"),
        [("size=24", False), ("split_seed=3", False), ("name=x", True), ("crop_margin=0.2", True)],
    )
    def test_only_what_changes_the_arrays_needs_others(
        self, tmp_path: Path, setting: str, same: bool
    ) -> None:
        changed = with_overrides(tiny_config(), [f"data.{setting}"]).data
        folders = {data_folder(tmp_path, one) for one in (tiny_config().data, changed)}
        assert len(folders) == (1 if same else 2)
        assert data_folder(tmp_path, DataConfig()) not in folders
