from collections import Counter

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.hfer_v0_split import hfer_v0_split
from services.trainer.data.layouts import Sample

# RAF-DB's classes, train and test together: surprise, fear, disgust, happiness, anger, sadness,
# neutral.
COUNTS = (1619, 355, 877, 5957, 867, 2460, 3204)


def raf_db() -> list[Sample]:
    return [
        Sample(f"{label + 1}/train_{number:05}_aligned.jpg", label, None)
        for label, count in enumerate(COUNTS)
        for number in range(count)
    ]


class TestHferV0Split:
    def test_cuts_raf_db_as_the_seed_did(self) -> None:
        samples = raf_db()
        assert len(samples) == 15_339
        assert Counter(hfer_v0_split(samples).tolist()) == {
            "train": 12_272,
            "validation": 1_536,
            "test": 1_531,
        }

    def test_does_not_depend_on_the_order_given(self) -> None:
        samples = raf_db()
        one = dict(zip(samples, hfer_v0_split(samples), strict=True))
        turned = samples[::-1]
        assert dict(zip(turned, hfer_v0_split(turned), strict=True)) == one

    def test_is_another_one_with_another_seed(self) -> None:
        samples = raf_db()
        assert (hfer_v0_split(samples) != hfer_v0_split(samples, seed=43)).any()

    def test_orders_the_official_layout_by_its_numbers(self) -> None:
        folders = raf_db()
        flat = [
            Sample(f"Image/aligned/{EMOTIONS[s.label]}_{s.path.rpartition('/')[2]}", s.label, None)
            for s in folders
        ]
        assert Counter(hfer_v0_split(flat).tolist())["train"] == 12_272
