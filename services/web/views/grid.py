"""Photos as the grid's script reads them: no more than its tiles show."""

from collections.abc import Mapping
from typing import Any

from services.web.views.expressions import EXPRESSIONS
from services.web.views.matching import is_match
from services.web.views.photos import cause_of
from services.web.views.units import percent

# Code of the error of a photo that was erased out of its job, and what its tile calls it.
ERASED = "erased"


def tile(
    photo: Mapping[str, Any], narrow: Mapping[str, str], *, blind: bool = False
) -> dict[str, Any]:
    """Return a photo's tile.

    ``faces`` are ``[face_index, expression, percent in words, uncertain, fits the filter, x, y,
    w, h, probabilities]`` each, the box in pixels of the upright photo, the probabilities in
    permille in the order of ``EXPRESSIONS``; ``width`` and ``height`` are 0 without a result.
    ``blind`` leaves out all that the model says.
    """
    image, index = photo.get("image") or {}, int(photo.get("index") or 0)
    erased = (photo.get("error") or {}).get("code") == ERASED
    return {
        "index": index,
        "id": str(photo.get("item_id") or ""),
        # An erased photo has no name any more.
        "name": f"Photo {index + 1}" if erased else str(photo.get("filename") or "unnamed"),
        "status": ERASED if erased else str(photo.get("status") or ""),
        "width": int(image.get("width") or 0),
        "height": int(image.get("height") or 0),
        "cause": cause_of(photo.get("error")),
        "faces": [_face(face, narrow, blind=blind) for face in photo.get("faces") or ()],
    }


def _face(face: Mapping[str, Any], narrow: Mapping[str, str], *, blind: bool) -> list[Any]:
    box = [round(float(face["box"][name])) for name in "xywh"]
    number = int(face.get("face_index") or 0)
    if blind:
        return [number, "", "", False, False, *box, None]
    emotions = face["emotions"]
    label = max(emotions, key=emotions.get)
    found = is_match(face, narrow)
    likely = [round(1000 * emotions.get(name, 0)) for name in EXPRESSIONS]
    return [
        number,
        label,
        percent(emotions[label]),
        bool(face.get("uncertain")),
        found,
        *box,
        likely,
    ]
