"""The one table of results: its columns, the same in CSV, Parquet, xlsx and a DataFrame.

A row is a face; a photo without any has one row, its face columns empty. The service writes the CSV
(services/api/jobs/results/formats.py) and all else is written here; a test compares the names.
A new column comes last, as readers may go by a column's place, and an old one keeps its name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hfer.models import Face, PhotoResult

Cell = str | int | float | bool | None

# In the service's order.
EXPRESSIONS = ("surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral")
LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``unit`` is empty where the cells have none."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""


def _text(name: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, meaning)


def _integer(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, Kind.INTEGER, meaning, unit)


def _number(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, Kind.NUMBER, meaning, unit)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, Kind.FLAG, meaning)


COLUMNS = (
    _text("item_id", "id of the photo in this job"),
    _integer("index", "place among the photos as sent, from 0"),
    _text("filename", "name as sent"),
    _text("client_ref", "your own id of the photo"),
    _text("content_sha256", "SHA-256 of the file, in hex"),
    _text("status", "`succeeded`, `no_face`, `failed` or `cancelled`"),
    _text("error_code", "why there is no result, for programs"),
    _text("error_detail", "the same for people"),
    _text("model_version", "the model that made the result"),
    _integer("width", "width of the upright photo", "px"),
    _integer("height", "height of the upright photo", "px"),
    _integer("exif_orientation", "EXIF orientation that was applied, 1 to 8"),
    _flag("faces_truncated", "more faces were found than are listed"),
    _integer("face_index", "number on the annotated photo, largest face 0"),
    _number("box_x", "left edge of the face", "px"),
    _number("box_y", "top edge of the face", "px"),
    _number("box_w", "width of the face", "px"),
    _number("box_h", "height of the face", "px"),
    *(
        _number(f"{name}_{axis}", f"{name.replace('_', ' ')}, {axis}", "px")
        for name in LANDMARKS
        for axis in "xy"
    ),
    _number("detection_confidence", "that it is a face, 0 to 1"),
    _number("face_px", "longer side of the box in the picture that was analysed", "px"),
    _number("blur", "variance of the Laplacian of the crop; low is blurred"),
    _text("top_label", "the most probable apparent expression"),
    _number("top_p", "its probability"),
    _number("margin", "its lead over the second"),
    _flag("uncertain", "it is below the model's abstention threshold: no answer"),
    *(_number(f"p_{label}", f"probability of {label}") for label in EXPRESSIONS),
    _text("precision", "arithmetic of the model: `fp32`, `bf16` or `int8`"),
    _text("detector", "what found the face"),
    _text("captured_at", "when the photo was taken, from EXIF, in ISO 8601"),
    _text("photo_warnings", "what was mended in the file, with blanks between"),
    _number("roll", "turn of the head in the picture, clockwise positive", "degrees"),
    _text("face_warnings", "what limits the face's answer, with blanks between"),
    _text("reviewed_answer", "what most reviewers say; empty on a tie, and without votes"),
    _integer("reviewed_votes", "how many reviewers have a vote on the face"),
    _flag("reviewed_differs", "most reviewers say something else than the model"),
)
NAMES = tuple(column.name for column in COLUMNS)


def rows(photo: PhotoResult) -> Iterator[dict[str, Cell]]:
    """Yield a photo's rows, by column in the order of `COLUMNS`; what is not known is None."""
    for face in photo.faces or (None,):
        known = _of_photo(photo) | ({} if face is None else _of_face(face))
        yield {name: known.get(name) for name in NAMES}


def _of_photo(photo: PhotoResult) -> dict[str, Cell]:
    image, error = photo.image, photo.error
    return {
        "item_id": photo.item_id,
        "index": photo.index,
        "filename": photo.filename,
        "client_ref": photo.client_ref,
        "content_sha256": photo.content_sha256,
        "status": photo.status,
        "error_code": error.code if error else None,
        "error_detail": error.detail if error else None,
        "model_version": photo.model_version,
        "width": image.width if image else None,
        "height": image.height if image else None,
        "exif_orientation": image.exif_orientation if image else None,
        "faces_truncated": photo.faces_truncated,
        "precision": photo.precision,
        "detector": photo.detector,
        "captured_at": photo.captured_at,
        "photo_warnings": " ".join(photo.warnings),
    }


def _of_face(face: Face) -> dict[str, Cell]:
    box, best, said = face.box, face.expression, face.reviewed
    return {
        "face_index": face.face_index,
        "box_x": box.x,
        "box_y": box.y,
        "box_w": box.w,
        "box_h": box.h,
        **{f"{name}_x": point.x for name, point in face.landmarks.items()},
        **{f"{name}_y": point.y for name, point in face.landmarks.items()},
        "detection_confidence": face.detection_confidence,
        "face_px": face.quality.face_px,
        "blur": face.quality.blur,
        "top_label": best.label,
        "top_p": best.p,
        "margin": face.margin,
        "uncertain": face.uncertain,
        **{f"p_{label}": p for label, p in face.emotions.items()},
        "roll": face.roll,
        "face_warnings": " ".join(face.warnings),
        "reviewed_answer": said.answer if said else None,
        "reviewed_votes": said.votes if said else None,
        "reviewed_differs": said.differs if said else None,
    }
