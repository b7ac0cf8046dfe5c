"""What reviews look like over HTTP."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.schemas import PLAIN_TEXT, WHOLE, Input, UtcTime
from services.common.domain.ids import IdKind, format_id
from services.common.domain.reviews import (
    NOTE_CHARS,
    REVIEWER_CHARS,
    REVIEWS_A_REQUEST,
    Answer,
    Review,
)

# What fits the column; a photo has 300 faces at most by default.
MOST_FACES = 2**15 - 1
_SAID: dict[str, Any] = {
    "item_id": "itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31",
    "face_index": 0,
    "reviewer": "ada",
    "answer": "happiness",
    "blind": False,
}
REVIEW_EXAMPLE = _SAID | {
    "filename": "beach.jpg",
    "index": 812,
    "version": 1,
    "reviewed_at": "2026-11-30T07:00:00Z",
    "note": None,
    "change_id": "chg_01936fd2c0a27b6e8f3a5b7c9d1e2f32",
}

Reviewer = Annotated[
    str, StringConstraints(min_length=1, max_length=REVIEWER_CHARS, pattern=PLAIN_TEXT)
]
ReviewerAsked = Annotated[
    str | None,
    Query(min_length=1, max_length=REVIEWER_CHARS, pattern=PLAIN_TEXT, description="only theirs"),
]
# Lines and tabs are a person's; other control characters nobody's.
Note = Annotated[
    str,
    StringConstraints(max_length=NOTE_CHARS, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"),
]
Seen = Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE]

# Of a name of 100 signs, each escaped, in base 64.
_CURSOR_CHARS = 1_700
ReviewCursor = Annotated[
    str | None,
    Query(max_length=_CURSOR_CHARS, description="`next_cursor` of the page before"),
]


class GivenVote(Input):
    """What a reviewer says of the face that the path names."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"reviewer": "ada", "answer": "happiness", "blind": True, "version": 0}
        }
    )

    reviewer: Reviewer = Field(description="who says it; each has one vote on a face")
    answer: Annotated[Answer, Field(strict=False)] = Field(
        description="one of the seven, `not_a_face`, `cannot_tell`; `withdrawn` takes the vote back"
    )
    blind: bool = Field(
        default=False,
        description="whether the reviewer saw neither the model's answer nor other people's; kept"
        " as false where they once answered this face in sight of them",
    )
    note: Note | None = Field(
        default=None, description="in the reviewer's words; without one the same answer keeps its"
    )
    version: Seen | None = Field(
        default=None,
        description="of the reviewer's last word on the face that was seen, 0 for no vote: where"
        " there is another by now, which says something else, nothing is taken (409). Without it"
        " nothing is compared.",
    )


class GivenReview(GivenVote):
    """What a reviewer says of a face."""

    model_config = ConfigDict(json_schema_extra={"example": _SAID})

    item_id: Annotated[str, StringConstraints(max_length=64)] = Field(description="the photo")
    face_index: Annotated[int, Field(ge=0, le=MOST_FACES), WHOLE]


class GivenReviews(Input):
    """Reviews of faces of one job."""

    model_config = ConfigDict(json_schema_extra={"example": {"reviews": [_SAID]}})

    reviews: Annotated[list[GivenReview], Field(min_length=1, max_length=REVIEWS_A_REQUEST)]


class ReviewObject(BaseModel):
    """A reviewer's vote on a face: their last word."""

    model_config = ConfigDict(json_schema_extra={"example": REVIEW_EXAMPLE})

    item_id: str
    filename: str = Field(description="the photo's name as sent")
    index: int = Field(description="the photo's place in the job, as in `/order`")
    face_index: int
    reviewer: str
    answer: Answer
    blind: bool
    version: int = Field(description="counts what this reviewer said of this face, from 1")
    reviewed_at: UtcTime
    note: str | None
    change_id: str | None = Field(
        description="the same in all that one request said for this reviewer: what an undo takes"
        " back; null in reviews of before it was kept"
    )


class AddedReviews(BaseModel):
    """How many said something new, how many only what the reviewer had said last; what is there."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"added": 1, "unchanged": 0, "reviews": [REVIEW_EXAMPLE]}}
    )

    added: int
    unchanged: int
    reviews: list[ReviewObject] = Field(
        description="the last word of each reviewer on each face that the request names, in its"
        " order, `withdrawn` too; none where a vote was taken back that never was"
    )


class UndoneChange(BaseModel):
    """What an undo took back."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "change_id": REVIEW_EXAMPLE["change_id"],
                "undone": 1,
                "reviews": [REVIEW_EXAMPLE],
            }
        }
    )

    change_id: str | None = Field(description="what was taken back; null where there is nothing")
    undone: int = Field(
        description="on how many faces; those are left out of which the reviewer said something"
        " else since, and all if it was undone before"
    )
    reviews: list[ReviewObject] = Field(
        description="the last word now on each face of the change, `withdrawn` where there was no"
        " vote before"
    )


class Undo(Input):
    """Whose change to take back."""

    model_config = ConfigDict(json_schema_extra={"example": {"reviewer": "ada"}})

    reviewer: Reviewer
    change_id: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None,
        description="which; without it the reviewer's last that is not undone yet. With it the"
        " request may be repeated",
    )


class ChangeObject(BaseModel):
    """What one request said for a reviewer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "change_id": REVIEW_EXAMPLE["change_id"],
                "reviewer": "ada",
                "made_at": "2026-11-30T07:00:00Z",
                "answers": {"happiness": 30},
                "undone": False,
            }
        }
    )

    change_id: str
    reviewer: str
    made_at: UtcTime
    answers: dict[Answer, int] = Field(description="how many faces it said what of")
    undone: bool


class Changes(BaseModel):
    """A reviewer's last changes, the newest first."""

    data: list[ChangeObject]


def review_object(review: Review) -> ReviewObject:
    """Turn a review into its public form."""
    return ReviewObject(
        item_id=format_id(IdKind.ITEM, review.item),
        filename=review.filename,
        index=review.seq,
        face_index=review.face_index,
        reviewer=review.reviewer,
        answer=review.answer,
        blind=review.blind,
        version=review.version,
        reviewed_at=review.reviewed_at,
        note=review.note,
        change_id=None if review.change is None else format_id(IdKind.CHANGE, review.change),
    )
