import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.data import similarity
from services.trainer.data.similarity import (
    duplicate_groups,
    exact_groups,
    near_pairs,
    thumbnails,
)
from tests.fixtures.training import striped

Pixels = NDArray[np.uint8]


def pictures(*seeds: int) -> Pixels:
    return np.stack([striped(seed % 7, seed=seed, side=48) for seed in seeds])


def blended(first: Pixels, second: Pixels, share: float) -> Pixels:
    return np.rint((1 - share) * first + share * second).astype(np.uint8)


def groups(images: Pixels, *among: int, threshold: float = 0.98) -> list[list[int]]:
    chosen = np.array(among or range(len(images)), dtype=np.int64)
    return duplicate_groups(images, among=chosen, threshold=threshold)


class TestNearPairs:
    def test_correlates_as_numpy_does_plain_or_mirrored(self) -> None:
        images = pictures(*range(12))
        small = [cv2.resize(i, (24, 24), interpolation=cv2.INTER_AREA) for i in images / 1.0]
        expected = {
            (a, b)
            for a in range(12)
            for b in range(a + 1, 12)
            if max(
                np.corrcoef(small[a].ravel(), small[b].ravel())[0, 1],
                np.corrcoef(small[a].ravel(), small[b][:, ::-1].ravel())[0, 1],
            )
            > 0.3
        }
        assert 0 < len(expected) < 66
        assert set(near_pairs(thumbnails(images), threshold=0.3)) == expected

    def test_compares_two_sets_in_both_orders_of_index(self) -> None:
        found = near_pairs(thumbnails(pictures(1, 2)), thumbnails(pictures(2, 1)), threshold=0.98)
        assert sorted(found) == [(0, 1), (1, 0)]

    def test_pairs_are_the_same_whatever_the_tile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        thumbs = thumbnails(pictures(*range(10), *range(10)))
        whole = sorted(near_pairs(thumbs, threshold=0.98))
        calls: list[tuple[int, int]] = []
        monkeypatch.setattr(similarity, "_TILE", 3)
        tiled = near_pairs(thumbs, threshold=0.98, progress=lambda *both: calls.append(both))
        assert sorted(tiled) == whole == [(index, index + 10) for index in range(10)]
        assert calls == [(done, 28) for done in range(1, 29)]  # the upper half of 7 x 7 tiles

    def test_compares_two_sets_tile_by_tile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(similarity, "_TILE", 3)
        ours, theirs = thumbnails(pictures(*range(10))), thumbnails(pictures(*range(9, -1, -1)))
        found = near_pairs(ours, theirs, threshold=0.98)
        assert sorted(found) == [(index, 9 - index) for index in range(10)]

    def test_images_without_content_are_like_nothing(self) -> None:
        plain = np.full((2, 48, 48, 1), 90, dtype=np.uint8)
        assert not list(near_pairs(thumbnails(plain), threshold=0.5))

    def test_two_empty_sets_have_no_pair(self) -> None:
        nothing = thumbnails([])
        assert not list(near_pairs(nothing, nothing, threshold=0.98))


class TestDuplicateGroups:
    def test_finds_mirrored_brighter_and_colour_copies(self) -> None:
        first, other = pictures(1, 2)
        images = np.stack([first, other, first[:, ::-1], first // 2 + 60])
        assert groups(images) == [[0, 2, 3]]
        assert groups(np.repeat(images, 3, axis=-1)) == [[0, 2, 3]]

    def test_groups_identical_blanks_too(self) -> None:
        plain = np.full((48, 48, 1), 90, dtype=np.uint8)
        assert groups(np.stack([plain, *pictures(1), plain])) == [[0, 2]]

    def test_a_copy_of_a_copy_is_in_the_group(self) -> None:
        first, last = pictures(1, 2)
        middle = blended(first, last, 0.5)
        between = [blended(first, last, 0.25), blended(first, last, 0.75)]
        images = np.stack([first, last, middle, *between])
        ends = {(0, 1)}
        assert not ends & set(near_pairs(thumbnails(images), threshold=0.75))
        assert groups(images, threshold=0.75) == [[0, 1, 2, 3, 4]]

    def test_leaves_out_what_is_not_among(self) -> None:
        images = pictures(1, 1, 2, 1)
        assert groups(images, 0, 2, 3) == [[0, 3]]
        assert groups(images, 2) == []

    def test_compares_nothing_when_there_is_nothing_to_compare(self) -> None:
        calls: list[tuple[int, int]] = []
        nobody = np.array([], dtype=np.int64)
        found = duplicate_groups(
            pictures(1, 1),
            among=nobody,
            threshold=0.98,
            progress=lambda *both: calls.append(both),
        )
        assert (found, calls) == ([], [])


class TestExactGroups:
    def test_groups_pixel_identical_images(self) -> None:
        assert exact_groups(pictures(1, 2, 1, 1, 2, 3)) == [[0, 2, 3], [1, 4]]
