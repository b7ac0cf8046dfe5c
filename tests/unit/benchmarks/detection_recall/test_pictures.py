import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.detection_recall.fixed_set import Digest, crowds, crowds_of_images
from benchmarks.detection_recall.pictures import (
    LIGHTS,
    Picture,
    crowd,
    cut,
    pixels,
    portrait,
    tiles,
)
from benchmarks.detection_recall.sources import Source, sample_faces
from services.common.domain.faces import Box


def spot() -> Source:
    """A black face of 40 x 50 px with a white spot on its forehead, on gray."""
    photo = np.full((200, 300, 3), 128, np.uint8)
    photo[60:110, 120:160] = 0
    photo[64:72, 136:144] = 255
    return Source("spot", Image.fromarray(photo), Box(120.0, 60.0, 40.0, 50.0))


def brightest(image: Image.Image) -> tuple[float, float]:
    y, x = np.nonzero(pixels(image)[..., 0] > 200)
    return float(x.mean()), float(y.mean())


class TestPortrait:
    def test_the_face_is_in_the_middle_at_the_size_asked_for(self) -> None:
        picture, box = portrait(spot(), 25, canvas=100)
        assert picture.size == (100, 100)
        assert box.corners == pytest.approx((40, 37.5, 60, 62.5), abs=1)
        assert (pixels(picture)[46:60, 44:56] < 60).all()

    @pytest.mark.parametrize(
        ("degrees", "place"), [(0, (50, 32)), (90, (68, 50)), (180, (50, 68)), (270, (32, 50))]
    )
    def test_turns_clockwise_about_the_middle(
        self, degrees: float, place: tuple[float, float]
    ) -> None:
        picture, box = portrait(spot(), 50, canvas=100, degrees=degrees)
        assert brightest(picture) == pytest.approx(place, abs=1.5)
        assert box.x + box.w / 2 == pytest.approx(50, abs=1)

    def test_mirrors(self) -> None:
        source = sample_faces()[0]
        as_it_is = pixels(portrait(source, 48, canvas=64)[0]).astype(int)
        mirrored = pixels(portrait(source, 48, canvas=64, mirrored=True)[0]).astype(int)
        assert np.abs(mirrored[:, ::-1] - as_it_is).mean() < 15
        assert np.abs(mirrored - as_it_is).mean() > 30


class TestCut:
    @pytest.mark.parametrize(
        ("edge", "size", "rest"),
        [
            ("left", (50, 100), (0, 40, 10, 50)),
            ("right", (50, 100), (40, 40, 10, 50)),
            ("top", (100, 35), (40, 0, 20, 25)),
            ("bottom", (100, 65), (40, 40, 20, 25)),
        ],
    )
    def test_takes_its_part_of_the_face(
        self, edge: str, size: tuple[int, int], rest: tuple[float, ...]
    ) -> None:
        whole = Image.new("RGB", (100, 100))
        picture, box = cut(whole, Box(40.0, 40.0, 20.0, 50.0), edge=edge, part=0.5)
        assert picture.size == size
        assert (box.x, box.y, box.w, box.h) == rest


class TestLights:
    @pytest.mark.parametrize(
        ("name", "low", "high"),
        [("dark", 0, 20), ("faded", 190, 255), ("low contrast", 115, 140), ("overexposed", 0, 255)],
    )
    def test_levels(self, name: str, low: int, high: int) -> None:
        rgb = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
        lit = LIGHTS[name](rgb, Box(0.0, 0.0, 1.0, 1.0))
        assert (lit.min(), lit.max()) == (low, high)
        assert (np.diff(lit[0, :, 0].astype(int)) >= 0).all()

    def test_backlit_is_dark_on_the_face_alone(self) -> None:
        rgb = np.full((100, 100, 3), 160, np.uint8)
        lit = LIGHTS["backlit"](rgb, Box(40.0, 40.0, 20.0, 20.0))
        assert lit[50, 50, 0] == 20
        assert lit[5, 5, 0] > 200

    def test_a_cast_takes_the_blue(self) -> None:
        lit = LIGHTS["colour cast and noise"](np.full((64, 64, 3), 160, np.uint8), Box(0, 0, 9, 9))
        assert lit.mean(axis=(0, 1)) == pytest.approx((160, 96, 40), abs=3)


class TestCrowd:
    def test_one_face_in_each_cell(self) -> None:
        photo, boxes = crowd(sample_faces(), 28, cell=60, columns=4, rows=3, seed=1)
        assert photo.size == (240, 180)
        cells = {(int((b.x + b.w / 2) // 60), int((b.y + b.h / 2) // 60)) for b in boxes}
        assert len(boxes) == len(cells) == 12
        assert {round(box.side) for box in boxes} == {28}

    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        first, other = (
            hashlib.sha256(
                crowd(sample_faces(), 24, cell=48, columns=3, rows=2, seed=seed)[0].tobytes()
            ).hexdigest()
            for seed in (5, 6)
        )
        assert first == FIRST_CROWD
        assert other != first

    def test_crowds_are_of_150(self) -> None:
        picture = next(crowds([spot()], "crowds"))
        assert len(picture.faces) == 150
        assert picture.rgb.shape == (480, 720, 3)


# On every machine: Pillow resamples in integers.
FIRST_CROWD = "d14785b5a52d0e7441b202b0b3b082148ec78680d767e04f3d5fbbf31ac5a539"


class TestCrowdsOfImages:
    def test_show_the_face_images_below_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "happy").mkdir()
        Image.new("L", (48, 48), 255).save(tmp_path / "happy" / "1.png")
        first = next(crowds_of_images(tmp_path))
        assert first.row == "24 px"
        assert len(first.faces) == 150
        assert {round(face.side) for face in first.faces} == {24}
        for face in first.faces:
            x, y = int(face.x + face.w / 2), int(face.y + face.h / 2)
            assert first.rgb[y, x].min() >= 200

    def test_need_a_folder_with_images(self, tmp_path: Path) -> None:
        archive = tmp_path / "fer2013.tar.gz"
        archive.write_bytes(b"")
        for data in (tmp_path, archive):
            with pytest.raises(ValueError, match="no folder with PNG images"):
                crowds_of_images(data)


def test_tiles_are_within_the_picture() -> None:
    picture = Image.linear_gradient("L").convert("RGB").resize((300, 200))
    parts = tiles(picture, count=3, seed=0, side=64)
    assert [part.size for part in parts] == [(64, 64)] * 3
    assert len({part.tobytes() for part in parts}) == 3


class TestDigest:
    def test_depends_on_pixels_and_places(self) -> None:
        black = np.zeros((2, 2, 3), np.uint8)
        pictures = [
            Picture("a", "b", black, ()),
            Picture("a", "b", black + 1, ()),
            Picture("a", "b", black, (Box(0, 0, 1, 1),)),
        ]
        digests = set()
        for picture in pictures:
            digest = Digest()
            assert list(digest.passing([picture])) == [picture]
            digests.add(digest.hex())
        assert len(digests) == 3
