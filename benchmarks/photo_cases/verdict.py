"""Whether an answer is what the table says, and if not, why."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.photo_cases.right import Right
from services.common.domain.emotions import EMOTIONS
from services.common.domain.errors import ItemError
from services.common.domain.faces import LANDMARKS, AnalysedFace, Box, Landmark, PhotoAnalysis

# Of a box told of and one found: enough for the same face however a detector draws its boxes.
_IOU = 0.4
_EDGE_PX = 1.0


def faults(right: Right, answer: PhotoAnalysis | ItemError, *, collected: bool) -> list[str]:
    """Return what is wrong with an answer, nothing where all is right.

    Args:
        right: what the table says.
        answer: the pipeline's.
        collected: whether the client takes the file out of a folder.
    """
    missed = ["hfer submit FOLDER passes it over"] if right.collected and not collected else []
    if isinstance(answer, ItemError):
        return [*missed, *_refusal_faults(right, answer)]
    if right.only_refused:
        return [*missed, "not refused"]
    return [*missed, *_picture_faults(right, answer), *_face_faults(right, answer)]


def described(answer: PhotoAnalysis | ItemError) -> str:
    """Return an answer in a few words."""
    if isinstance(answer, ItemError):
        return f"{answer.code}: {answer.detail}"
    told = [_told(face) for face in answer.faces[:2]]
    more = ["…"] if len(answer.faces) > 2 else []
    size = f"{answer.width}x{answer.height}, {len(answer.faces)} faces"
    return "; ".join([size, *told, *more])


def _refusal_faults(right: Right, error: ItemError) -> Iterator[str]:
    if right.refused_as is None:
        yield "refused"
    elif right.refused_as not in error.detail.lower():
        yield f"the error does not name {right.refused_as}"


def _picture_faults(right: Right, answer: PhotoAnalysis) -> Iterator[str]:
    count = len(answer.faces)
    if right.size and right.size != (answer.width, answer.height):
        yield f"the picture is {answer.width}x{answer.height}"
    if count != right.faces and not (right.or_more and count > right.faces):
        yield f"{count} faces"
    boxes = [face.box for face in answer.faces]
    for place in right.places:
        if not any(place.iou(box) >= _IOU for box in boxes):
            yield f"no face near x {place.x:.0f} y {place.y:.0f}"


def _face_faults(right: Right, answer: PhotoAnalysis) -> Iterator[str]:
    """Check what is told of a face on every face that was found."""
    for face in answer.faces:
        first = EMOTIONS[int(np.argmax(face.probabilities))]
        uncertain = right.may_be_uncertain and face.uncertain
        if right.expression and first != right.expression and not uncertain:
            yield f"{first}, not {right.expression}"
        eyes = _eyes(face)
        if right.eyes and eyes != right.eyes:
            yield f"eyes {eyes} the mouth"
        if right.turned and eyes == "above":
            yield "landmarks not turned"
        if right.middle and not _in_the_middle(face.box, answer.width, answer.height):
            yield "not in the middle"
        edges = set(_edges(face.box, answer.width, answer.height))
        if right.edge and right.edge not in edges:
            yield f"not at the {right.edge} edge"
        carried = {*answer.warnings, *(["cut_off"] if edges else [])}
        yield from (f"no warning {name}" for name in right.warnings if name not in carried)


def _eyes(face: AnalysedFace) -> str:
    """Where the eyes are seen from the mouth: above, below, left or right."""
    eyes = _middle(face, Landmark.LEFT_EYE, Landmark.RIGHT_EYE)
    mouth = _middle(face, Landmark.MOUTH_LEFT, Landmark.MOUTH_RIGHT)
    across, down = eyes - mouth
    if abs(down) >= abs(across):
        return "below" if down > 0 else "above"
    return "right" if across > 0 else "left"


def _middle(face: AnalysedFace, *names: Landmark) -> NDArray[np.float64]:
    points = [face.landmarks[LANDMARKS.index(name)] for name in names]
    middle: NDArray[np.float64] = np.mean(points, axis=0)
    return middle


def _in_the_middle(box: Box, width: int, height: int) -> bool:
    across = abs(box.x + box.w / 2 - width / 2) <= width / 4
    return across and abs(box.y + box.h / 2 - height / 2) <= height / 4


def _edges(box: Box, width: int, height: int) -> Iterator[str]:
    x1, y1, x2, y2 = box.corners
    if x1 < _EDGE_PX:
        yield "left"
    if y1 < _EDGE_PX:
        yield "top"
    if x2 > width - _EDGE_PX:
        yield "right"
    if y2 > height - _EDGE_PX:
        yield "bottom"


def _told(face: AnalysedFace) -> str:
    box = face.box
    first = EMOTIONS[int(np.argmax(face.probabilities))]
    place = f"x {box.x:.0f} y {box.y:.0f} w {box.w:.0f} h {box.h:.0f}"
    return f"{place} {first} {max(face.probabilities):.2f}{' uncertain' * face.uncertain}"
