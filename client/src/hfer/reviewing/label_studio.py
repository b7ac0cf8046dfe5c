"""Annotations as Label Studio exports them (JSON, not JSON-MIN), of its server 1.23.

A rectangle's label is the answer. Rectangles that `hfer.exports` wrote carry photo and face in
their id, which Label Studio keeps when an annotator begins with a prediction.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hfer._boxes import pair_boxes
from hfer.comparison.entries import mapping, number_at, sequence
from hfer.models import Box, Face, PhotoResult
from hfer.review_models import Review
from hfer.reviewing.found import (
    SAME_FACE,
    Found,
    Photos,
    answer_of,
    name_fault,
    no_answer,
    still_on,
)

# Photo and face; behind a # the page notes the annotation.
_REGION = re.compile(r"(itm_[0-9a-z]+)[_-](\d{1,5})(?:#.*)?")
_ADDED = "a box was added where the job has no face"
_MOVED = "the box was moved off its face"


def read_tasks(
    tasks: Sequence[Any], photos: Photos, found: Found, *, reviewer: str | None, blind: bool
) -> None:
    """Gather the reviews in an export.

    Annotations that were cancelled count as passed over. Of several of one annotator in a task the
    last one counts.

    Args:
        tasks: as parsed.
        photos: of the job.
        found: what to add to.
        reviewer: who annotated where the export does not say; None, that cannot be matched.
        blind: whether annotators saw no predictions.

    Raises:
        SavedFileError: a box has a side that is no number.
    """
    for number, task in enumerate(map(mapping, tasks), start=1):
        data = mapping(task.get("data"))
        name = str(data.get("filename") or _name_of(data.get("image")))
        photo = photos.by_id(data.get("item_id")) or photos.by_name(name)
        for annotation in sorted(map(mapping, sequence(task.get("annotations"))), key=_age):
            place = f"task {task.get('id', number)}, annotation {annotation.get('id', '?')}"
            who = _reviewer(annotation, reviewer)
            if annotation.get("was_cancelled"):
                found.passed_over += 1
            elif isinstance(photo, str):
                found.miss(place, name, photo)
            elif who is None:
                found.miss(place, name, "nobody is named who annotated: give --reviewer")
            elif fault := name_fault(who):
                found.miss(place, name, fault)
            else:
                _Annotation(photo, data, annotation, place, found).read(who, blind=blind)


def _name_of(image: object) -> str:
    """Return the path in an image's address; Label Studio's own has it in the query."""
    parts = urlsplit(str(image or ""))
    return parse_qs(parts.query).get("d", [unquote(parts.path)])[0]


def _age(annotation: Mapping[str, Any]) -> tuple[str, str]:
    return str(annotation.get("updated_at") or annotation.get("created_at") or ""), str(
        annotation.get("id") or ""
    ).rjust(20)


def _reviewer(annotation: Mapping[str, Any], otherwise: str | None) -> str | None:
    who = annotation.get("completed_by")
    if isinstance(who, Mapping):
        named = who.get("email") or who.get("username") or who.get("id")
        return _user(named) if named is not None else otherwise
    return otherwise if who is None else _user(who)


def _user(who: object) -> str:
    return who if isinstance(who, str) else f"label-studio:{who}"


class _Annotation:
    """One annotator's boxes on one photo."""

    def __init__(
        self,
        photo: PhotoResult,
        data: Mapping[str, Any],
        annotation: Mapping[str, Any],
        place: str,
        found: Found,
    ) -> None:
        self._photo, self._place, self._found = photo, place, found
        only = data.get("face_index")
        # A task may be of one face.
        self._faces = {
            face.face_index: face for face in photo.faces if only is None or only == face.face_index
        }
        regions = list(map(mapping, sequence(annotation.get("result"))))
        self._boxes = [r for r in regions if str(r.get("type", "")).startswith("rectangle")]
        self._choices = [r for r in regions if r.get("type") == "choices"]
        began = annotation.get("parent_prediction") is not None
        is_ours = data.get("item_id") == photo.item_id
        self._deletes = any(map(self._numbered, self._boxes)) or (began and is_ours)

    def read(self, reviewer: str, *, blind: bool) -> None:
        """Gather what the annotator says; a face whose box they deleted is none."""
        said = self._labels()
        if self._deletes:
            said |= {index: "not_a_face" for index in self._faces if index not in said}
        for index, label in said.items():
            answer = answer_of(label) if label else None
            if answer is not None:
                item = self._photo.item_id
                self._found.add(Review(item, index, reviewer, answer, blind))
        if not said:
            self._found.passed_over += 1

    def _labels(self) -> dict[int, str]:
        """Return the label of each face that has a box; empty where it is none."""
        placed: dict[int, Mapping[str, Any]] = {}
        loose = []
        moved = set()
        for region in self._boxes:
            face = self._numbered(region)
            if face is None or face.face_index in placed:
                loose.append((region, _ADDED))
            elif still_on(face, self._box(region)):
                placed[face.face_index] = region
            else:
                moved.add(face.face_index)
                loose.append((region, _MOVED))
        free = [face for index, face in self._faces.items() if index not in placed]
        boxes = [self._box(region) for region, _ in loose]
        pairs = pair_boxes([face.box for face in free], boxes, threshold=SAME_FACE)
        placed |= {free[at].face_index: loose[other][0] for at, other, _ in pairs}
        taken = {other for _, other, _ in pairs}
        for at, (_, reason) in enumerate(loose):
            if at not in taken:
                self._miss(reason)
        said = {index: self._label(region, "rectanglelabels") for index, region in placed.items()}
        # Whoever dragged a box away has not said that there was no face.
        said |= {index: "" for index in moved if index not in said}
        if len(self._faces) == 1 and not said and self._choices:
            said = {index: self._label(self._choices[-1], "choices") for index in self._faces}
        return said

    def _label(self, region: Mapping[str, Any], kind: str) -> str:
        labels = [str(label) for label in sequence(mapping(region.get("value")).get(kind))]
        if len(labels) != 1:
            self._miss(f"a box has {len(labels)} labels and not one")
            return ""
        if answer_of(labels[0]) is None:
            self._miss(no_answer(labels[0]))
        return labels[0]

    def _numbered(self, region: Mapping[str, Any]) -> Face | None:
        """Return the face whose number a region carries."""
        known = _REGION.fullmatch(str(region.get("id") or ""))
        if known is None or known[1] != self._photo.item_id:
            return None
        return self._faces.get(int(known[2]))

    def _box(self, region: Mapping[str, Any]) -> Box:
        """Return a region in pixels; its sides are in percent of the photo."""
        value = mapping(region.get("value"))
        image = self._photo.image
        width, height = (image.width, image.height) if image else (0, 0)
        x, y, w, h = (
            number_at(value, side, about=self._place) / 100
            for side in ("x", "y", "width", "height")
        )
        return Box(x * width, y * height, w * width, h * height)

    def _miss(self, reason: str) -> None:
        self._found.miss(self._place, self._photo.filename, reason)
