"""The seven expressions as the page names and orders them (the API's order)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.web.views.units import percent

EXPRESSIONS = ("surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: ``width`` is its length, as an SVG attribute has it (``42.5%``)."""

    label: str
    share: float
    text: str

    @property
    def width(self) -> str:
        """Length of the bar."""
        return f"{max(0.0, min(1.0, self.share)) * 100:.2f}%"


@dataclass(frozen=True, slots=True)
class Distribution:
    """The faces of a job by first answer; bars are relative to the longest."""

    faces: int
    uncertain: int
    rows: tuple["DistributionRow", ...]


@dataclass(frozen=True, slots=True)
class DistributionRow:
    """One expression: ``bar`` against the longest, the uncertain part of it apart."""

    bar: Bar
    unsure: Bar
    faces: int
    uncertain: int


def group_counts(counts: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Read the API's counts of groups of expressions; empty where none may be told."""
    return tuple(
        (" or ".join(group["expressions"]), int(group["faces"]))
        for group in counts.get("groups") or ()
    )


def probability_bars(emotions: Mapping[str, float]) -> tuple[Bar, ...]:
    """Make the bars of a face, most probable first."""
    ranked = sorted(emotions.items(), key=lambda entry: entry[1], reverse=True)
    return tuple(Bar(label, p, percent(p)) for label, p in ranked)


def distribution(summary: Mapping[str, Any]) -> Distribution:
    """Read the API's summary of a job."""
    faces = int(summary.get("faces") or 0)
    known = summary.get("expressions") or {}
    counted = {label: known.get(label) or {} for label in EXPRESSIONS}
    longest = max((int(entry.get("faces") or 0) for entry in counted.values()), default=0)
    rows = []
    for label, entry in counted.items():
        own, unsure = int(entry.get("faces") or 0), int(entry.get("uncertain") or 0)
        share = own / faces if faces else 0.0
        rows.append(
            DistributionRow(
                bar=Bar(label, own / longest if longest else 0.0, percent(share)),
                unsure=Bar(label, unsure / longest if longest else 0.0, percent(share)),
                faces=own,
                uncertain=unsure,
            )
        )
    return Distribution(faces, int(summary.get("uncertain") or 0), tuple(rows))
