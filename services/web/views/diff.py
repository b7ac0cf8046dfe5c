"""Two jobs over the same photos, as their comparison shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.web.views.units import count, percent

_SHADES = 10


@dataclass(frozen=True, slots=True)
class DiffCell:
    """Faces of one answer in the first job and one in the second; ``shade`` 0..9 by the row."""

    faces: int
    other: str
    shade: int
    same: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class DiffRow:
    """All faces of one answer in the first job."""

    label: str
    cells: tuple[DiffCell, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A face and its first answer in one of the jobs; ``crop`` is the end of its address."""

    label: str
    text: str
    crop: str
    photo: str


@dataclass(frozen=True, slots=True)
class ChangedFace:
    """A face as both jobs have it; None on the side that has not found it."""

    filename: str
    this: Answer | None
    other: Answer | None

    @property
    def says(self) -> str:
        """The change in words."""
        return f"{self.filename}: {_words(self.this)}, then {_words(self.other)}"


@dataclass(frozen=True, slots=True)
class DiffView:
    """Sums and faces; ``sums`` and ``rows`` are empty on pages that follow the first."""

    sums: tuple[str, ...]
    labels: tuple[str, ...]
    rows: tuple[DiffRow, ...]
    changed: int
    lost: int
    gained: int
    faces: tuple[ChangedFace, ...]


def diff_view(diff: Mapping[str, Any], narrow: Mapping[str, str]) -> DiffView:
    """Read a comparison of the API; ``narrow`` is what its list is narrowed to."""
    totals = diff.get("totals") or {}
    labels = tuple(str(label) for label in totals.get("emotions") or ())
    changed, lost, gained = (int(totals.get(n) or 0) for n in ("changed", "lost", "gained"))
    return DiffView(
        sums=_sums(totals) if totals else (),
        labels=labels,
        rows=_rows(labels, totals.get("confusion") or (), narrow),
        changed=changed,
        lost=lost,
        gained=gained,
        faces=tuple(_face(face) for face in diff.get("data") or ()),
    )


def _sums(totals: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what changed in sentences."""
    faces, changed = int(totals.get("faces") or 0), int(totals.get("changed") or 0)
    photos = count(int(totals.get("photos") or 0), "photo")
    said = [f"Both jobs have {photos}, and both found {count(faces, 'face')} on them."]
    if faces:
        share = f" ({percent(changed / faces, digits=1)})" if changed else ""
        said.append(
            f"{changed:,} of these {'is' if changed == 1 else 'are'} answered otherwise{share}."
            if changed
            else "All of these are answered alike."
        )
    if (shift := totals.get("mean_shift")) is not None:
        said.append(f"The probabilities of a face differ by {percent(shift, digits=1)} on average.")
    if unanswered := int(totals.get("unanswered") or 0):
        has = "has" if unanswered == 1 else "have"
        said.append(f"{count(unanswered, 'photo')} {has} no result in one of them.")
    return tuple(said)


def _rows(labels: tuple[str, ...], matrix: Any, narrow: Mapping[str, str]) -> tuple[DiffRow, ...]:
    chosen = narrow.get("expression"), narrow.get("other_expression")
    rows = []
    for label, line in zip(labels, matrix, strict=True):
        total = sum(line) or 1
        cells = tuple(
            DiffCell(
                faces=int(faces),
                other=other,
                shade=min(_SHADES - 1, int(faces / total * _SHADES)),
                same=other == label,
                chosen=(label, other) == chosen,
            )
            for other, faces in zip(labels, line, strict=True)
        )
        rows.append(DiffRow(label, cells))
    return tuple(rows)


def _face(face: Mapping[str, Any]) -> ChangedFace:
    return ChangedFace(
        filename=str(face.get("filename") or "unnamed"),
        this=_answer(face.get("this"), face.get("item_id")),
        other=_answer(face.get("other"), face.get("with_item_id")),
    )


def _answer(answer: Mapping[str, Any] | None, item: object) -> Answer | None:
    if answer is None:
        return None
    number = int(answer.get("face_index") or 0)
    return Answer(
        label=str(answer.get("expression") or ""),
        text=percent(answer.get("p")),
        crop=f"photos/{item}/faces/{number}.jpg",
        photo=f"photos/{item}#face-{item}-{number}",
    )


def _words(answer: Answer | None) -> str:
    return "not found" if answer is None else f"{answer.label} {answer.text}"
