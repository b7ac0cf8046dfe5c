"""Which counts are told: none below five, and none that is not told follows from what is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest

from services.api.jobs.results.disclosure import LEAST, LEVELS, Disclosed, Group, disclose
from services.common.domain.emotions import EMOTIONS, Emotion

A, B, C, D = EMOTIONS[:4]
FOUR: Sequence[Sequence[Group]] = (((A,), (B,), (C,), (D,)), ((A, B, C), (D,)))


def splits(faces: int, cells: int) -> Iterator[tuple[int, ...]]:
    """Every way that so many faces show so many expressions."""
    if cells == 1:
        yield (faces,)
        return
    for first in range(faces + 1):
        for rest in splits(faces - first, cells - 1):
            yield (first, *rest)


def told_singly(told: Disclosed) -> set[Emotion]:
    return {group[0] for group, _ in told.groups if len(group) == 1}


class TestDisclose:
    @pytest.mark.parametrize(
        ("levels", "most"), [(FOUR, range(21)), (LEVELS, (3, 15))], ids=["four", "all seven"]
    )
    def test_whoever_knows_the_sum_and_the_rule_computes_no_count_that_is_not_told(
        self, levels: Sequence[Sequence[Group]], most: Sequence[int]
    ) -> None:
        emotions = [emotion for group in levels[0] for emotion in group]
        for faces in most:
            possible: dict[Disclosed, dict[Emotion, set[int]]] = {}
            for split in splits(faces, len(emotions)):
                counts = dict(zip(emotions, split, strict=True))
                told = disclose(counts, levels=levels)
                assert all(count >= LEAST for _, count in told.groups)
                seen = possible.setdefault(told, defaultdict(set))
                for emotion, count in counts.items():
                    seen[emotion].add(count)
            for told, seen in possible.items():
                for emotion in set(emotions) - told_singly(told):
                    assert len(seen[emotion]) > 1 or faces == 0, (told, emotion)

    def test_tells_the_finest_level_that_it_may(self) -> None:
        many = dict.fromkeys(EMOTIONS, 5)
        assert told_singly(disclose(many)) == set(EMOTIONS)
        grouped = disclose({**many, Emotion.DISGUST: 4})
        assert [count for _, count in grouped.groups] == [10, 19, 5]
        assert disclose({**many, Emotion.NEUTRAL: 4}) == Disclosed(34, ())
        few = dict.fromkeys(EMOTIONS, 0) | {Emotion.ANGER: 4}
        assert disclose(few) == Disclosed(None, ())

    @pytest.mark.parametrize("level", LEVELS)
    def test_each_level_splits_all_expressions(self, level: Sequence[Group]) -> None:
        assert sorted(emotion for group in level for emotion in group) == sorted(EMOTIONS)
