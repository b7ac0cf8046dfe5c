"""Which photos or faces of a job are wanted: the filters of every listing."""

from typing import TypedDict


class PhotoFilter(TypedDict, total=False):
    """Photos with one face that fits all that is asked of a face; None asks for nothing.

    Attributes:
        status: of the photo: queued, running, succeeded, no_face, failed or cancelled.
        folder: it lies in this folder, or below.
        q: its name contains this, whatever the case.
        min_faces: fewest faces in it.
        warning: one of the photo, or of that face.
        expression: that face's first answer.
        min_p: lowest probability of it, 0..1.
        max_p: highest probability of it, 0..1.
        uncertain: whether it is uncertain.
        min_side: shortest longer side of the face's box, in pixels of the analysed picture.
        max_side: longest longer side of the face's box.
        reviewed: whether a reviewer has a vote on that face.
        answer: a reviewer's vote on it.
        differs: whether a vote is another than the first answer.
    """

    status: str | None
    folder: str | None
    q: str | None
    min_faces: int | None
    warning: str | None
    expression: str | None
    min_p: float | None
    max_p: float | None
    uncertain: bool | None
    min_side: int | None
    max_side: int | None
    reviewed: bool | None
    answer: str | None
    differs: bool | None


def as_query(wanted: PhotoFilter) -> dict[str, str]:
    """Return the filters that are set as the service takes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in wanted.items()
        if value is not None
    }
