"""A data set as it is asked for, and as it becomes ready."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from services.common.datasets.checks import shortfall
from services.common.datasets.errors import DatasetTooSmallError
from services.common.datasets.repositories.crops import CropRepository
from services.common.datasets.repositories.datasets import DatasetRepository
from services.common.datasets.sides import grouped, grouped_by_photo, sides
from services.common.datasets.votes import usable
from services.common.db.dataset_tables import Dataset
from services.common.domain.ids import new_uuid7

BUILDING, READY, FAILED = "building", "ready", "failed"


@dataclass(frozen=True, slots=True)
class DatasetWish:
    """What is asked of a data set.

    Attributes:
        name: of all its versions.
        jobs: ids of the jobs whose reviewed faces it takes, as users see them.
        held_out: share of the photos with faces drawn and reviewed blind that models are judged by.
        least_of_each: so many faces of each expression are wanted to train on.
        consent: what the people in the photos agreed to, in the words of who asks.
        licence: its terms, likewise.
    """

    name: str
    jobs: tuple[str, ...]
    held_out: float
    least_of_each: int
    consent: str | None = None
    licence: str | None = None


def create(
    session: Session, tenant: str, wish: DatasetWish, *, jobs: Sequence[uuid.UUID]
) -> Dataset:
    """Write a version with the faces that are reviewed now; maintenance cuts them and splits it.

    Lock the ``jobs`` before: an erasure must not run beside.

    Raises:
        DatasetTooSmallError: it cannot become what is asked.
    """
    repository = DatasetRepository(session)
    faces, left_out = usable(repository.words(tenant, jobs))
    planned = sides(faces, grouped_by_photo(faces), held_out=wish.held_out)
    if missing := shortfall(faces, planned, least_of_each=wish.least_of_each):
        raise DatasetTooSmallError(missing)
    version = Dataset(
        public_id=new_uuid7(),
        tenant=tenant,
        name=wish.name,
        asked={**asdict(wish), "jobs": list(wish.jobs)},
        left_out={reason.value: count for reason, count in left_out.items()},
        faces=len(faces),
    )
    return repository.add(version, faces)


def finish(session: Session, dataset: Dataset) -> None:
    """Divide a version whose faces are cut, and call it ready or failed."""
    crops = CropRepository(session)
    faces, looks = crops.cut(dataset)
    groups = grouped(faces, looks)
    found = sides(faces, groups, held_out=dataset.asked["held_out"])
    crops.settle(dataset, faces, groups=groups, sides=found)
    missing = shortfall(faces, found, least_of_each=dataset.asked["least_of_each"])
    dataset.state, dataset.failure = (FAILED, missing) if missing else (READY, None)
    dataset.ready_at = crops.now()
    crops.release(dataset)
