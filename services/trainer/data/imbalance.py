"""How unequal the classes of a data set are, in the two numbers that people compare."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from services.trainer.data.sampling import effective_numbers

# Of LossConfig; Cui et al. find 0.999 to 0.9999 best for sets of FER2013's size.
BETA = 0.999


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Class counts of one split, and what follows from them.

    Attributes:
        counts: images by class name.
        ratio: images of the largest class for each of the smallest; None if a class has none.
        effective: effective number of images by class name (Cui et al., arXiv 1901.05555).
        effective_ratio: the same ratio of those.
    """

    counts: Mapping[str, int]
    ratio: float | None
    effective: Mapping[str, float]
    effective_ratio: float | None

    def as_json(self) -> dict[str, Any]:
        """Return plain numbers."""
        return asdict(self)


def imbalance(counts: Mapping[str, int], *, beta: float = BETA) -> Imbalance:
    """Measure one split; ``counts`` names at least one class."""
    numbers = effective_numbers(list(counts.values()), beta=beta).tolist()
    return Imbalance(
        counts=dict(counts),
        ratio=_ratio(list(counts.values())),
        effective={name: round(number, 1) for name, number in zip(counts, numbers, strict=True)},
        effective_ratio=_ratio(numbers),
    )


def _ratio(numbers: list[int] | list[float]) -> float | None:
    return round(max(numbers) / min(numbers), 2) if min(numbers) else None
