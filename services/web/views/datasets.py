"""A data set as its page shows it: what it holds by class and side, and how to go on with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.web.views.expressions import EXPRESSIONS, Bar
from services.web.views.units import clock, count, moment

SIDES: Mapping[str, str] = MappingProxyType(
    {"train": "to learn from", "validation": "to calibrate by", "test": "held out"}
)
_LEFT_OUT = {
    "not_a_face": "said to be no face",
    "cannot_tell": "nobody could tell",
    "no_majority": "without a majority",
    "photo_gone": "the photo is gone",
    "beside_held_out": "beside a held-out face",
    "unreadable": "the photo cannot be read",
}
_COMPARE = "python -m services.trainer compare --bundle models/starter"
# What its state says, in the colours of jobs' states.
_STATES = {
    "building": ("running", "being built"),
    "ready": ("succeeded", "ready"),
    "failed": ("failed", "failed"),
}


@dataclass(frozen=True, slots=True)
class CountRow:
    """Faces of one expression by side, in the order of ``SIDES``; ``bar`` against the longest."""

    label: str
    sides: tuple[int, ...]
    total: int
    bar: Bar


@dataclass(frozen=True, slots=True)
class DatasetView:
    """A version in words. ``tone`` is the state as a chip's colour."""

    id: str
    title: str
    file: str
    run: str
    state: str
    tone: str
    word: str
    failure: str
    faces: int
    erased: int
    thinned: str
    jobs: tuple[str, ...]
    consent: str
    licence: str
    left_out: tuple[str, ...]
    counts: tuple[CountRow, ...]
    created: str
    created_at: str

    @property
    def ready(self) -> bool:
        """Whether it can be downloaded."""
        return self.state == "ready"

    @property
    def line(self) -> str:
        """How many faces it has, in a sentence."""
        left = self.faces - self.erased
        if not self.erased:
            return count(left, "face")
        return f"{count(left, 'face')}, {self.erased:,} erased since it was made"

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """What to type to go on with it: why, and the line."""
        return (
            ("Download it", f"hfer dataset download {self.id} --out {self.file}"),
            ("Go on from the active model", f"make finetune DATA={self.file} NAME={self.run}"),
            (
                "Compare on its held-out faces",
                f"{_COMPARE} --bundle runs/{self.run}/bundle --data {self.file}",
            ),
            ("Publish", f"hfer models publish runs/{self.run}/bundle"),
        )


def dataset_view(dataset: Mapping[str, Any], *, now: datetime) -> DatasetView:
    """Read a data set of the API."""
    name, version = str(dataset["name"]), int(dataset["version"])
    tone, word = _STATES.get(str(dataset["state"]), ("queued", str(dataset["state"])))
    return DatasetView(
        id=str(dataset["id"]),
        title=f"{name}, version {version}",
        file=f"{name}-{version}.tar",
        run=name,
        state=str(dataset["state"]),
        tone=tone,
        word=word,
        failure=str(dataset.get("failure") or ""),
        faces=int(dataset.get("faces") or 0),
        erased=int(dataset.get("erased") or 0),
        thinned=clock(dataset.get("thinned_at")),
        jobs=tuple(str(job) for job in dataset.get("jobs") or ()),
        consent=str(dataset.get("consent") or ""),
        licence=str(dataset.get("licence") or ""),
        left_out=tuple(
            f"{faces:,} {_LEFT_OUT.get(reason, reason)}"
            for reason, faces in (dataset.get("left_out") or {}).items()
            if faces
        ),
        counts=_counts(dataset.get("counts") or {}),
        created=moment(dataset.get("created_at"), now=now),
        created_at=clock(dataset.get("created_at")),
    )


def _counts(sides: Mapping[str, Mapping[str, int]]) -> tuple[CountRow, ...]:
    if not sides:
        return ()
    found = {
        label: tuple(int((sides.get(side) or {}).get(label) or 0) for side in SIDES)
        for label in EXPRESSIONS
    }
    longest = max(sum(counts) for counts in found.values()) or 1
    return tuple(
        CountRow(label, counts, sum(counts), Bar(label, sum(counts) / longest, ""))
        for label, counts in found.items()
    )
