import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace
from services.trainer.data.dataset import load_prepared
from services.trainer.data.framing import on_canvas
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import IMAGES_NAME, MANIFEST_NAME, SERVED_NAME, prepare
from services.trainer.errors import DataLayoutError, RunError
from services.trainer.files import sha256_of
from services.vision.transforms import InputSpec, crop_face
from tests.fixtures.training import DATA, SIDE, striped, write_image, write_image_folder


class FixedDetector:
    """Sees one box in every photo."""

    BOX = Box(70, 60, 90, 110)

    def detect(
        self, photos: Sequence[NDArray[np.uint8]], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        del threshold, min_face_px
        return [[DetectedFace(self.BOX, (), 0.99)] for _ in photos]


class TestPrepare:
    def test_loads_back_what_the_folders_hold(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=10, test=3)
        prepare(root, out=tmp_path / "cache", config=DATA)
        data = load_prepared(tmp_path / "cache")
        assert (len(data.train), len(data.validation), len(data.test)) == (63, 7, 21)
        assert data.judged[0] is Split.TEST
        first = np.flatnonzero(data.test.labels == 2)[0]
        assert (data.test.images[first] == striped(2, seed=500)).all()

    def test_judges_on_validation_without_a_test_split(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=4, test=0, val=2)
        prepare(root, out=tmp_path / "cache", config=DATA)
        split, judged = load_prepared(tmp_path / "cache").judged
        assert (split, len(judged)) == (Split.VALIDATION, 14)

    def test_an_archive_gives_the_same_arrays_and_its_own_hash(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        archive = tmp_path / "data.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(root, arcname="data")
        plain = prepare(root, out=tmp_path / "a", config=DATA)
        packed = prepare(archive, out=tmp_path / "b", config=DATA)
        assert packed["images_sha256"] == plain["images_sha256"]
        assert packed["source_sha256"] == sha256_of(archive) != plain["source_sha256"]

    def test_the_hash_of_a_folder_follows_its_names_and_bytes(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        before = prepare(root, out=tmp_path / "a", config=DATA)["source_sha256"]
        (root / "train/fear/000.png").rename(root / "train/anger/zzz.png")
        after = prepare(root, out=tmp_path / "b", config=DATA)["source_sha256"]
        assert after != before

    def test_drops_a_training_copy_of_a_test_image(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=3, test=1, val=1)
        write_image(root / "train/fear/copy.png", striped(1, seed=500))
        manifest = prepare(root, out=tmp_path / "cache", config=DATA)
        (row,) = [r for r in manifest["images"] if r["path"] == "train/fear/copy.png"]
        assert not row["kept"]
        assert load_prepared(tmp_path / "cache").test.leaked.sum() >= 1

    def test_scales_to_the_size_and_colour_asked_for(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        prepare(
            root, out=tmp_path / "cache", config=DATA.model_copy(update={"size": 24, "channels": 3})
        )
        assert load_prepared(tmp_path / "cache").train.images.shape[1:] == (24, 24, 3)

    def test_keeps_a_second_view_of_images_in_which_a_face_is_found(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        config = DATA.model_copy(update={"served_share": 0.5, "crop_margin": 0.5})
        prepare(root, out=tmp_path / "cache", config=config, detector=FixedDetector())
        train = load_prepared(tmp_path / "cache").train
        assert train.found is not None
        assert train.served is not None
        assert train.found.all()
        box = FixedDetector.BOX
        spec = InputSpec(size=SIDE, channels=1, crop_margin=0.5, mean=(0.0,), std=(1.0,))
        assert (train.served[3] == crop_face(on_canvas(train.images[3]), box, spec)).all()

    def test_refuses_another_second_view_than_the_manifest_says(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        config = DATA.model_copy(update={"served_share": 0.5})
        prepare(root, out=tmp_path, config=config, detector=FixedDetector())
        np.save(tmp_path / SERVED_NAME, np.zeros((21, SIDE, SIDE, 1), np.uint8))
        with pytest.raises(RunError, match=SERVED_NAME):
            load_prepared(tmp_path)

    def test_names_the_image_that_cannot_be_read(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        (root / "train/fear/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        with pytest.raises(DataLayoutError, match=r"train/fear/bad\.png"):
            prepare(root, out=tmp_path / "cache", config=DATA)

    def test_tells_its_progress(self, tmp_path: Path) -> None:
        seen: list[tuple[int, int]] = []
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        prepare(
            root,
            out=tmp_path / "cache",
            config=DATA,
            progress=lambda done, total: seen.append((done, total)),
        )
        assert seen[0] == (0, 21)


class TestLoadPrepared:
    def test_refuses_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="run prepare first"):
            load_prepared(tmp_path)

    def test_refuses_other_pixels_than_the_manifest_says(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        prepare(root, out=tmp_path, config=DATA)
        manifest = json.loads((tmp_path / MANIFEST_NAME).read_bytes())
        images = np.load(tmp_path / IMAGES_NAME)
        images[0, 0, 0] ^= 1
        np.save(tmp_path / IMAGES_NAME, images)
        assert manifest["images_sha256"] != sha256_of(tmp_path / IMAGES_NAME)
        with pytest.raises(RunError, match="run prepare again"):
            load_prepared(tmp_path)
