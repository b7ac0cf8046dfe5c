"""Label Studio: tasks with predictions, whose rectangles carry the expression as their label.

The expression is the *rectangle's* label, as Label Studio's own converter to COCO keeps that and
drops a choice made per region; the probability is a number beside it.
"""

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from hfer._columns import EXPRESSIONS
from hfer.exports.about import known_expression, sized
from hfer.models import Face, ImageInfo, JobState, PhotoResult

LABEL_TAG, NUMBER_TAG, IMAGE_TAG = "expression", "probability", "image"

# The labelling interface that the tasks are for: paste it into Settings, Labeling Interface.
CONFIG = f"""<View>
  <Image name="{IMAGE_TAG}" value="$image" zoom="true"/>
  <RectangleLabels name="{LABEL_TAG}" toName="{IMAGE_TAG}">
{"".join(f'    <Label value="{name}"/>{chr(10)}' for name in EXPRESSIONS)}  </RectangleLabels>
  <Number name="{NUMBER_TAG}" toName="{IMAGE_TAG}" perRegion="true" min="0" max="1"/>
</View>
"""


class Per(StrEnum):
    """What one task is of."""

    PHOTO = "photo"
    FACE = "face"


class LabelStudioWriter:
    """Writes a list of tasks, one a line. Photos without a result cannot be shown: no task."""

    def __init__(self, path: Path, state: JobState, *, per: Per, image_prefix: str) -> None:
        self._job_id, self._per, self._prefix = state.id, per, image_prefix
        self._count = 0
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write("[")

    def add(self, photo: PhotoResult) -> None:
        for faces in self._tasks_of(photo):
            task = {"data": self._data(photo, faces), "predictions": _predictions(photo, faces)}
            line = json.dumps(task, ensure_ascii=False)
            self._file.write(("," if self._count else "") + "\n" + line)
            self._count += 1

    def close(self) -> None:
        self._file.write("\n]\n")
        self._file.close()

    def abandon(self) -> None:
        self._file.close()

    def _tasks_of(self, photo: PhotoResult) -> Iterator[Sequence[Face]]:
        if not sized(photo):
            return
        if self._per is Per.PHOTO:
            yield photo.faces
        else:
            yield from ((face,) for face in photo.faces)

    def _data(self, photo: PhotoResult, faces: Sequence[Face]) -> dict[str, object]:
        data: dict[str, object] = {
            "image": image_address(self._prefix, photo.filename),
            "filename": photo.filename,
            "job_id": self._job_id,
            "item_id": photo.item_id,
            "client_ref": photo.client_ref,
            "status": photo.status,
        }
        return data | (_of_face(faces[0]) if self._per is Per.FACE else {})


def _of_face(face: Face) -> dict[str, object]:
    answer = face.reviewed.answer if face.reviewed else None
    return {"face_index": face.face_index, "reviewed_answer": answer}


def image_address(prefix: str, filename: str) -> str:
    """Put the prefix before a name; within a URL or a path the name is quoted, ``/`` stays.

    ``s3://``, ``gs://`` and the like name objects, which Label Studio takes as they are.
    """
    plain = "://" in prefix and not prefix.lower().startswith(("http://", "https://"))
    return prefix + (filename if plain else quote(filename))


def region_id(photo: PhotoResult, face: Face) -> str:
    """Name a face's region, the same in every export of a job."""
    return f"{photo.item_id}_{face.face_index}"


def _predictions(photo: PhotoResult, faces: Sequence[Face]) -> list[dict[str, object]]:
    if photo.image is None or not faces:
        return []
    result = [region for face in faces for region in _regions(photo, photo.image, face)]
    # The least sure face, so that sorting by score shows first what needs a look.
    score = min(known_expression(face).p for face in faces)
    return [{"model_version": photo.model_version or "", "score": score, "result": result}]


def _regions(photo: PhotoResult, image: ImageInfo, face: Face) -> Iterator[dict[str, object]]:
    best = face.expression
    shared = {
        "id": region_id(photo, face),
        "to_name": IMAGE_TAG,
        "original_width": image.width,
        "original_height": image.height,
        "image_rotation": 0,
        "score": best.p,
    }
    place = _percent(face, image) | {"rotation": 0}
    yield shared | {
        "type": "rectanglelabels",
        "from_name": LABEL_TAG,
        "value": place | {"rectanglelabels": [best.label]},
    }
    yield shared | {
        "type": "number",
        "from_name": NUMBER_TAG,
        "value": place | {"number": best.p},
    }


def _percent(face: Face, image: ImageInfo) -> dict[str, float]:
    """Give the box in percent of the photo, within it: Label Studio checks that of nobody."""
    x, width = _span(face.box.x, face.box.w, image.width)
    y, height = _span(face.box.y, face.box.h, image.height)
    return {"x": x, "y": y, "width": width, "height": height}


def _span(start: float, size: float, whole: int) -> tuple[float, float]:
    first = min(100.0, max(0.0, 100 * start / whole))
    last = min(100.0, max(first, 100 * (start + size) / whole))
    return first, last - first
