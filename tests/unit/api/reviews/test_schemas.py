"""What is a review, and what is none."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.api.reviews.schemas import GivenReviews
from services.common.domain.reviews import REVIEWS_A_REQUEST, Answer

SAID: dict[str, Any] = {"item_id": "itm_1", "face_index": 0, "reviewer": "ada", "answer": "fear"}


class TestGivenReviews:
    def test_is_not_blind_unless_it_says_so(self) -> None:
        (review,) = GivenReviews.model_validate({"reviews": [SAID]}).reviews
        assert (review.answer, review.blind) == (Answer.FEAR, False)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"answer": "joy"},
            {"reviewer": ""},
            {"reviewer": "a\0b"},
            {"reviewer": "a" * 101},
            {"face_index": -1},
            {"face_index": 2**15},
            {"face_index": 0.5},
            {"item_id": "i" * 65},
            {"blind": "yes"},
            {"note": "a\0b"},
            {"note": "a" * 1_001},
            {"version": -1},
            {"version": 2**31},
            {"remark": "?"},
        ],
    )
    def test_what_is_none_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            GivenReviews.model_validate({"reviews": [SAID | wrong]})

    @pytest.mark.parametrize("count", [0, REVIEWS_A_REQUEST + 1])
    def test_none_and_too_many_are_refused(self, count: int) -> None:
        with pytest.raises(ValidationError):
            GivenReviews.model_validate({"reviews": [SAID] * count})
