from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.config import DataConfig
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import IMAGES_NAME, prepare
from services.trainer.data.survey import Finding, Kind, survey
from tests.fixtures.training import DATA, striped, write_image, write_image_folder


def picture(seed: int) -> NDArray[np.uint8]:
    return striped(seed % 7, seed=seed, side=48)


def brighter(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels[:, ::-1] // 2 + 60


BLANK = np.full((48, 48, 1), 7, dtype=np.uint8)


def found(*images: tuple[NDArray[np.uint8], int, Split], **options: Any) -> list[Finding]:
    """Survey images with label and split, none of which was dropped."""
    rows = [
        {"path": f"{split}/{index}.png", "label": label, "split": str(split), "kept": True}
        for index, (_, label, split) in enumerate(images)
    ]
    pixels = np.stack([image for image, _, _ in images])
    return survey(pixels, rows=rows, threshold=0.98, **options)


def kinds(findings: list[Finding]) -> list[Kind]:
    return [finding.kind for finding in findings]


class TestSurvey:
    def test_says_nothing_of_clean_data(self) -> None:
        images = [(picture(1), 1, Split.TRAIN), (picture(2), 2, Split.TRAIN)]
        assert found(*images, (picture(3), 3, Split.TEST)) == []

    def test_finds_copies_within_a_split(self) -> None:
        one, two = picture(1), picture(2)
        findings = found((one, 1, Split.TRAIN), (one, 1, Split.TRAIN), (two, 2, Split.TRAIN))
        assert kinds(findings) == [Kind.COPIES, Kind.NEAR]
        assert findings[0].images == {"train": 2}
        assert findings[0].examples == [["train/0.png", "train/1.png"]]

    def test_finds_near_copies_within_a_split(self) -> None:
        one = picture(1)
        (near,) = found((one, 1, Split.TEST), (brighter(one), 1, Split.TEST))
        assert (near.kind, near.images, near.largest) == (Kind.NEAR, {"test": 2}, 2)

    @pytest.mark.parametrize(
        ("change", "kind"), [(np.copy, Kind.ACROSS), (brighter, Kind.NEAR_ACROSS)]
    )
    def test_finds_copies_across_any_two_splits(self, change: Any, kind: Kind) -> None:
        for other in (Split.TRAIN, Split.TEST):
            one = picture(1)
            findings = found((one, 1, other), (change(one), 1, Split.VALIDATION))
            (finding,) = (each for each in findings if each.kind is kind)
            assert finding.images == {str(other): 1, "validation": 1}

    def test_tells_contradictions_of_identical_and_of_near_copies_apart(self) -> None:
        one, two = picture(1), picture(2)
        findings = found(
            (one, 1, Split.TRAIN),
            (one, 4, Split.TRAIN),
            (two, 2, Split.TRAIN),
            (brighter(two), 5, Split.TRAIN),
        )
        by_kind = {finding.kind: finding for finding in findings}
        assert by_kind[Kind.CONFLICTING].examples == [["train/0.png", "train/1.png"]]
        assert by_kind[Kind.NEAR_CONFLICTING].examples == [["train/2.png", "train/3.png"]]

    def test_finds_near_copies_with_another_label_across_splits(self) -> None:
        one = picture(1)
        findings = found((one, 1, Split.TRAIN), (brighter(one), 4, Split.TEST))
        assert kinds(findings) == [Kind.NEAR_ACROSS, Kind.NEAR_CONFLICTING]
        assert findings[1].images == {"train": 1, "test": 1}

    def test_a_blank_is_no_near_copy_of_anything(self) -> None:
        faint = BLANK.copy()
        faint[:24] += 1  # as alike as two images can be, once brightness is out
        findings = found((faint, 1, Split.TRAIN), (faint + 1, 1, Split.TRAIN))
        assert [(each.kind, each.groups) for each in findings] == [(Kind.BLANK, 2)]

    def test_shows_as_many_examples_as_asked_for(self) -> None:
        images = [(BLANK, 1, Split.TRAIN)] * 5
        for number in (0, 2):
            blank = found(*images, examples=number)[0]
            assert (len(blank.examples), blank.groups) == (number, 5)

    def test_tells_what_it_compares(self) -> None:
        calls: list[tuple[str, int, int]] = []
        images = [(picture(1), 1, Split.TRAIN), (picture(2), 2, Split.TEST)]
        found(*images, progress=lambda *told: calls.append(told))
        assert calls == [
            ("train with itself", 1, 1),
            ("test with itself", 1, 1),
            ("train with test", 1, 1),
        ]


class TestDropped:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        """A blank, a contradiction, a leak and a near copy with another label."""
        root = write_image_folder(tmp_path / "data", train=3, test=1, val=1)
        write_image(root / "train/fear/blank.png", np.full((16, 16, 1), 7, dtype=np.uint8))
        write_image(root / "train/fear/same.png", striped(0, seed=0))
        write_image(root / "train/fear/leak.png", brighter(striped(1, seed=500)))
        write_image(root / "train/fear/odd.png", brighter(striped(2, seed=0)))
        return root

    def surveyed(self, data: Path, out: Path, config: DataConfig) -> dict[Kind, int]:
        manifest = prepare(data, out=out, config=config)
        images = np.load(out / IMAGES_NAME)
        findings = survey(images, rows=manifest["images"], threshold=config.near_duplicate)
        assert sum(finding.dropped for finding in findings) == manifest["audit"]["train_dropped"]
        return {finding.kind: finding.dropped for finding in findings}

    def test_counts_what_training_leaves_out_for_each_reason(
        self, data: Path, tmp_path: Path
    ) -> None:
        dropped = self.surveyed(data, tmp_path / "cache", DATA)
        assert dropped == {
            Kind.BLANK: 1,
            Kind.CONFLICTING: 2,
            Kind.NEAR_ACROSS: 1,
            Kind.NEAR_CONFLICTING: 0,
            Kind.COPIES: 0,
            Kind.NEAR: 0,
        }
