"""What is known from a job's reviews, as its page shows it: figures, agreement, confusion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.web.views.expressions import EXPRESSIONS
from services.web.views.units import clock, count, moment, percent

# All that a reviewer can say of a face; the others beside the seven in words.
_OTHERS = {"not_a_face": "not a face", "cannot_tell": "cannot tell"}
ANSWERS: Mapping[str, str] = MappingProxyType({name: name for name in EXPRESSIONS} | _OTHERS)
_SHADES = 10


@dataclass(frozen=True, slots=True)
class Told:
    """A figure in words; ``interval`` is empty and ``why`` says so where there is none.

    ``share`` and the ends are 0..1 for a chart; None where nothing can be drawn.
    """

    name: str
    value: str
    interval: str
    n: int
    why: str
    share: float | None
    low: float | None
    high: float | None

    @property
    def faces(self) -> str:
        """How many faces it is of."""
        return count(self.n, "face")

    @property
    def x(self) -> str:
        """Where the figure lies, as an SVG attribute has it (``42.5%``)."""
        return _place(self.share)

    @property
    def reach_x(self) -> str:
        """Where its interval begins."""
        return _place(self.low)

    @property
    def reach(self) -> str:
        """How wide its interval is."""
        return _place((self.high or 0.0) - (self.low or 0.0))


@dataclass(frozen=True, slots=True)
class SaidCell:
    """Faces of one answer of the model of which a reviewer says this; ``shade`` is 0..9."""

    answer: str
    words: str
    faces: int
    share: str
    shade: int
    right: bool


@dataclass(frozen=True, slots=True)
class SaidRow:
    """All reviewed faces of one answer of the model."""

    expression: str
    cells: tuple[SaidCell, ...]


@dataclass(frozen=True, slots=True)
class DrawView:
    """A draw and how far it is; ``left`` counts faces without a vote."""

    id: str
    faces: int
    reviewed: int
    words: str
    drawn: str
    drawn_at: str

    @property
    def left(self) -> int:
        """Faces without a vote."""
        return self.faces - self.reviewed


@dataclass(frozen=True, slots=True)
class Reviewer:
    """How far a reviewer is."""

    name: str
    votes: int
    blind: int
    last: str


@dataclass(frozen=True, slots=True)
class ReviewView:
    """The API's summary of a job's reviews, in words."""

    faces: int
    reviewed: int
    reviewers: tuple[Reviewer, ...]
    accuracy: Told
    drawn: int
    answered: int
    undecided: int
    enough: str
    is_enough: bool
    agreement: tuple[Told, ...]
    by_answer: tuple[Told, ...]
    confusion: tuple[SaidRow, ...]

    @property
    def line(self) -> str:
        """How far the reviews are, in a sentence."""
        people = count(len(self.reviewers), "person", "people")
        by = f" by {people}" if self.reviewers else ""
        return f"{self.reviewed:,} of {count(self.faces, 'face')} reviewed{by}."


def review_view(summary: Mapping[str, Any], *, now: datetime) -> ReviewView:
    """Read the API's summary of the reviews of a job."""
    agreement, model = summary.get("agreement") or {}, summary.get("model") or {}
    by_class = agreement.get("per_class") or {}
    return ReviewView(
        faces=int(summary.get("faces") or 0),
        reviewed=int(summary.get("reviewed") or 0),
        reviewers=tuple(
            Reviewer(
                str(one["reviewer"]),
                int(one["votes"]),
                int(one["blind"]),
                moment(one.get("last_at"), now=now),
            )
            for one in summary.get("reviewers") or ()
        ),
        accuracy=told("Accuracy", model.get("accuracy") or {}, of_people=False),
        drawn=int(model.get("drawn") or 0),
        answered=int(model.get("answered") or 0),
        undecided=int(model.get("undecided") or 0),
        enough=str(model.get("enough") or ""),
        is_enough=model.get("more") == 0,
        agreement=tuple(_agreement(agreement)),
        by_answer=tuple(
            told(ANSWERS[name], by_class[name]) for name in ANSWERS if name in by_class
        ),
        confusion=confusion(summary.get("confusion") or {}),
    )


def told(
    name: str, figure: Mapping[str, Any], *, as_share: bool = True, of_people: bool = True
) -> Told:
    """Say a figure of the API in words.

    Args:
        name: what it is.
        figure: ``value``, ``low``, ``high`` and ``n``; nulls where it is undefined.
        as_share: in percent; else with two decimals, as kappa and alpha are written.
        of_people: whether it is of how far people agree.
    """
    value, low, high = (figure.get(part) for part in ("value", "low", "high"))
    n = int(figure.get("n") or 0)
    bounded = low is not None and high is not None

    def written(number: float) -> str:
        return percent(number, digits=1) if as_share else f"{number:.2f}"

    return Told(
        name=name,
        value="undefined"
        if value is None and n
        else "not known"
        if value is None
        else written(value),
        interval=f"{written(low)} to {written(high)}"
        if low is not None and high is not None
        else "",
        n=n,
        why=_why(value, n, bounded=bounded, of_people=of_people),
        share=_inside(value),
        low=_inside(low) if bounded else None,
        high=_inside(high) if bounded else None,
    )


def confusion(counts: Mapping[str, Mapping[str, int]]) -> tuple[SaidRow, ...]:
    """Set the model's answers (rows) against what reviewers say; empty without reviews."""
    if not any(counts.values()):
        return ()
    rows = []
    for expression in EXPRESSIONS:
        said = counts.get(expression) or {}
        total = sum(said.values()) or 1
        cells = (
            SaidCell(
                answer=answer,
                words=words,
                faces=int(said.get(answer) or 0),
                share=percent((said.get(answer) or 0) / total),
                shade=min(_SHADES - 1, int((said.get(answer) or 0) / total * _SHADES)),
                right=answer == expression,
            )
            for answer, words in ANSWERS.items()
        )
        rows.append(SaidRow(expression, tuple(cells)))
    return tuple(rows)


def draw_views(draws: Sequence[Mapping[str, Any]], *, now: datetime) -> tuple[DrawView, ...]:
    """Read the API's list of draws, newest first."""
    return tuple(
        DrawView(
            id=str(draw["draw_id"]),
            faces=int(draw["faces"]),
            reviewed=int(draw.get("reviewed") or 0),
            words="as many of each expression" if draw.get("by_expression") else "all faces alike",
            drawn=moment(draw.get("drawn_at"), now=now),
            drawn_at=clock(draw.get("drawn_at")),
        )
        for draw in draws
    )


def _agreement(agreement: Mapping[str, Any]) -> list[Told]:
    found = [told("Same answer", agreement.get("raw") or {})]
    if agreement.get("kappa"):
        found.append(told("Cohen's kappa", agreement["kappa"], as_share=False))
    found.append(told("Krippendorff's alpha", agreement.get("alpha") or {}, as_share=False))
    return found


def _why(value: float | None, n: int, *, bounded: bool, of_people: bool) -> str:
    if bounded:
        return ""
    if value is None and not n:
        return (
            "No face has the blind votes of two people yet."
            if of_people
            else "No drawn face is reviewed blind yet."
        )
    if value is None:
        return "Undefined: only one answer occurs, and there is nothing to exceed by agreeing."
    return "Without an interval: of fewer than ten faces, or nobody differed."


def _inside(share: float | None) -> float | None:
    return None if share is None else max(0.0, min(1.0, float(share)))


def _place(share: float | None) -> str:
    return f"{(share or 0.0) * 100:.2f}%"
