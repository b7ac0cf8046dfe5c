"""Reviews as rows of CSV, such as a table of results with a column that people filled."""

import csv
import io
from collections.abc import Mapping

from hfer._formulas import unguarded
from hfer.errors import SavedFileError
from hfer.models import Box, Face, PhotoResult
from hfer.review_models import Review
from hfer.reviewing.found import Found, Photos, answer_of, face_at, name_fault, no_answer

_BOXES = (("box_x", "box_y", "box_w", "box_h"), ("x", "y", "w", "h"))
_ANSWERS = ("answer", "expression", "label")


def read_rows(
    text: str, photos: Photos, found: Found, *, reviewer: str | None, blind: bool
) -> None:
    """Gather the reviews in a table; rows without an answer count as passed over.

    Columns: ``item_id`` or ``filename``; ``face_index``, or the box in pixels (``box_x box_y box_w
    box_h`` or ``x y w h``), or neither where the photo has one face; ``expression`` (or ``answer``
    or ``label``); ``reviewer``. Commas, semicolons or tabs part them; others are ignored.

    Args:
        text: of the file.
        photos: of the job.
        found: what to add to.
        reviewer: who says it where no column tells.
        blind: whether reviewers saw neither the model's answers nor each other's.

    Raises:
        SavedFileError: columns are missing, or it is no CSV.
    """
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = {str(name).strip().lower() for name in rows.fieldnames or ()}
        column = next((name for name in _ANSWERS if name in names), None)
        if column is None or not names & {"item_id", "filename"}:
            raise SavedFileError(
                "The table needs a column expression, and filename or item_id; it has"
                f" {', '.join(sorted(names))}."
            )
        if column == "expression" and "detection_confidence" in names:
            raise SavedFileError(
                "In a table of results the column expression is the model's answer: put what"
                " people say into a column answer."
            )
        for row in rows:
            cells = {str(name).strip().lower(): str(cell or "") for name, cell in row.items()}
            place = f"line {rows.line_num}"
            if not cells[column].strip():
                found.passed_over += 1
                continue
            who = cells.get("reviewer", "").strip() or reviewer
            review = _review(cells, column, photos, who, comma=delimiter == ";")
            if isinstance(review, str):
                found.miss(place, cells.get("filename") or cells.get("item_id", ""), review)
            else:
                found.add(
                    Review(review.item_id, review.face_index, review.reviewer, review.answer, blind)
                )
    except csv.Error as error:
        raise SavedFileError(f"The table is no CSV: {error}, line {rows.line_num}.") from error


def _review(
    cells: Mapping[str, str], column: str, photos: Photos, reviewer: str | None, *, comma: bool
) -> Review | str:
    """Read a row; a text says why it is none."""
    if reviewer is None:
        return "nobody is named who says it: add a column reviewer, or --reviewer"
    if fault := name_fault(reviewer):
        return fault
    photo = photos.by_id(cells.get("item_id")) or photos.by_name(
        unguarded(cells.get("filename", ""))
    )
    if isinstance(photo, str):
        return photo
    face = _face(cells, photo, comma=comma)
    if isinstance(face, str):
        return face
    answer = answer_of(cells[column])
    if answer is None:
        return no_answer(cells[column])
    return Review(photo.item_id, face.face_index, reviewer, answer)


def _face(cells: Mapping[str, str], photo: PhotoResult, *, comma: bool) -> Face | str:
    if number := cells.get("face_index", "").strip():
        # R and pandas write 0.0 where another row has none.
        faces = {str(face.face_index): face for face in photo.faces}
        return faces.get(number.removesuffix(".0"), f"the photo has no face {number}")
    for names in _BOXES:
        sides = [cells.get(name, "").strip() for name in names]
        if all(sides):
            try:
                box = Box(*(float(side.replace(",", ".") if comma else side) for side in sides))
            except ValueError:
                return "the box is none: its sides are no numbers"
            return face_at(photo, box) or "the job has no face there"
    if len(photo.faces) == 1:
        return photo.faces[0]
    return f"the photo has {len(photo.faces)} faces, and none is named: add face_index or the box"
