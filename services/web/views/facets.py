"""How many photos and faces each choice of the filter leaves, and where confidence lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.web.views.units import percent

_USUAL = (0.5, 0.6, 0.7, 0.8, 0.9)
# Thresholds are offered that leave about these shares of the faces.
_SHARES = (0.9, 0.75, 0.5, 0.25, 0.1, 0.02)


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a filter; ``number`` of what it leaves is None where the API tells none."""

    value: str
    words: str
    number: int | None = None

    @property
    def text(self) -> str:
        """As a list of choices shows it."""
        return self.words if self.number is None else f"{self.words} ({self.number:,})"


@dataclass(frozen=True, slots=True)
class Bin:
    """Faces whose first answer has a probability of ``low`` to ``high``; ``height`` is 0..1."""

    low: float
    high: float
    faces: int
    height: float

    @property
    def words(self) -> str:
        """Its bounds, for people."""
        return f"{percent(self.low)} to {percent(self.high)}"


@dataclass(frozen=True, slots=True)
class Facets:
    """The API's counts, each of which leaves its own filter aside; empty where there are none."""

    found: Mapping[str, Any]
    narrow: Mapping[str, str]

    def number(self, facet: str, value: str) -> int | None:
        """How many a choice leaves; None when that is not known."""
        counts = self.found.get(facet)
        return None if counts is None else int(counts.get(value) or 0)

    def faces(self, name: str, value: str) -> int | None:
        """How many faces have, or have not, what the filter ``name`` asks for."""
        if name not in self.found:
            return None
        if value == "true":
            return int(self.found[name])
        chosen = self.narrow.get(name)
        if chosen == "true":
            return None
        faces = int(self.found.get("faces") or 0)
        return faces if chosen else faces - int(self.found[name])

    @property
    def retryable(self) -> int:
        """Photos of the job that failed and that a retry can help."""
        return int(self.found.get("retryable") or 0)

    @property
    def folders(self) -> tuple[Choice, ...]:
        """The largest folders."""
        found = self.found.get("folders") or ()
        return tuple(Choice(one["name"], one["name"], one["photos"]) for one in found)

    @property
    def bins(self) -> tuple[Bin, ...]:
        """The histogram of the first answer's probability."""
        faces = [int(one) for one in self._histogram]
        most = max(faces, default=0)
        step = 1 / len(faces) if faces else 0
        return tuple(
            Bin(round(at * step, 4), round((at + 1) * step, 4), number, number / most)
            for at, number in enumerate(faces)
            if most
        )

    def confidences(self, chosen: str) -> tuple[Choice, ...]:
        """Offer lowest probabilities that divide these faces, whatever the model's range is."""
        faces = [int(one) for one in self._histogram]
        total = sum(faces)
        if not total:
            known = {*(f"{p:g}" for p in _USUAL), *((chosen,) if chosen else ())}
            return tuple(Choice(p, _at_least(p)) for p in sorted(known, key=float))
        above = {f"{at / len(faces):g}": sum(faces[at:]) for at in range(len(faces))}
        near = {min(above, key=lambda p: abs(above[p] - share * total)) for share in _SHARES}
        wanted = {p for p in near if 0 < above[p] < total} | ({chosen} if chosen else set())
        return tuple(Choice(p, _at_least(p), above.get(p)) for p in sorted(wanted, key=float))

    @property
    def _histogram(self) -> Sequence[Any]:
        return self.found.get("confidence") or ()


def _at_least(p: str) -> str:
    return f"at least {percent(float(p))}"
