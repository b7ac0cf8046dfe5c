import numpy as np
import pytest

from services.vision.detectors.boxes import Floats
from services.vision.detectors.mtcnn import PNET_THRESHOLD, RNET_THRESHOLD, logit
from services.vision.detectors.screening import ScreenedNetworks


class Networks:
    """P-Net's logit is the mean of its window's pixels, R-Net's score the first pixel, plus
    an error that low precision would make.
    """

    def __init__(self, error: float = 0.0) -> None:
        self.error = np.float32(error)
        self.windows = 0
        self.candidates = 0

    def pnet(self, pixels: Floats) -> Floats:
        rows, columns = ((side - 1) // 2 - 4 for side in pixels.shape[1:])
        cells = np.empty((5, rows, columns), np.float32)
        for y in range(rows):
            for x in range(columns):
                cells[:, y, x] = self._cell(pixels[:, 2 * y : 2 * y + 12, 2 * x : 2 * x + 12])
        return cells

    def pnet_windows(self, windows: Floats) -> Floats:
        assert windows.shape[1:] == (3, 12, 12)
        assert len(windows)
        self.windows += len(windows)
        cells = [self._cell(window) for window in windows]
        return np.array(cells, np.float32).reshape(len(windows), 5)

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        self.candidates += len(crops)
        scores = crops[:, 0, 0, 0] + self.error
        return scores, np.tile(scores[:, np.newaxis], 4)

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        return crops[:, 0, 0, 0] + self.error, np.empty((0, 4)), np.empty((0, 10))

    def _cell(self, window: Floats) -> Floats:
        mean = window.mean(dtype=np.float64) + self.error
        return np.array([mean, *window[:, 0, 0], window.std() + self.error], np.float32)


@pytest.fixture
def exact() -> Networks:
    return Networks()


@pytest.fixture
def screened(exact: Networks, monkeypatch: pytest.MonkeyPatch) -> ScreenedNetworks:
    monkeypatch.setattr("services.vision.detectors.screening._SCREENED_PIXELS", 0)
    return ScreenedNetworks(exact, Networks(error=0.05))


class TestPnet:
    @pytest.mark.parametrize("size", [(40, 52), (41, 52), (40, 51), (41, 51), (12, 12), (13, 13)])
    def test_is_exact_wherever_a_face_may_be(
        self, screened: ScreenedNetworks, size: tuple[int, int]
    ) -> None:
        pixels = np.random.default_rng(0).normal(0.5, 1.5, (3, *size)).astype(np.float32)
        expected = Networks().pnet(pixels)
        cells = screened.pnet(pixels)
        hits = expected[0] >= logit(PNET_THRESHOLD)
        assert hits.any()
        assert np.array_equal(cells[0] >= logit(PNET_THRESHOLD), hits)
        assert np.allclose(cells[:, hits], expected[:, hits], atol=1e-5)

    def test_asks_again_for_likely_cells_only(
        self, screened: ScreenedNetworks, exact: Networks
    ) -> None:
        pixels = np.full((3, 40, 52), -9, np.float32)
        pixels[:, :12, :12] = 9
        cells = screened.pnet(pixels)
        assert 0 < exact.windows < cells[0].size / 4

    def test_finds_no_cell_in_darkness(self, screened: ScreenedNetworks, exact: Networks) -> None:
        cells = screened.pnet(np.full((3, 30, 30), -9, np.float32))
        assert cells[0].max() < logit(PNET_THRESHOLD)
        assert exact.windows == 0

    def test_leaves_small_levels_to_the_exact_network(self, exact: Networks) -> None:
        rough = Networks(error=0.05)
        pixels = np.zeros((3, 20, 20), np.float32)
        cells = ScreenedNetworks(exact, rough).pnet(pixels)
        assert np.array_equal(cells, Networks().pnet(pixels))


class TestRnet:
    def test_is_exact_wherever_a_face_may_be(
        self, screened: ScreenedNetworks, exact: Networks
    ) -> None:
        crops = np.zeros((50, 24, 24, 3), np.float32)
        crops[:, 0, 0, 0] = np.linspace(0, 1, 50)
        scores, offsets = screened.rnet(crops)
        passed = crops[:, 0, 0, 0] > RNET_THRESHOLD
        assert np.array_equal(scores > RNET_THRESHOLD, passed)
        assert np.array_equal(scores[passed], crops[passed, 0, 0, 0])
        assert np.array_equal(offsets[passed, 0], scores[passed])
        assert passed.sum() <= exact.candidates < 25


def test_onet_is_the_exact_one(screened: ScreenedNetworks) -> None:
    crops = np.ones((2, 48, 48, 3), np.float32)
    assert screened.onet(crops)[0].tolist() == [1, 1]
