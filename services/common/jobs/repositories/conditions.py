"""`PhotoFilter` as SQL: one definition of each filter, for every query that narrows.

Those on faces are conditions on `Face`, those on photos on `Item`.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import ColumnElement, and_, cast, exists, literal
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE
from sqlalchemy.orm import InstrumentedAttribute

from services.common.db.face_tables import AnalysedPhoto, Face
from services.common.db.tables import Item
from services.common.domain.emotions import EMOTIONS
from services.common.domain.faces import SMALL_FACE_PX, FaceWarning
from services.common.domain.jobs import ItemState, ItemStatus, Verdict
from services.common.domain.photo_filters import FaceFilter, PhotoFilter
from services.common.domain.reviews import Answer

Condition = ColumnElement[bool]

STORED: Mapping[ItemStatus, tuple[ItemState, Verdict | None]] = {
    ItemStatus.QUEUED: (ItemState.READY, None),
    ItemStatus.RUNNING: (ItemState.LEASED, None),
    ItemStatus.SUCCEEDED: (ItemState.FINISHED, Verdict.SUCCEEDED),
    ItemStatus.NO_FACE: (ItemState.FINISHED, Verdict.NO_FACE),
    ItemStatus.FAILED: (ItemState.FINISHED, Verdict.FAILED),
    ItemStatus.CANCELLED: (ItemState.CANCELLED, None),
}
# Which bit of `Face.answers` stands for which answer.
ANSWER_BITS = {answer: 1 << place for place, answer in enumerate(Answer)}
# "Cannot tell" is no other answer than the model's.
_OTHERS = sum(ANSWER_BITS[Answer(emotion)] for emotion in EMOTIONS) | ANSWER_BITS[Answer.NOT_A_FACE]

FACE_WARNINGS: Mapping[FaceWarning, Condition] = {
    FaceWarning.SMALL_FACE: Face.side < SMALL_FACE_PX,
    FaceWarning.CUT_OFF: Face.cut_off.is_(True),
}
REVIEWED: Condition = Face.answers != 0
DIFFERS: Condition = (
    Face.answers.bitwise_and(_OTHERS).bitwise_and(
        literal(1).bitwise_lshift(Face.expression).bitwise_not()
    )
    != 0
)


def face_conditions(wanted: FaceFilter) -> dict[str, Condition]:
    """Return what is asked of a face, each by the name of what it is about."""
    asked: dict[str, Condition | None] = {
        "expression": None
        if wanted.expression is None
        else Face.expression == EMOTIONS.index(wanted.expression),
        "confidence": _between(Face.top_p, wanted.min_p, wanted.max_p),
        "uncertain": None if wanted.uncertain is None else Face.uncertain.is_(wanted.uncertain),
        "warning": None if wanted.warning is None else FACE_WARNINGS[wanted.warning],
        "side": _between(Face.side, wanted.min_side, wanted.max_side),
        "reviewed": _as_said(REVIEWED, wanted.reviewed),
        "answer": None
        if wanted.answer is None
        else Face.answers.bitwise_and(ANSWER_BITS[wanted.answer]) != 0,
        "differs": _as_said(DIFFERS, wanted.differs),
    }
    return {name: condition for name, condition in asked.items() if condition is not None}


def photo_conditions(wanted: PhotoFilter) -> dict[str, Condition]:
    """Return what is asked of a photo but for its faces, each by the name of what it is about."""
    analysed = {
        name: exists().where(AnalysedPhoto.item_id == Item.id, condition).correlate(Item)
        for name, condition in _analysed_conditions(wanted).items()
    }
    return {**_item_conditions(wanted), **analysed}


def _item_conditions(wanted: PhotoFilter) -> dict[str, Condition]:
    asked: dict[str, Condition | None] = {
        "status": None if wanted.status is None else _in_status(wanted.status),
        "folder": None if wanted.folder is None else _in_folder(wanted.folder),
        "name": None
        if wanted.name is None
        else Item.filename.icontains(wanted.name, autoescape=True),
        "only": None if wanted.only is None else _among(wanted.only.runs),
    }
    return {name: condition for name, condition in asked.items() if condition is not None}


def _analysed_conditions(wanted: PhotoFilter) -> dict[str, Condition]:
    """Return what is asked of a photo's result, as conditions on `AnalysedPhoto`."""
    asked: dict[str, Condition | None] = {
        "faces": None if wanted.min_faces is None else AnalysedPhoto.faces >= wanted.min_faces,
        "warning": None
        if wanted.warning is None
        else AnalysedPhoto.warnings.contains([wanted.warning.value]),
    }
    return {name: condition for name, condition in asked.items() if condition is not None}


def fits(job_id: int, wanted: PhotoFilter, *, leaving_out: Collection[str] = ()) -> list[Condition]:
    """Return the conditions on `Item` that a photo of the job is as wanted, with such a face.

    ``leaving_out`` names what is not asked of the photo itself.
    """
    found = _but(photo_conditions(wanted), leaving_out)
    if wanted.faces.asks:
        found.append(shows(job_id, face_conditions(wanted.faces).values()))
    return [Item.job_id == job_id, *found]


def face_fits(
    job_id: int, wanted: PhotoFilter, *, leaving_out: Collection[str] = ()
) -> list[Condition]:
    """Return the conditions on `Face` that a face of the job is as wanted, in such a photo.

    ``leaving_out`` names what is not asked of the face itself.
    """
    found = _but(face_conditions(wanted.faces), leaving_out)
    # Named by the job too, so that its photos may be read once instead of one for each face.
    if of_item := _item_conditions(wanted):
        own = Item.id == Face.item_id, Item.job_id == job_id
        found.append(exists().where(*own, *of_item.values()).correlate(Face))
    if analysed := _analysed_conditions(wanted):
        own = AnalysedPhoto.item_id == Face.item_id, AnalysedPhoto.job_id == job_id
        found.append(exists().where(*own, *analysed.values()).correlate(Face))
    return [Face.job_id == job_id, *found]


def shows(job_id: int, conditions: Iterable[Condition]) -> Condition:
    """Return the condition on `Item` that one face of it meets all ``conditions``."""
    return (
        exists().where(Face.item_id == Item.id, Face.job_id == job_id, *conditions).correlate(Item)
    )


def _but(conditions: Mapping[str, Condition], leaving_out: Collection[str]) -> list[Condition]:
    return [condition for name, condition in conditions.items() if name not in leaving_out]


def _between(
    column: InstrumentedAttribute[float], low: float | None, high: float | None
) -> Condition | None:
    bounds = []
    if low is not None:
        bounds.append(column >= low)
    if high is not None:
        bounds.append(column <= high)
    return and_(*bounds) if bounds else None


def _as_said(condition: Condition, said: bool | None) -> Condition | None:
    if said is None:
        return None
    return condition if said else ~condition


def _in_status(status: ItemStatus) -> Condition:
    state, verdict = STORED[status]
    return and_(Item.state == state, Item.verdict.is_not_distinct_from(verdict))


def _among(runs: Iterable[tuple[int, int]]) -> Condition:
    """As one value that is searched by halves: thousands of runs are no thousands of conditions."""
    known = ",".join(f"[{first},{last}]" for first, last in runs)
    return Item.seq.op("<@", is_comparison=True)(cast(f"{{{known}}}", INT4MULTIRANGE))


def _in_folder(folder: str) -> Condition:
    return Item.filename.startswith(folder.rstrip("/") + "/", autoescape=True)
