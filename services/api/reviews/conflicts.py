"""The problem of reviews that were given anew meanwhile."""

from services.api.errors import ApiError
from services.api.problems import FieldError, ProblemCode
from services.api.reviews.schemas import review_object
from services.common.domain.reviews import ReviewConflictError


def conflict(error: ReviewConflictError, *, at: str) -> ApiError:
    """Return it with what is there; ``at`` is the pointer to a version, of ``{place}``."""
    return ApiError(
        ProblemCode.REVIEW_CONFLICT,
        error.detail,
        errors=[
            FieldError(pointer=at.format(place=place), detail=f"The last version is {word.version}")
            for place, word in zip(error.places, error.current, strict=True)
        ],
        current=[review_object(word).model_dump(mode="json") for word in error.current],
    )
