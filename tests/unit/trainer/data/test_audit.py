import cv2
import numpy as np
from numpy.typing import NDArray

from services.trainer.data.audit import audit
from services.trainer.data.layouts import Split
from tests.fixtures.training import striped

TRAIN, VALIDATION = Split.TRAIN, Split.VALIDATION


def pictures(*seeds: int) -> NDArray[np.uint8]:
    return np.stack([striped(seed % 7, seed=seed, side=48) for seed in seeds])


def run(images: NDArray[np.uint8], labels: list[int], splits: list[Split]):  # noqa: ANN201
    marks = np.array(splits)
    found = audit(images, labels=np.array(labels), splits=marks, threshold=0.98)
    return found, found.keep(marks).tolist()


class TestAudit:
    def test_keeps_clean_images(self) -> None:
        found, keep = run(pictures(1, 2, 3), [1, 2, 3], [TRAIN, TRAIN, VALIDATION])
        assert keep == [True] * 3
        assert not found.leaked.any()

    def test_drops_blanks_from_training_only(self) -> None:
        blank = np.full((48, 48, 1), 7, dtype=np.uint8)
        _, keep = run(np.stack([blank, blank]), [1, 1], [TRAIN, VALIDATION])
        assert keep == [False, True]

    def test_drops_identical_images_with_different_labels(self) -> None:
        found, keep = run(pictures(1, 1, 2), [1, 4, 2], [TRAIN] * 3)
        assert keep == [False, False, True]
        assert found.extra_copies == 1

    def test_keeps_identical_images_with_the_same_label(self) -> None:
        _, keep = run(pictures(1, 1), [1, 1], [TRAIN, TRAIN])
        assert keep == [True, True]

    def test_drops_training_copies_of_evaluation_images(self) -> None:
        found, keep = run(pictures(1, 2, 1), [1, 2, 1], [TRAIN, TRAIN, VALIDATION])
        assert keep == [False, True, True]
        assert found.leaked.tolist() == [False, False, True]

    def test_finds_mirrored_brighter_and_blurred_copies(self) -> None:
        original = pictures(1)[0]
        changed = cv2.GaussianBlur(original[:, ::-1] // 2 + 60, (3, 3), 0)[..., np.newaxis]
        found, keep = run(np.stack([changed, original]), [1, 1], [TRAIN, VALIDATION])
        assert keep == [False, True]
        assert found.leaked.tolist() == [False, True]

    def test_summary_counts_what_it_dropped(self) -> None:
        images, splits = pictures(1, 2, 1), [TRAIN, TRAIN, VALIDATION]
        found, _ = run(images, [1, 2, 1], splits)
        counts = found.summary(np.array(splits))
        assert counts["train_dropped"] == counts["evaluation_leaked"] == counts["train_kept"] == 1
