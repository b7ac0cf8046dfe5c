"""A job drawn with matplotlib, for those who have it: apparent expressions, not feelings."""

import importlib.util
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hfer.errors import MissingPackageError
from hfer.models import PhotoResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More bars than these cannot be told apart; the smallest folders become one.
FOLDERS, TIMES = 20, 24
EXPRESSIONS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
_REST = "other folders"


class PlotKind(StrEnum):
    """What `Job.plot` draws."""

    DISTRIBUTION = "distribution"
    FOLDERS = "folders"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Sight:
    """What drawing needs of a face."""

    expression: str
    uncertain: bool
    folder: str
    taken: datetime | None


def require_matplotlib() -> None:
    """Say early that matplotlib is missing, before results are fetched.

    Raises:
        MissingPackageError: it is.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingPackageError("plot needs matplotlib: pip install 'hfer[plot]'.")


def sights(photo: PhotoResult) -> list[Sight]:
    """Return what drawing needs of a photo's faces; times are those of the camera's clock."""
    parent = str(PurePosixPath(photo.filename).parent)
    taken = _time(photo.captured_at)
    return [Sight(face.expression.label, face.uncertain, parent, taken) for face in photo.faces]


def draw(found: Sequence[Sight], kind: PlotKind, *, axes: "Axes | None") -> "Axes":
    """Draw faces on ``axes``, or on those of a new figure."""
    if axes is None:
        from matplotlib import pyplot as plt

        _, axes = plt.subplots(layout="constrained")
    drawing = {
        PlotKind.DISTRIBUTION: _distribution,
        PlotKind.FOLDERS: _folders,
        PlotKind.TIME: _over_time,
    }
    drawing[kind](found, axes)
    return axes


def _distribution(found: Sequence[Sight], axes: "Axes") -> None:
    names = _names(found)
    sure = Counter(one.expression for one in found if not one.uncertain)
    unsure = Counter(one.expression for one in found if one.uncertain)
    bottom = [sure[name] for name in names]
    axes.bar(names, bottom, label="certain")
    axes.bar(names, [unsure[name] for name in names], bottom=bottom, alpha=0.4, label="uncertain")
    axes.set(title=f"Apparent expression of {len(found):,} faces", ylabel="faces")
    axes.tick_params(axis="x", rotation=45)
    axes.legend()


def _folders(found: Sequence[Sight], axes: "Axes") -> None:
    sizes = Counter(one.folder for one in found)
    named = [folder for folder, _ in sizes.most_common(FOLDERS)]
    pairs = [(one.folder if one.folder in named else _REST, one.expression) for one in found]
    rows = sorted(named) + ([_REST] if len(sizes) > FOLDERS else [])
    totals = Counter(folder for folder, _ in pairs)
    counts = Counter(pairs)
    left = [0.0] * len(rows)
    for name in _names(found):
        shares = [counts[row, name] / totals[row] for row in rows]
        axes.barh(range(len(rows)), shares, left=left, label=name)
        left = [before + share for before, share in zip(left, shares, strict=True)]
    axes.set_yticks(range(len(rows)), [f"{_plain(row)} ({totals[row]:,})" for row in rows])
    axes.invert_yaxis()
    axes.set(title="Apparent expression by folder (faces)", xlabel="share of faces")
    axes.legend(fontsize="small")


def _over_time(found: Sequence[Sight], axes: "Axes") -> None:
    from matplotlib import dates

    timed = [one for one in found if one.taken is not None]
    without = len(found) - len(timed)
    names = _names(timed)
    moments = [
        [dates.date2num(one.taken) for one in timed if one.expression == name]  # type: ignore[no-untyped-call] # matplotlib's
        for name in names
    ]
    if timed:
        axes.hist(moments, bins=TIMES, stacked=True, label=names)
        axes.xaxis_date()
        axes.legend(fontsize="small")
        axes.tick_params(axis="x", rotation=45)
    note = f"; {without:,} faces without a time are left out" if without else ""
    axes.set(title=f"Apparent expression by time of capture{note}", ylabel="faces")


def _names(found: Sequence[Sight]) -> list[str]:
    """Return the expressions in the service's order, those of a newer model behind them."""
    seen = {one.expression for one in found}
    return [*EXPRESSIONS, *sorted(seen - set(EXPRESSIONS))]


def _plain(folder: str) -> str:
    """Keep matplotlib from reading a name as a formula."""
    return "(no folder)" if folder == "." else folder.replace("$", r"\$")


def _time(captured_at: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(captured_at or "").replace(tzinfo=None)
    except ValueError:
        return None
