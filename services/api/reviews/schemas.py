"""What reviews look like over HTTP."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.schemas import PLAIN_TEXT, WHOLE, Input, UtcTime
from services.common.domain.ids import IdKind, format_id
from services.common.domain.reviews import (
    REVIEWER_CHARS,
    REVIEWS_A_REQUEST,
    Answer,
    Review,
)

# What fits the column; a photo has 300 faces at most by default.
_MOST_FACES = 2**15 - 1
_SAID: dict[str, Any] = {
    "item_id": "itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31",
    "face_index": 0,
    "reviewer": "ada",
    "answer": "happiness",
    "blind": False,
}

Reviewer = Annotated[
    str, StringConstraints(min_length=1, max_length=REVIEWER_CHARS, pattern=PLAIN_TEXT)
]

# Of a name of 100 signs, each escaped, in base 64.
_CURSOR_CHARS = 1_700
ReviewCursor = Annotated[
    str | None,
    Query(max_length=_CURSOR_CHARS, description="`next_cursor` of the page before"),
]


class GivenReview(Input):
    """What a reviewer says of a face."""

    model_config = ConfigDict(json_schema_extra={"example": _SAID})

    item_id: Annotated[str, StringConstraints(max_length=64)] = Field(description="the photo")
    face_index: Annotated[int, Field(ge=0, le=_MOST_FACES), WHOLE]
    reviewer: Reviewer = Field(description="who says it; each has one vote on a face")
    answer: Annotated[Answer, Field(strict=False)] = Field(
        description="one of the seven, `not_a_face` or `cannot_tell`"
    )
    blind: bool = Field(
        default=False,
        description="whether the reviewer saw neither the model's answer nor other people's",
    )


class GivenReviews(Input):
    """Reviews of faces of one job."""

    model_config = ConfigDict(json_schema_extra={"example": {"reviews": [_SAID]}})

    reviews: Annotated[list[GivenReview], Field(min_length=1, max_length=REVIEWS_A_REQUEST)]


class AddedReviews(BaseModel):
    """How many said something new, and how many only what the reviewer had said last."""

    model_config = ConfigDict(json_schema_extra={"example": {"added": 41, "unchanged": 3}})

    added: int
    unchanged: int


class ReviewObject(BaseModel):
    """A reviewer's vote on a face: their last word."""

    model_config = ConfigDict(
        json_schema_extra={"example": _SAID | {"version": 1, "reviewed_at": "2026-11-30T07:00:00Z"}}
    )

    item_id: str
    face_index: int
    reviewer: str
    answer: Answer
    blind: bool
    version: int = Field(description="counts what this reviewer said of this face, from 1")
    reviewed_at: UtcTime


def review_object(review: Review) -> ReviewObject:
    """Turn a review into its public form."""
    return ReviewObject(
        item_id=format_id(IdKind.ITEM, review.item),
        face_index=review.face_index,
        reviewer=review.reviewer,
        answer=review.answer,
        blind=review.blind,
        version=review.version,
        reviewed_at=review.reviewed_at,
    )
