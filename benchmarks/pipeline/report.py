"""From seconds to ratios: whole machine against whole machine, round by round."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.pipeline.agreement import Agreement
from benchmarks.pipeline.stages import Seconds

# (processes, threads of each)
Layout = tuple[int, int]


@dataclass(slots=True)
class Side:
    """What one side took: seconds of each round by layout, and where they went.

    ``stages`` are core seconds of one round, ``rss_mb`` the memory of one process at the end
    and ``peak_mb`` the most that it had.
    """

    seconds: dict[Layout, list[float]] = field(default_factory=dict)
    stages: Seconds = field(default_factory=dict)
    rss_mb: float = 0.0
    peak_mb: float = 0.0

    def add(self, layout: Layout, seconds: float) -> None:
        """Add a round's seconds."""
        self.seconds.setdefault(layout, []).append(seconds)

    def best(self, layouts: Sequence[Layout]) -> list[float]:
        """Seconds of each round in the layout that was the fastest in that round."""
        return [min(of) for of in zip(*(self.seconds[each] for each in layouts), strict=True)]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured.

    Attributes:
        photos: how many.
        faces: of the reference.
        megapixels: smallest and largest photo.
        cores: used by both sides.
        model_version: of the bundle.
        random_weights: its answers mean nothing, only its speed does.
        reference: the yardstick.
        ours: by precision.
        agreement: by precision.
        other: another checkout's build, by precision.
    """

    photos: int
    faces: int
    megapixels: tuple[float, float]
    cores: int
    model_version: str
    random_weights: bool
    reference: Side
    ours: Mapping[str, Side]
    agreement: Mapping[str, Agreement]
    other: Mapping[str, Side] = field(default_factory=dict)

    @property
    def whole_machine(self) -> tuple[Layout, ...]:
        """Layouts that use every core: one process of all threads, one thread per process."""
        return tuple({(1, self.cores): None, (self.cores, 1): None})

    def ratios(self) -> dict[str, float]:
        """Ours over reference in images per second: median of the rounds' ratios.

        The reference counts in the layout that was its fastest in that round.
        """
        theirs = self.reference.best(self.whole_machine)
        return {
            precision: round(_median_ratio(theirs, side.seconds[self.cores, 1]), 3)
            for precision, side in self.ours.items()
        }

    def ratios_to_other(self) -> dict[str, float]:
        """Ours over the other checkout's build of the same precision, as in ``ratios``."""
        layout = self.cores, 1
        return {
            precision: round(
                _median_ratio(side.seconds[layout], self.ours[precision].seconds[layout]), 3
            )
            for precision, side in self.other.items()
        }

    def single_ratios(self) -> dict[str, float]:
        """The same for one process of one thread on either side."""
        theirs = self.reference.seconds[1, 1]
        return {
            precision: round(_median_ratio(theirs, side.seconds[1, 1]), 3)
            for precision, side in self.ours.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return every figure as plain numbers."""
        return {
            "ratios": self.ratios(),
            "single_ratios": self.single_ratios(),
            "ratios_to_other": self.ratios_to_other(),
            "photos": self.photos,
            "faces": self.faces,
            "megapixels": self.megapixels,
            "cores": self.cores,
            "model_version": self.model_version,
            "random_weights": self.random_weights,
            "rounds": len(self.reference.seconds[self.cores, 1]),
            "reference": self._side(self.reference),
            "ours": {precision: self._side(side) for precision, side in self.ours.items()},
            "other": {precision: self._side(side) for precision, side in self.other.items()},
            "agreement": {precision: asdict(found) for precision, found in self.agreement.items()},
        }

    def _side(self, side: Side) -> dict[str, Any]:
        layouts: dict[str, dict[str, Any]] = {
            f"{processes}x{threads}": {
                "images_per_s": round(self.photos / statistics.median(seconds), 3),
                "faces_per_s": round(self.faces / statistics.median(seconds), 3),
                "rounds_s": [round(each, 3) for each in seconds],
            }
            for (processes, threads), seconds in side.seconds.items()
        }
        fastest = max(layouts.values(), key=lambda layout: layout["images_per_s"])
        return {
            "images_per_s": fastest["images_per_s"],
            "faces_per_s": fastest["faces_per_s"],
            "layouts": layouts,
            "stage_ms_per_photo": {
                name: round(1000 * seconds / self.photos, 2)
                for name, seconds in side.stages.items()
            },
            "rss_mb": side.rss_mb,
            "peak_mb": side.peak_mb,
        }


def _median_ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    return statistics.median(their / our for their, our in zip(theirs, ours, strict=True))
