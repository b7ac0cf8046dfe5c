"""Reviews as the grid's script reads and sends them."""

from collections.abc import Iterable, Mapping
from typing import Any

# [photo's number, face_index, answer, version, note, blind, change]
Vote = list[Any]


def vote(review: Mapping[str, Any]) -> Vote:
    """Return a review of the API as its numbers, answer, version, note, blindness and change."""
    members = ("index", "face_index", "answer", "version", "note", "blind", "change_id")
    return [review.get(name) for name in members]


def votes(reviews: Iterable[Mapping[str, Any]]) -> list[Vote]:
    """Return reviews of the API in short."""
    return [vote(review) for review in reviews]


def unreviewed_first(draw: Mapping[str, Any], own: Iterable[Vote]) -> dict[str, Any]:
    """Make the order of a draw: what the reviewer said nothing of first, each in its order.

    It holds no answer of the model; ``reviewed`` is about the reviewer alone.
    """
    said = {(index, face) for index, face, *_ in own}
    faces = list(zip(draw["index"], draw["face_index"], strict=True))
    order = sorted(faces, key=said.__contains__)
    return {
        "total": len(order),
        "index": [index for index, _ in order],
        "face_index": [face for _, face in order],
        "reviewed": [int(face in said) for face in order],
    }
