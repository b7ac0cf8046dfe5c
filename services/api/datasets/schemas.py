"""What data sets look like over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.schemas import PLAIN_TEXT, WHOLE, Input, UtcTime
from services.common.datasets.service import DatasetWish
from services.common.datasets.sides import Side
from services.common.datasets.votes import LeftOut
from services.common.db.dataset_tables import Dataset
from services.common.domain.bundles import MODEL_NAME_PATTERN
from services.common.domain.emotions import Emotion
from services.common.domain.ids import IdKind, format_id
from services.common.domain.reviews import Answer

MOST_JOBS = 100
_STATEMENT_CHARS = 500

_NEW: dict[str, Any] = {
    "name": "party",
    "jobs": ["job_01936fd2c0a27b6e8f3a5b7c9d1e2f30"],
    "consent": "release forms of 2026-11-20",
}
EXAMPLE: dict[str, Any] = {
    "id": "dst_01936fd2c0a27b6e8f3a5b7c9d1e2f34",
    "name": "party",
    "version": 1,
    "state": "ready",
    "failure": None,
    "jobs": ["job_01936fd2c0a27b6e8f3a5b7c9d1e2f30"],
    "consent": "release forms of 2026-11-20",
    "licence": None,
    "held_out": 0.5,
    "faces": 280,
    "erased": 2,
    "thinned_at": "2026-12-01T09:00:00Z",
    "counts": {"train": {"happiness": 120}},
    "left_out": {"not_a_face": 4},
    "created_at": "2026-12-01T07:00:00Z",
    "ready_at": "2026-12-01T07:00:21Z",
}

Statement = Annotated[
    str, StringConstraints(min_length=1, max_length=_STATEMENT_CHARS, pattern=PLAIN_TEXT)
]
DatasetName = Annotated[str, StringConstraints(pattern=MODEL_NAME_PATTERN)]


class NewDataset(Input):
    """A data set to be made of the reviews that there are now."""

    model_config = ConfigDict(json_schema_extra={"example": _NEW})

    name: DatasetName = Field(description="of all its versions; the next version is made")
    jobs: Annotated[
        list[Annotated[str, StringConstraints(max_length=64)]],
        Field(min_length=1, max_length=MOST_JOBS),
    ] = Field(description="whose reviewed faces it takes")
    held_out: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="share of the photos with faces that were drawn at random and reviewed blind by"
        " which models are judged; the same photos in every version",
    )
    least_of_each: Annotated[int, Field(ge=0, le=1_000), WHOLE] = Field(
        default=5, description="so many faces of each expression are wanted to train on"
    )
    consent: Statement | None = Field(
        default=None, description="what the people in the photos agreed to, for the card"
    )
    licence: Statement | None = Field(default=None, description="its terms, for the card")

    def wish(self) -> DatasetWish:
        """Return what is asked."""
        return DatasetWish(
            name=self.name,
            jobs=tuple(dict.fromkeys(self.jobs)),
            held_out=self.held_out,
            least_of_each=self.least_of_each,
            consent=self.consent,
            licence=self.licence,
        )


class DatasetObject(BaseModel):
    """A version of a data set: faces with the votes of reviewers, divided to train and to judge."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: str
    name: str
    version: int = Field(description="counts those of the name, from 1")
    state: Literal["building", "ready", "failed"] = Field(
        description="`building`: its faces are being cut out of the photos; some seconds for 100"
    )
    failure: str | None = Field(description="why it could not be built, and what to do")
    jobs: list[str]
    consent: str | None
    licence: str | None
    held_out: float
    faces: int = Field(description="that it was made with")
    erased: int = Field(description="of them were taken out again: their job or photos were erased")
    thinned_at: UtcTime | None = Field(description="when the last of them was")
    counts: dict[Side, dict[Emotion, int]] = Field(
        description="faces that it has now, by side and by what most reviewers said; empty until it"
        " is ready"
    )
    left_out: dict[LeftOut, int] = Field(description="reviewed faces that are not in it, and why")
    created_at: UtcTime
    ready_at: UtcTime | None


def dataset_object(
    dataset: Dataset, counts: dict[str, dict[Answer, int]] | None = None
) -> DatasetObject:
    """Turn a row into its public form."""
    return DatasetObject(
        id=format_id(IdKind.DATASET, dataset.public_id),
        name=dataset.name,
        version=dataset.version,
        state=dataset.state,
        failure=dataset.failure,
        jobs=dataset.asked["jobs"],
        consent=dataset.asked["consent"],
        licence=dataset.asked["licence"],
        held_out=dataset.asked["held_out"],
        faces=dataset.faces,
        erased=dataset.erased,
        thinned_at=dataset.thinned_at,
        counts={
            Side(side): {Emotion(name): faces for name, faces in of_side.items()}
            for side, of_side in (counts or {}).items()
        },
        left_out={LeftOut(reason): count for reason, count in dataset.left_out.items()},
        created_at=dataset.created_at,
        ready_at=dataset.ready_at,
    )
