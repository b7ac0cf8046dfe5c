"""A comparison as JSON and as rows: what a script and a spreadsheet read."""

import csv
import io
from collections.abc import Iterator

from hfer._formulas import guarded
from hfer.comparison.compared import Comparison, FacePair

_COLUMNS = (
    *("filename", "side", "reason", "item_id", "face_index", "saved_face", "iou"),
    *("agrees", "first", "their_first", "top", "their_top", "spearman", "kendall"),
)


def comparison_json(comparison: Comparison) -> dict[str, object]:
    """Return everything, numbers to 6 decimals; faces as in the CSV."""
    return {
        "service": comparison.service,
        "iou": comparison.iou,
        "expressions": list(comparison.expressions),
        "photos": comparison.photos,
        "faces": len(comparison.pairs),
        "faces_ranked": comparison.ranked,
        "faces_agreed": comparison.agreed,
        "agreement": _rounded(comparison.agreement),
        "mean_spearman": _rounded(comparison.mean_spearman),
        "mean_kendall": _rounded(comparison.mean_kendall),
        "across_faces": {
            name: _rounded(comparison.across_faces(name)) for name in comparison.expressions
        },
        "first_answers": [
            {"theirs": theirs, "ours": ours, "faces": count}
            for (theirs, ours), count in sorted(comparison.confusion.items())
        ],
        "pairs": [
            _pair(pair) | {"ours": dict(pair.ours), "theirs": dict(pair.theirs)}
            for pair in comparison.pairs
        ],
        "lone_faces": [
            {
                "side": face.side,
                "filename": face.filename,
                "face": face.face,
                "box": {name: round(getattr(face.box, name), 6) for name in "xywh"},
                "top": face.top,
            }
            for face in comparison.lone_faces
        ],
        "lone_photos": [
            {"side": photo.side, "filename": photo.filename, "reason": photo.reason}
            for photo in comparison.lone_photos
        ],
    }


def comparison_csv(comparison: Comparison) -> bytes:
    """Return a row for each face of both sides or one, and each photo of one side, as UTF-8.

    ``side`` is both, job or file; ``p_<expression>`` is ours, ``their_<expression>`` theirs.
    Numbers have 6 decimals, what is missing is empty, truth is TRUE or FALSE.
    """
    scores = [f"{start}_{name}" for start in ("p", "their") for name in comparison.expressions]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*_COLUMNS, *scores], restval="")
    writer.writeheader()
    for row in _rows(comparison):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue().encode()


def _rows(comparison: Comparison) -> Iterator[dict[str, object]]:
    for pair in comparison.pairs:
        ours = {f"p_{name}": p for name, p in pair.ours.items()}
        theirs = {f"their_{name}": score for name, score in pair.theirs.items()}
        yield {"side": "both", **_pair(pair), **ours, **theirs}
    for face in comparison.lone_faces:
        is_ours = face.side == "job"
        yield {
            "filename": face.filename,
            "side": face.side,
            "face_index" if is_ours else "saved_face": face.face,
            "top" if is_ours else "their_top": face.top,
        }
    for photo in comparison.lone_photos:
        yield {"filename": photo.filename, "side": photo.side, "reason": photo.reason}


def _pair(pair: FacePair) -> dict[str, object]:
    return {
        "filename": pair.filename,
        "item_id": pair.item_id,
        "face_index": pair.face_index,
        "saved_face": pair.saved_face,
        "iou": _rounded(pair.iou),
        "agrees": pair.agrees,
        "first": pair.first,
        "their_first": pair.their_first,
        "top": pair.top,
        "their_top": pair.their_top,
        "spearman": _rounded(pair.spearman),
        "kendall": _rounded(pair.kendall),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.6f}"
    return guarded(value) if isinstance(value, str) else value
