"""What ``audit`` reports of a prepared data set: each finding with images to look at.

``audit.py`` beside it decides what training leaves out, and costs a run little; this compares
every image with every other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.audit import blanks
from services.trainer.data.layouts import Split
from services.trainer.data.similarity import (
    duplicate_groups,
    exact_groups,
    joined,
    near_pairs,
    thumbnails,
)

Pixels = NDArray[np.uint8]
Indices = NDArray[np.int64]
Groups = Sequence[Sequence[int]]
# Called with (what is compared, done, total).
Progress = Callable[[str, int, int], None]


class Kind(StrEnum):
    """What is wrong, worst first. Near copies include identical ones, but no blanks."""

    BLANK = "blank"
    CONFLICTING = "identical with different labels"
    ACROSS = "identical across splits"
    NEAR_ACROSS = "near copies across splits"
    NEAR_CONFLICTING = "near copies with different labels"
    COPIES = "identical within a split"
    NEAR = "near copies within a split"


# Training images of these are left out; those of the others are a person's to decide.
_DROPPED = frozenset({Kind.BLANK, Kind.CONFLICTING, Kind.ACROSS, Kind.NEAR_ACROSS})


@dataclass(frozen=True, slots=True)
class Finding:
    """Images with one fault, in one split or between two.

    Attributes:
        kind: the fault.
        splits: where.
        images: how many by split.
        groups: of images that are alike; each blank is one.
        largest: images in the largest group.
        dropped: training images that are left out for it.
        examples: paths, a group each.
    """

    kind: Kind
    splits: tuple[str, ...]
    images: dict[str, int]
    groups: int
    largest: int
    dropped: int
    examples: list[list[str]]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def survey(
    images: Pixels,
    *,
    rows: Sequence[dict[str, Any]],
    threshold: float,
    examples: int = 3,
    progress: Progress | None = None,
) -> list[Finding]:
    """Return the findings in prepared data, worst first.

    Args:
        images: uint8 ``[N, S, S, C]``.
        rows: of the manifest, one per image.
        threshold: as of ``audit``.
        examples: groups to show of each finding, at most.
        progress: called for each comparison.
    """
    return _Survey(images, rows, threshold, examples, progress).findings()


class _Survey:
    def __init__(
        self,
        images: Pixels,
        rows: Sequence[dict[str, Any]],
        threshold: float,
        examples: int,
        progress: Progress | None,
    ) -> None:
        self._images, self._rows, self._threshold = images, rows, threshold
        self._examples, self._progress = examples, progress
        self._labels = np.array([row["label"] for row in rows])
        self._split_of = np.array([row["split"] for row in rows])
        self._splits = [str(split) for split in Split if split in self._split_of]
        self._blank = blanks(images)
        self._exact = exact_groups(images)
        self._conflicting = {i for group in self._exact if self._disagree(group) for i in group}

    def findings(self) -> list[Finding]:
        found = [
            self._finding(Kind.BLANK, [[index] for index in np.flatnonzero(self._blank).tolist()]),
            self._finding(Kind.CONFLICTING, filter(self._disagree, self._exact)),
        ]
        for split in self._splits:
            found += self._within(split)
        for pair in combinations(self._splits, 2):
            found += self._across(*pair)
        kinds = list(Kind)
        return sorted((f for f in found if f.groups), key=lambda finding: kinds.index(finding.kind))

    def _within(self, split: str) -> Iterator[Finding]:
        yield self._finding(Kind.COPIES, self._shared(split))
        near = duplicate_groups(
            self._images,
            among=self._seen_in(split),
            threshold=self._threshold,
            progress=self._told(f"{split} with itself"),
        )
        yield self._finding(Kind.NEAR, near)
        # Identical images with different labels have a finding of their own.
        rest = ([i for i in group if i not in self._conflicting] for group in near)
        yield self._finding(Kind.NEAR_CONFLICTING, filter(self._disagree, rest))

    def _across(self, first: str, second: str) -> Iterator[Finding]:
        yield self._finding(Kind.ACROSS, self._shared(first, second))
        ours, theirs = self._seen_in(first), self._seen_in(second)
        pairs = [
            (int(ours[a]), int(theirs[b]))
            for a, b in near_pairs(
                thumbnails(self._images[index] for index in ours),
                thumbnails(self._images[index] for index in theirs),
                threshold=self._threshold,
                progress=self._told(f"{first} with {second}"),
            )
        ]
        yield self._finding(Kind.NEAR_ACROSS, joined(pairs))
        rest = (pair for pair in pairs if not self._conflicting.issuperset(pair))
        yield self._finding(Kind.NEAR_CONFLICTING, joined(filter(self._disagree, rest)))

    def _shared(self, *splits: str) -> Iterator[list[int]]:
        """Yield the identical images of one split, or of groups that are in all of several."""
        for group in self._exact:
            held = [index for index in group if self._split_of[index] in splits]
            if len(held) > 1 and len({self._split_of[index] for index in held}) == len(splits):
                yield held

    def _seen_in(self, split: str) -> Indices:
        return np.flatnonzero((self._split_of == split) & ~self._blank)

    def _told(self, what: str) -> Callable[[int, int], None] | None:
        return partial(self._progress, what) if self._progress is not None else None

    def _disagree(self, group: Iterable[int]) -> bool:
        return len({self._labels[index] for index in group}) > 1

    def _finding(self, kind: Kind, groups: Iterable[Sequence[int]]) -> Finding:
        chosen: Groups = list(groups)
        members = [index for group in chosen for index in group]
        by_split = Counter(str(self._split_of[index]) for index in members)
        return Finding(
            kind=kind,
            splits=tuple(split for split in self._splits if split in by_split),
            images={split: by_split[split] for split in self._splits if split in by_split},
            groups=len(chosen),
            largest=max(map(len, chosen), default=0),
            dropped=self._dropped(members) if kind in _DROPPED else 0,
            examples=[
                [self._rows[index]["path"] for index in group] for group in chosen[: self._examples]
            ],
        )

    def _dropped(self, members: Iterable[int]) -> int:
        rows = (self._rows[index] for index in members)
        return sum(row["split"] == Split.TRAIN and not row["kept"] for row in rows)
