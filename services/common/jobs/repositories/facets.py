"""How many photos and faces of a job each filter would find, beside the filters that are set.

A facet is counted without its own filter: what stands at another expression is what choosing that
one instead would find.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Session

from services.common.db.face_tables import AnalysedPhoto, Face
from services.common.db.tables import Item
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.faces import FaceWarning, PhotoWarning
from services.common.domain.jobs import ItemState, ItemStatus, Verdict
from services.common.domain.photo_filters import PhotoFilter
from services.common.jobs.repositories.conditions import (
    FACE_WARNINGS,
    REVIEWED,
    face_conditions,
    face_fits,
    fits,
    photo_conditions,
)

BINS = 20
MOST_FOLDERS = 100
_OF_FACES = ("expression", "confidence", "uncertain", "warning", "reviewed")
_OF_PHOTOS = ("status", "folder")


@dataclass(frozen=True, slots=True)
class Facets:
    """Photos and faces that fit, and how many each choice would find.

    ``confidence`` counts faces by the probability of their first answer, in ``BINS`` equal steps
    from 0 to 1. ``folders`` has the largest, those above others included. Warnings of faces count
    faces, those of photos photos.
    """

    photos: int
    faces: int
    expressions: dict[Emotion, int]
    uncertain: int
    reviewed: int
    warnings: dict[FaceWarning | PhotoWarning, int]
    confidence: list[int]
    statuses: dict[ItemStatus, int]
    folders: dict[str, int]


class FacetRepository:
    """Counts in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, job_id: int, wanted: PhotoFilter) -> Facets:
        """Count the photos and faces of a job that are wanted, and those of each choice."""
        faces = self._faces(job_id, wanted)
        photos = self._photos(job_id, wanted)
        bins = faces.by("confidence", lambda row: row.bin)
        expressions = faces.by("expression", lambda row: row.expression)
        statuses = photos.by("status", _status)
        warnings: dict[FaceWarning | PhotoWarning, int] = {
            one: faces.by("warning", _has(one.value))[True] for one in FaceWarning
        }
        warnings |= self._photo_warnings(job_id, wanted)
        return Facets(
            photos=photos.count(),
            faces=faces.count(),
            expressions={one: expressions[place] for place, one in enumerate(EMOTIONS)},
            uncertain=faces.by("uncertain", lambda row: row.uncertain)[True],
            reviewed=faces.by("reviewed", lambda row: row.reviewed)[True],
            warnings=warnings,
            confidence=[bins[place] for place in range(BINS)],
            statuses={status: statuses[status] for status in ItemStatus},
            folders=_with_those_above(photos.by("folder", lambda row: row.within)),
        )

    def _faces(self, job_id: int, wanted: PhotoFilter) -> "_Groups":
        asked = face_conditions(wanted.faces)
        place = func.width_bucket(Face.top_p, 0, 1, BINS) - 1
        grouped = [
            Face.expression,
            cast(func.least(place, BINS - 1), Integer).label("bin"),
            Face.uncertain,
            REVIEWED.label("reviewed"),
            *(condition.label(one.value) for one, condition in FACE_WARNINGS.items()),
            *_fitting(asked, _OF_FACES),
        ]
        query = select(*grouped, func.count().label("n")).where(
            *face_fits(job_id, wanted, leaving_out=_OF_FACES)
        )
        return _Groups(self._session.execute(query.group_by(*_places(grouped))).all(), _OF_FACES)

    def _photos(self, job_id: int, wanted: PhotoFilter) -> "_Groups":
        grouped = [
            Item.state,
            Item.verdict,
            _FOLDER.label("within"),
            *_fitting(photo_conditions(wanted), _OF_PHOTOS),
        ]
        query = select(*grouped, func.count().label("n")).where(
            *fits(job_id, wanted, leaving_out=_OF_PHOTOS)
        )
        return _Groups(self._session.execute(query.group_by(*_places(grouped))).all(), _OF_PHOTOS)

    def _photo_warnings(
        self, job_id: int, wanted: PhotoFilter
    ) -> dict[FaceWarning | PhotoWarning, int]:
        code: Any = func.unnest(AnalysedPhoto.warnings).column_valued("code")
        query = (
            select(code.label("code"), func.count().label("n"))
            .select_from(Item)
            .join(AnalysedPhoto, AnalysedPhoto.item_id == Item.id)
            .join(code.scalar_alias, true())
            .where(
                AnalysedPhoto.job_id == job_id,
                func.cardinality(AnalysedPhoto.warnings) > 0,
                *fits(job_id, wanted, leaving_out=("warning",)),
            )
            .group_by(code)
        )
        found = {row.code: row.n for row in self._session.execute(query)}
        return {one: found.get(one.value, 0) for one in PhotoWarning}


class _Groups:
    """Rows of counts ``n``, each with whether it fits the filter of each facet."""

    def __init__(self, rows: Any, facets: tuple[str, ...]) -> None:
        self._rows: list[Row[Any]] = list(rows)
        self._facets = facets

    def count(self) -> int:
        """Add up what fits every filter."""
        return sum(row.n for row in self._rows if self._fits(row, None))

    def by(self, facet: str, choice: Callable[[Row[Any]], Any]) -> Counter[Any]:
        """Add up what fits every filter but that of ``facet``, by what ``choice`` tells of it."""
        counts: Counter[Any] = Counter()
        for row in self._rows:
            if self._fits(row, facet):
                counts[choice(row)] += row.n
        return counts

    def _fits(self, row: Row[Any], but: str | None) -> bool:
        return all(getattr(row, f"fits_{one}") for one in self._facets if one != but)


# Without regular expressions, which take ten times as long.
_FOLDER: ColumnElement[str] = case(
    (
        Item.filename.contains("/"),
        func.left(Item.filename, -func.strpos(func.reverse(Item.filename), "/")),
    ),
    else_="",
)


def _fitting(asked: dict[str, ColumnElement[bool]], facets: tuple[str, ...]) -> list[Any]:
    return [asked.get(one, literal(True)).label(f"fits_{one}") for one in facets]


def _places(columns: list[Any]) -> list[ColumnElement[Any]]:
    """Group by the columns' places: the same expression twice would be two parameters."""
    return [literal_column(str(place)) for place in range(1, len(columns) + 1)]


def _has(name: str) -> Callable[[Row[Any]], Any]:
    return lambda row: getattr(row, name)


def _status(row: Row[Any]) -> ItemStatus:
    verdict = None if row.verdict is None else Verdict(row.verdict)
    return ItemStatus.of(ItemState(row.state), verdict)


def _with_those_above(photos: Counter[str]) -> dict[str, int]:
    """Count each photo to the folders above its own as well; the largest `MOST_FOLDERS`."""
    found: Counter[str] = Counter()
    for folder, count in photos.items():
        parts = folder.split("/") if folder else []
        for depth in range(1, len(parts) + 1):
            found["/".join(parts[:depth])] += count
    # Those of a size by name, so that two looks are the same.
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_FOLDERS])
