"""Which counts of faces may be told where nobody may be singled out.

A count below five is told to nobody, nor may it follow from what is told. Hiding single cells does
not do: with the number of photos, which is known, a hidden cell is often fixed, and how it was
hidden tells more. So counts are told on one level for all of a job: the finest on which
no count is below five. A count that is not told may then be any split of a group's sum, or of the
job's, whoever knows these sums and how levels are chosen; a test counts it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.common.domain.emotions import EMOTIONS, Emotion

LEAST = 5

Group = tuple[Emotion, ...]

_SINGLE: tuple[Group, ...] = tuple((emotion,) for emotion in EMOTIONS)
_GROUPED: tuple[Group, ...] = (
    (Emotion.HAPPINESS, Emotion.SURPRISE),
    (Emotion.ANGER, Emotion.DISGUST, Emotion.FEAR, Emotion.SADNESS),
    (Emotion.NEUTRAL,),
)
LEVELS = (_SINGLE, _GROUPED)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What is told of a job: its faces, None below five, and those of each group of one level."""

    faces: int | None
    groups: tuple[tuple[Group, int], ...]


def disclose(
    counts: Mapping[Emotion, int], *, levels: Sequence[Sequence[Group]] = LEVELS
) -> Disclosed:
    """Return what may be told of ``counts``; each level splits all expressions, finest first."""
    faces = sum(counts.values())
    for level in levels:
        groups = tuple((group, sum(counts[emotion] for emotion in group)) for group in level)
        if all(count >= LEAST for _, count in groups):
            return Disclosed(faces, groups)
    return Disclosed(faces if faces >= LEAST else None, ())
