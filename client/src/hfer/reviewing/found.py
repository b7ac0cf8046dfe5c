"""What is read out of a file of reviews, and the photos of the job that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hfer._boxes import iou, pair_boxes
from hfer.comparison.photos import names_finder
from hfer.models import Box, Face, PhotoResult
from hfer.review_models import ANSWERS, Review, UnmatchedReview

REVIEWER_CHARS = 100
CONTROLS = frozenset(map(chr, (*range(32), 127)))

# As of `hfer.comparison`: boxes of two faces that do not hide each other share less.
SAME_FACE = 0.4
# A box that kept its face's number may have been moved or resized until hardly anything is left.
SAME_NUMBER = 0.1


@dataclass
class Found:
    """Gathers reviews; a later word of a reviewer on a face replaces the one before."""

    reviews: dict[tuple[str, int, str], Review] = field(default_factory=dict)
    unmatched: list[UnmatchedReview] = field(default_factory=list)
    passed_over: int = 0

    def add(self, review: Review) -> None:
        self.reviews[review.item_id, review.face_index, review.reviewer] = review

    def miss(self, place: str, photo: str, reason: str) -> None:
        self.unmatched.append(UnmatchedReview(place, photo, reason))


class Photos:
    """The photos of a job, by id and by name."""

    def __init__(self, results: Sequence[PhotoResult]) -> None:
        self._results = results
        self._by_id = {photo.item_id: photo for photo in results}
        self._by_name = names_finder(results)

    def by_id(self, item_id: object) -> PhotoResult | None:
        """Return the photo with an id; None if the job has none."""
        return self._by_id.get(item_id) if isinstance(item_id, str) else None

    def by_name(self, name: str) -> PhotoResult | str:
        """Return the photo with a name, else why there is none."""
        found = self._by_name(name)
        if len(found) == 1:
            return self._results[found[0]]
        return "several photos of the job could be it" if found else "no photo of this name"


def face_at(photo: PhotoResult, box: Box) -> Face | None:
    """Return the face that a box is of, the one that it overlaps most; None for none."""
    pairs = pair_boxes([box], [face.box for face in photo.faces], threshold=SAME_FACE)
    return photo.faces[pairs[0][1]] if pairs else None


def still_on(face: Face, box: Box) -> bool:
    """Whether a box that carries the number of a face is still on it."""
    return iou(face.box, box) >= SAME_NUMBER


def name_fault(reviewer: str) -> str | None:
    """Say why the service does not take a reviewer's name; None if it does."""
    if len(reviewer) > REVIEWER_CHARS or not CONTROLS.isdisjoint(reviewer):
        return f"the reviewer's name has control characters or more than {REVIEWER_CHARS}"
    return None


def answer_of(text: str) -> str | None:
    """Read an answer, whatever its case; None if it is none."""
    said = text.strip().lower().replace(" ", "_")
    return said if said in ANSWERS else None


def no_answer(text: str) -> str:
    """Say of an answer that it is none."""
    return f"{text!r} is none of the answers: {', '.join(ANSWERS)}"
