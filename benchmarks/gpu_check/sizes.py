"""How much is measured: on a GPU, and in a rehearsal."""

import os
from dataclasses import dataclass

# More processes than that are loaded for longer than they are measured.
_MOST_CORES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Counts of one check.

    Attributes:
        rehearsal: there is no GPU, or none is to be used: its engines run on the CPU.
        cores: processes of the CPU's side, and threads of whatever runs alone.
        crowds: photos of groups in which both sides look for faces.
        megapixels: smallest and largest of them.
        crops: drawn faces that both classifiers answer.
        photos: of the comparison of speeds, in each round.
        rounds: of it.
        faces: drawn to train on.
        recipe: settings that differ from the preset's.
        train_seconds: training stops so long after its first step.
    """

    rehearsal: bool
    cores: int
    crowds: int
    megapixels: tuple[float, float]
    crops: int
    photos: int
    rounds: int
    faces: int
    recipe: tuple[str, ...]
    train_seconds: float


def sizes(*, rehearsal: bool) -> Sizes:
    """Return the counts of a rehearsal, or those that a GPU needs for steady figures."""
    if rehearsal:
        return Sizes(
            rehearsal=True,
            cores=1,
            crowds=2,
            megapixels=(0.4, 0.8),
            crops=14,
            photos=3,
            rounds=1,
            faces=210,
            recipe=("data.size=64", "loop.batch_size=8", "loop.epochs=1"),
            train_seconds=5,
        )
    return Sizes(
        rehearsal=False,
        cores=min(_MOST_CORES, len(os.sched_getaffinity(0))),
        crowds=24,
        megapixels=(0.75, 6.0),
        crops=512,
        photos=128,
        rounds=3,
        faces=2_100,
        recipe=("loop.epochs=5",),
        train_seconds=90,
    )
