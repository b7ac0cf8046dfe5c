"""Boxes as float32 arrays ``[N, 4]`` of corners ``x1, y1, x2, y2``, and the faces made of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace

Floats = NDArray[np.float32]


def non_maximum_suppression(boxes: Floats, scores: Floats, threshold: float) -> NDArray[np.intp]:
    """Indices of the boxes kept, best first, when overlap is intersection over union.

    A box goes if it overlaps a better one by more than ``threshold``; of equal scores the
    earlier one wins. OpenCV's loop is four times faster than a vectorised one in numpy.
    """
    corner_and_size = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).astype(np.float64)
    if not len(boxes):
        return np.empty(0, np.intp)
    # OpenCV's stub says sequences; arrays are accepted and need no conversion.
    kept = cv2.dnn.NMSBoxes(corner_and_size, scores, 0.0, threshold)  # type: ignore[arg-type]
    return np.asarray(kept, dtype=np.intp)


def nested_suppression(boxes: Floats, scores: Floats, threshold: float) -> NDArray[np.intp]:
    """The same with overlap as a share of the smaller box, so that nested boxes go too.

    Corners count as pixels here (a box from 0 to 9 is 10 wide), and of equal scores the later
    one wins, as in the last stage of the reference. Equal scores do occur: two boxes that
    differ by less than a pixel are one crop to O-Net.
    """
    areas = np.prod(boxes[:, 2:] - boxes[:, :2] + 1, axis=1)
    left = np.argsort(scores, kind="stable")[::-1]
    kept: list[np.intp] = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        top_left = np.maximum(boxes[best, :2], boxes[left, :2])
        bottom_right = np.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = np.prod(np.maximum(bottom_right - top_left + 1, 0), axis=1)
        left = left[shared <= threshold * np.minimum(areas[best], areas[left])]
    return np.array(kept, dtype=np.intp)


def corrected(boxes: Floats, offsets: Floats, *, edge: int) -> Floats:
    """Move each corner by its offset, a share of the box's width or height plus ``edge``."""
    sides = boxes[:, 2:] - boxes[:, :2] + np.float32(edge)
    return boxes + offsets * np.tile(sides, 2)


def squared(boxes: Floats) -> Floats:
    """Grow the shorter side around the centre until the box is square."""
    sides = boxes[:, 2:] - boxes[:, :2]
    side = sides.max(axis=1, keepdims=True)
    top_left = boxes[:, :2] + sides * np.float32(0.5) - side * np.float32(0.5)
    return np.hstack([top_left, top_left + side])


def pixel_windows(boxes: Floats, *, height: int, width: int) -> NDArray[np.intp]:
    """Whole-pixel slices ``x1, y1, x2, y2`` of the boxes inside the photo; may be empty.

    Corners are 1-based in MTCNN's convention: the left and top edges move by one pixel.
    """
    whole = np.trunc(boxes).astype(np.intp)
    top_left = np.maximum(whole[:, :2], 1) - 1
    bottom_right = np.minimum(whole[:, 2:], [width, height])
    return np.hstack([top_left, bottom_right])


def faces_from_arrays(
    boxes: NDArray[np.floating],
    scores: NDArray[np.floating],
    points: NDArray[np.floating],
    *,
    size: tuple[int, int],
    threshold: float,
    min_face_px: int,
) -> list[DetectedFace]:
    """Turn a detector's arrays into faces clipped to the photo, in Python floats.

    Args:
        boxes: corners ``x1, y1, x2, y2``, ``[N, 4]``; they may reach out of the photo.
        scores: confidences in 0..1, ``[N]``.
        points: landmarks ``[N, 5, 2]`` as ``x, y``.
        size: width and height of the photo.
        threshold: lowest confidence kept.
        min_face_px: shortest longer side kept, measured after clipping.
    """
    limits = np.array(size, dtype=np.float64)
    corners = np.clip(boxes.astype(np.float64), 0.0, np.tile(limits, 2))
    landmarks = np.clip(points.astype(np.float64), 0.0, limits)
    # Float32 softmax may exceed 1 by one unit in the last place.
    confidences = np.minimum(scores.astype(np.float64), 1.0)
    sides = corners[:, 2:] - corners[:, :2]
    large = (sides.max(axis=1, initial=0) >= min_face_px) & (sides.min(axis=1, initial=1) > 0)
    kept = np.flatnonzero(large & (confidences >= threshold))
    return [
        DetectedFace(
            box=Box.from_corners(*corners[index].tolist()),
            landmarks=tuple((x, y) for x, y in landmarks[index].tolist()),
            confidence=float(confidences[index]),
        )
        for index in kept
    ]
