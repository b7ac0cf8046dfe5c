import itertools

import numpy as np
import pytest

from services.vision.detectors.boxes import Floats
from services.vision.detectors.mtcnn import MtcnnDetector, _bands, pyramid
from tests.fixtures.photos import noise


class Blind:
    """Networks that see a face nowhere, and remember what they were shown."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def pnet(self, pixels: Floats) -> Floats:
        self.shapes.append(pixels.shape)
        rows, columns = ((side - 1) // 2 - 4 for side in pixels.shape[1:])
        return np.zeros((5, rows, columns), np.float32)

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        self.shapes.append(crops.shape)
        return np.zeros(len(crops), np.float32), np.zeros((len(crops), 4), np.float32)

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        raise AssertionError(f"no candidate may come this far, but {len(crops)} did")


class Credulous(Blind):
    """Networks that take every window for a face, some of them moved out of the photo."""

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = offset

    def pnet(self, pixels: Floats) -> Floats:
        cells = super().pnet(pixels)
        cells[0] += 9
        cells[1:] += self.offset
        return cells

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        scores, offsets = super().rnet(crops)
        return scores + 1, offsets

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        self.shapes.append(crops.shape)
        count = len(crops)
        landmarks = np.tile(np.array([0.5] * 10, np.float32), (count, 1))
        return np.ones(count, np.float32), np.zeros((count, 4), np.float32), landmarks


class TestPyramid:
    def test_starts_where_the_window_meets_faces_of_20_pixels(self) -> None:
        assert pyramid(100, 200)[0] == pytest.approx(12 / 20)

    def test_ends_where_the_window_fills_the_shorter_side(self) -> None:
        smallest = pyramid(480, 640)[-1]
        assert 12 <= 480 * smallest < 12 / 0.709

    def test_has_no_level_for_a_photo_below_20_pixels(self) -> None:
        assert pyramid(19, 400) == []


class TestBands:
    @pytest.mark.parametrize("height", [12, 13, 14, 600, 601])
    @pytest.mark.parametrize("width", [12, 5_000, 20_000, 1_000_000])
    def test_cover_each_cell_once_with_its_rows(self, height: int, width: int) -> None:
        cells: list[int] = []
        for first_cell, first_row, end_row in _bands(height, width):
            rows = end_row - first_row
            count = (rows - 1) // 2 - 4  # cells of P-Net for so many rows
            cells += range(first_cell, first_cell + count)
            assert first_row == 2 * first_cell
            assert end_row == height or rows % 2 == 0
        assert cells == list(range((height - 1) // 2 - 4))

    def test_keep_wide_levels_small(self) -> None:
        assert all((end - first) * 5_000 <= 500_000 for _, first, end in _bands(4_000, 5_000))


class TestLevels:
    def test_boxes_of_two_levels_never_overlap_enough_to_suppress_each_other(self) -> None:
        """Why stage 1 has no suppression across levels, as the reference has at 0.7."""
        scales = pyramid(5_000, 5_000)
        sides = [
            {int(np.floor((x + 12) / s) - np.floor((x + 1) / s)) for x in range(0, 2_000, 2)}
            for s in scales
        ]
        for smaller, larger in itertools.pairwise(sides):
            assert max(smaller) ** 2 / min(larger) ** 2 < 0.7


class TestDetect:
    def test_finds_nothing_with_blind_networks(self) -> None:
        photos = [noise(100, 60), noise(60, 100)]
        assert MtcnnDetector(Blind()).detect(photos) == [[], []]

    def test_takes_no_photos(self) -> None:
        assert MtcnnDetector(Blind()).detect([]) == []

    def test_scans_no_level_of_a_photo_below_20_pixels(self) -> None:
        networks = Blind()
        assert MtcnnDetector(networks).detect([noise(19, 30)]) == [[]]
        assert networks.shapes == []

    @pytest.mark.parametrize("offset", [-30.0, 30.0])
    def test_drops_candidates_outside_the_photo(self, offset: float) -> None:
        # facenet-pytorch fails on them: it has fewer crops than boxes then.
        networks = Credulous(offset)
        assert MtcnnDetector(networks).detect([noise(60, 60)]) == [[]]

    def test_bounds_every_batch(self) -> None:
        networks = Credulous(0.0)
        photos = [noise(60, 60), noise(90, 50), noise(40, 40)]
        found = MtcnnDetector(networks, batch=8).detect(photos, threshold=0.5)
        crops = [shape for shape in networks.shapes if len(shape) == 4]
        assert max(shape[0] for shape in crops) == 8
        assert {shape[1:] for shape in crops} == {(24, 24, 3), (48, 48, 3)}
        assert all(faces for faces in found)

    def test_gives_each_photo_its_own_faces(self) -> None:
        detector = MtcnnDetector(Credulous(0.0), batch=8)
        photos = [noise(60, 60), noise(90, 50)]
        together = detector.detect(photos, threshold=0.5)
        assert together == [detector.detect([photo], threshold=0.5)[0] for photo in photos]

    def test_places_landmarks_as_shares_of_the_box(self) -> None:
        (faces,) = MtcnnDetector(Credulous(0.0)).detect([noise(60, 60)], threshold=0.5)
        inside = [
            face for face in faces if min(face.box.corners) > 0 and max(face.box.corners) < 60
        ]
        assert inside
        for face in inside:
            centre = (face.box.x + face.box.w / 2, face.box.y + face.box.h / 2)
            assert len(face.landmarks) == 5
            assert np.abs(np.array(face.landmarks) - centre).max() <= 1
