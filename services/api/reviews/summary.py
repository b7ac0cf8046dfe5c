"""`/v1/jobs/{job_id}/reviews/summary`: how far, how much people agree, how right the model is."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.api.dependencies import FaceReader, Transaction
from services.api.docs import problems
from services.api.ids import JobId
from services.api.problems import ProblemCode
from services.api.reviews.enough import enough_line
from services.api.schemas import UtcTime
from services.common.domain.emotions import Emotion
from services.common.domain.reviews import Answer
from services.common.jobs.repositories.faces import FaceRepository
from services.common.jobs.views import find_job
from services.common.reviews.accuracy import accuracy
from services.common.reviews.agreement import (
    Estimate,
    class_agreement,
    cohens_kappa,
    krippendorffs_alpha,
    raw_agreement,
)
from services.common.reviews.draw_repository import DrawRepository
from services.common.reviews.vote_repository import (
    BlindVotes,
    VoteRepository,
    any_order,
    pairs,
)

router = APIRouter(prefix="/v1/jobs/{job_id}/reviews", tags=["reviews"])

_FIGURE: dict[str, Any] = {"value": 0.79, "low": 0.735, "high": 0.837, "n": 240}


class Figure(BaseModel):
    """A figure with its 95 % interval and how many faces it is of.

    `value` is null where it is undefined, as kappa and alpha are where only one answer occurs; the
    ends are null below ten faces and where nobody disagreed.
    """

    model_config = ConfigDict(json_schema_extra={"example": _FIGURE})

    value: float | None
    low: float | None
    high: float | None
    n: int


class ReviewerObject(BaseModel):
    """How far a reviewer is."""

    reviewer: str
    votes: int = Field(description="faces with a vote of theirs")
    blind: int = Field(description="of them, given blind")
    last_at: UtcTime


class Agreement(BaseModel):
    """How far people agree: of blind votes alone, on faces with at least two.

    *Cannot tell* is a missing vote, *not a face* a class of its own.
    """

    raw: Figure = Field(description="share of the pairs of votes on a face that are the same")
    per_class: dict[Answer, Figure] = Field(
        description="how probable it is that another says it where one did"
    )
    kappa: Figure | None = Field(
        description="Cohen's, where just two people voted blind, on the faces that both answered"
    )
    alpha: Figure = Field(
        description="Krippendorff's, nominal: any number of people, votes missing"
    )


class ModelAccuracy(BaseModel):
    """How right the model is on this job, from faces drawn at random and reviewed blind."""

    accuracy: Figure = Field(
        description="share of the job's faces on which the model says what most reviewers say;"
        " drawn faces are weighed by how probable their draw was. `not_a_face` is a wrong answer."
    )
    drawn: int = Field(description="faces drawn")
    answered: int = Field(
        description="of them, those that count: before the first without a vote in their draw"
    )
    undecided: int = Field(
        description="answered faces without a blind vote, or without a majority of these"
    )
    more: int | None = Field(
        description="about how many further faces bring the interval to five points either side; 0"
        " is enough"
    )
    enough: str = Field(description="the same in words")


class ReviewSummary(BaseModel):
    """What is known from the reviews of a job."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "faces": 4_210,
                "reviewed": 512,
                "reviewers": [
                    {
                        "reviewer": "ada",
                        "votes": 512,
                        "blind": 300,
                        "last_at": "2026-12-01T07:00:00Z",
                    }
                ],
                "confusion": {"neutral": {"neutral": 298, "happiness": 21, "cannot_tell": 3}},
                "agreement": {
                    "raw": _FIGURE,
                    "per_class": {"happiness": _FIGURE},
                    "kappa": _FIGURE,
                    "alpha": _FIGURE,
                },
                "model": {
                    "accuracy": _FIGURE,
                    "drawn": 300,
                    "answered": 244,
                    "undecided": 4,
                    "more": 17,
                    "enough": "About 17 more drawn faces bring the interval to five points.",
                },
            }
        }
    )

    faces: int = Field(description="faces of the job so far")
    reviewed: int = Field(description="faces with a vote")
    reviewers: list[ReviewerObject]
    confusion: dict[Emotion, dict[Answer, int]] = Field(
        description="reviewed faces by the model's first answer and what some reviewer says: those"
        " that `/order` lists with this `expression` and `answer`. A face on which reviewers differ"
        " counts for each of their answers; answers that nobody gave are left out"
    )
    agreement: Agreement
    model: ModelAccuracy


@router.get(
    "/summary",
    summary="Sum the reviews of a job up",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_review_summary(session: Transaction, caller: FaceReader, job_id: JobId) -> ReviewSummary:
    """Tell how far the reviews are, how much people agree, and how right the model is here."""
    job = find_job(session, caller.tenant, job_id)
    votes = VoteRepository(session)
    tally = FaceRepository(session).reviews(job.id)
    return ReviewSummary(
        faces=tally.faces,
        reviewed=tally.reviewed,
        reviewers=[
            ReviewerObject(
                reviewer=one.reviewer, votes=one.votes, blind=one.blind, last_at=one.last_at
            )
            for one in votes.reviewers(job.id)
        ],
        confusion={emotion: dict(said) for emotion, said in tally.answers.items() if said},
        agreement=_agreement(votes.blind_votes(job.id)),
        model=_model(DrawRepository(session), job.id),
    )


def _agreement(votes: Sequence[BlindVotes]) -> Agreement:
    said, of_two = any_order(votes), pairs(votes)
    return Agreement(
        raw=_figure(raw_agreement(said)),
        per_class={Answer(name): _figure(one) for name, one in class_agreement(said).items()},
        kappa=None if of_two is None else _figure(cohens_kappa(of_two)),
        alpha=_figure(krippendorffs_alpha(said)),
    )


def _model(draws: DrawRepository, job_id: int) -> ModelAccuracy:
    found = accuracy(draws.orders(job_id))
    return ModelAccuracy(
        accuracy=_figure(found.estimate),
        drawn=found.drawn,
        answered=found.answered,
        undecided=found.undecided,
        more=found.more,
        enough=enough_line(found),
    )


def _figure(estimate: Estimate) -> Figure:
    return Figure(
        value=_rounded(estimate.value),
        low=_rounded(estimate.low),
        high=_rounded(estimate.high),
        n=estimate.n,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
