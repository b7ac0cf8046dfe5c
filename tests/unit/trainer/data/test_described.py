"""A data set of the service: read by its own word, framed as it says, known by its files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.common.domain.faces import Box, DetectedFace
from services.trainer.config import DataConfig
from services.trainer.data.decoding import decode_known
from services.trainer.data.described import read_description
from services.trainer.data.framing import cut_as_served, known_face
from services.trainer.data.layouts import KnownBox, Split, scan
from services.trainer.data.prepare import prepare
from services.trainer.errors import DataLayoutError
from services.vision.transforms import InputSpec, crop_detected

SPEC = InputSpec(size=24, channels=1, crop_margin=0.1, centre_dy=0.05, mean=(0,), std=(1,))
COLUMNS = "file,surprise,fear,disgust,happiness,anger,sadness,neutral,unknown,nf,split,margin,roll"
NAMES = ("surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral")


def face_file(path: Path, seed: int, side: int = 96) -> str:
    """Write blotches, no one's face, and return the file's SHA-256."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8))
    coarse.resize((side, side), Image.Resampling.BICUBIC).save(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An archive of 84 faces as the service writes it, unpacked."""
    folder = tmp_path / "party-1"
    (folder / "faces").mkdir(parents=True)
    rows, faces = [COLUMNS], []
    for number in range(84):
        name = f"faces/{number:02d}.png"
        digest = face_file(folder / name, number)
        votes = ",".join("2" if place == number % 7 else "0" for place in range(7))
        split = ("train", "test", "validation")[number // 7 % 3]
        rows.append(f"{name},{votes},1,0,{split},0.6,{'' if number % 2 else 12.5}")
        faces.append({"file": name, "sha256": digest})
    (folder / "votes.csv").write_text("\n".join(rows) + "\n")
    told: dict[str, Any] = {
        "format": "hfer-dataset",
        "format_version": 1,
        "id": f"dst_{'1' * 32}",
        "name": "party",
        "version": 1,
        "erased": 2,
        "licence": None,
        "consent": "release forms",
        "faces": faces,
    }
    (folder / "dataset.json").write_text(json.dumps(told))
    return folder


class TestTable:
    def test_says_each_images_split_and_where_its_face_is(self, data: Path) -> None:
        samples = scan(data)
        assert {sample.split for sample in samples} == set(Split)
        assert samples[0].box == KnownBox(0.6, 12.5)
        assert samples[1].box == KnownBox(0.6, None)

    def test_one_without_these_columns_is_read_as_before(self, data: Path) -> None:
        (data / "votes.csv").write_text(
            ",".join(("file", *NAMES)) + "\nfaces/00.png,1,0,0,0,0,0,0\n"
        )
        [sample] = scan(data)
        assert (sample.split, sample.box) == (None, None)

    @pytest.mark.parametrize("bad", ["-0.1", "wide", "nan", "9"])
    def test_a_margin_that_is_none_is_named(self, data: Path, bad: str) -> None:
        table = data / "votes.csv"
        table.write_text(table.read_text().replace("0.6", bad, 1))
        with pytest.raises(DataLayoutError, match=r"votes\.csv, line 2: margin"):
            scan(data)


class TestFraming:
    @pytest.mark.parametrize("roll", [None, 30.0])
    def test_a_known_box_is_cut_as_serving_would_cut_it(
        self, tmp_path: Path, roll: float | None
    ) -> None:
        face_file(tmp_path / "a.png", 3, side=160)
        data = (tmp_path / "a.png").read_bytes()
        image = np.asarray(Image.open(tmp_path / "a.png"))
        box = KnownBox(0.6, roll)
        served = crop_detected(image, DetectedFace(Box(30, 30, 100, 100), (), 1.0, roll=roll), SPEC)
        found = decode_known(data, path="a.png", spec=SPEC, box=box)
        assert np.array_equal(found, served)
        [prepared] = cut_as_served(image[np.newaxis], [known_face(box, side=160)], SPEC)
        assert np.abs(prepared.astype(int) - served).mean() < 4

    def test_without_a_box_the_image_is_taken_whole(self, tmp_path: Path) -> None:
        face_file(tmp_path / "a.png", 3)
        data = (tmp_path / "a.png").read_bytes()
        whole = decode_known(data, path="a.png", spec=SPEC, box=None)
        known = decode_known(data, path="a.png", spec=SPEC.whole, box=KnownBox(0.0, None))
        assert np.array_equal(whole, known)


class NoDetector:
    """Fails if it is asked: the data set says where each face is."""

    def detect(self, photos: object) -> Any:  # noqa: ARG002 - the protocol's
        raise AssertionError("looked for faces")


class TestPrepare:
    def config(self) -> DataConfig:
        return DataConfig(size=24, framing="served", crop_margin=0.0, centre_dx=0.0, centre_dy=0.0)

    def test_takes_splits_boxes_and_name_from_the_data_set(
        self, data: Path, tmp_path: Path
    ) -> None:
        manifest = prepare(data, out=tmp_path / "out", config=self.config(), detector=NoDetector())
        assert manifest["facts"]["name"] == f"party, version 1 (dst_{'1' * 32})"
        assert manifest["data_set"] == {
            "id": f"dst_{'1' * 32}",
            "name": "party",
            "version": 1,
            "erased": 2,
            "licence": None,
            "consent": "release forms",
            "faces": 84,
        }
        assert {row["split"] for row in manifest["images"]} == {"train", "validation", "test"}
        assert all(row["found"] for row in manifest["images"])

    def test_refuses_a_face_that_is_not_the_data_sets(self, data: Path, tmp_path: Path) -> None:
        face_file(data / "faces/05.png", 999)
        with pytest.raises(DataLayoutError, match=r"faces/05\.png is not the file"):
            prepare(data, out=tmp_path / "out", config=self.config(), detector=NoDetector())

    @pytest.mark.parametrize("damage", ["{", "[]", '{"format": "hfer-dataset"}'])
    def test_a_damaged_description_is_told(self, data: Path, damage: str) -> None:
        (data / "dataset.json").write_text(damage)
        with pytest.raises(DataLayoutError, match="is damaged"):
            read_description(data)

    def test_so_is_one_of_a_later_version(self, data: Path) -> None:
        path = data / "dataset.json"
        path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
        with pytest.raises(DataLayoutError, match="another version"):
            read_description(data)
