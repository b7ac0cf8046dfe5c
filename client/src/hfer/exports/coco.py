"""COCO: the seven expressions are the categories, five keypoints each, all else ``attributes``.

Of the tools that read it pycocotools keeps ``attributes``, CVAT shows them, and FiftyOne makes
fields of them. Photos without a face stay, without an annotation; photos without a result have no
size, which COCO wants, and are left out.
"""

import json
import shutil
import tempfile
from pathlib import Path

from hfer._columns import EXPRESSIONS, LANDMARKS, Cell, rows
from hfer.exports.about import NOTICE, facts, known_expression, sized
from hfer.models import Box, Face, ImageInfo, JobState, PhotoResult

# How far apart people put the same point, in shares of the square root of the area: COCO's own
# figures for nose and eyes; it has none for corners of the mouth, which get the eyes'.
SIGMAS = (0.025, 0.025, 0.026, 0.025, 0.025)
# Pairs of points to be joined when drawn, counted from 1.
SKELETON = ([1, 3], [2, 3], [3, 4], [3, 5])

_CATEGORY_IDS = {name: number for number, name in enumerate(EXPRESSIONS, 1)}
_SEEN = 2

# Members of the image or the annotation; every other column is an attribute.
_MEMBERS = {"filename", "width", "height", "top_label", "top_p", "box_x", "box_y", "box_w", "box_h"}
_MEMBERS |= {f"{name}_{axis}" for name in LANDMARKS for axis in "xy"}
_OF_PHOTO = {
    *("item_id", "index", "client_ref", "content_sha256", "status", "model_version"),
    *("exif_orientation", "faces_truncated", "precision", "detector", "captured_at"),
    "photo_warnings",
}
_OF_ERROR = {"error_code", "error_detail"}


class CocoWriter:
    """Writes images as they come, and annotations to a temporary file until the images end."""

    def __init__(self, path: Path, state: JobState) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._annotations = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed by close and abandon
        self._images, self._faces = 0, 0
        head = {"info": _info(state), "licenses": [], "categories": _categories()}
        self._file.write(_json(head).removesuffix("}") + ',\n"images": [')

    def add(self, photo: PhotoResult) -> None:
        if photo.image is None or not sized(photo):
            return
        # Counted from 1, as 0 stands for "no match" in pycocotools.
        image_id = photo.index + 1
        known = list(rows(photo))
        image = {
            "id": image_id,
            "file_name": photo.filename,
            "width": photo.image.width,
            "height": photo.image.height,
            "attributes": {name: known[0][name] for name in known[0] if name in _OF_PHOTO},
        }
        self._file.write(("," if self._images else "") + "\n" + _json(image))
        self._images += 1
        for face, row in zip(photo.faces, known, strict=False):
            line = _json(_annotation(self._faces + 1, image_id, face, row, photo.image))
            self._annotations.write(("," if self._faces else "") + "\n" + line)
            self._faces += 1

    def close(self) -> None:
        self._file.write('\n],\n"annotations": [')
        self._annotations.seek(0)
        shutil.copyfileobj(self._annotations, self._file)
        self._file.write("\n]}\n")
        self.abandon()

    def abandon(self) -> None:
        self._annotations.close()
        self._file.close()


def _info(state: JobState) -> dict[str, object]:
    told = facts(state)
    return {
        "description": f"HFER {told['job_id']}. {NOTICE}",
        "version": told["model"],
        "date_created": told["created_at"],
    }


def _categories() -> list[dict[str, object]]:
    return [
        {
            "id": number,
            "name": name,
            "supercategory": "face",
            "keypoints": list(LANDMARKS),
            "skeleton": list(SKELETON),
            "sigmas": list(SIGMAS),
        }
        for name, number in _CATEGORY_IDS.items()
    ]


def _annotation(
    number: int, image_id: int, face: Face, row: dict[str, Cell], image: ImageInfo
) -> dict[str, object]:
    left, top, width, height = _inside(face.box, image)
    best = known_expression(face)
    points = [face.landmarks.get(name) for name in LANDMARKS]
    skipped = _MEMBERS | _OF_PHOTO | _OF_ERROR
    return {
        "id": number,
        "image_id": image_id,
        "category_id": _CATEGORY_IDS[best.label],
        "bbox": [left, top, width, height],
        "area": width * height,
        "iscrowd": 0,
        "segmentation": [],
        "keypoints": [
            value
            for point in points
            for value in ((point.x, point.y, _SEEN) if point else (0,) * 3)
        ],
        "num_keypoints": sum(point is not None for point in points),
        "score": best.p,
        "attributes": {name: value for name, value in row.items() if name not in skipped},
    }


def _inside(box: Box, image: ImageInfo) -> tuple[float, float, float, float]:
    """Return x, y, w, h: of a shrunk photo the last bit of a box may lie outside, as it is scaled.

    Readers that check refuse such a file.
    """
    return box.x, box.y, min(box.w, image.width - box.x), min(box.h, image.height - box.y)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
