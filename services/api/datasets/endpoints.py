"""`/v1/datasets`: faces with the votes of reviewers, to train and to judge models by."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from services.api.audit.refusals import audits
from services.api.datasets.archive import TAR, stream_archive
from services.api.datasets.schemas import DatasetName, DatasetObject, NewDataset, dataset_object
from services.api.dependencies import (
    Base,
    Eraser,
    FaceReader,
    Reader,
    Reviewing,
    State,
    Transaction,
)
from services.api.docs import problems
from services.api.downloads import while_live
from services.api.errors import ApiError
from services.api.ids import DatasetId, not_found, read_id
from services.api.pagination import Cursor, Page, Paging, decode_id, encode_id
from services.api.problems import ProblemCode
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.datasets.errors import DatasetNotReadyError
from services.common.datasets.repositories.datasets import DatasetRepository
from services.common.datasets.repositories.thinning import ThinningRepository
from services.common.datasets.service import READY, create
from services.common.db.dataset_tables import Dataset
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.views import find_job
from services.common.keys.service import Principal

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])


@router.post(
    "",
    status_code=201,
    summary="Make a data set of reviews",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE, ProblemCode.DATASET_TOO_SMALL)},
)
@audits(Action.DATASET_MADE)
def make_dataset(
    session: Transaction, base: Base, caller: Reviewing, response: Response, wanted: NewDataset
) -> DatasetObject:
    """Make the next version of a data set, of all faces of the jobs that are reviewed now.

    Its faces are then cut out of the photos: look at it until `state` is `ready`. Faces of one
    photo, and near copies, lie on one side; held out are only faces that were drawn at random, with
    the votes that were given blind. Faces leave it with their job, and with their photos unless
    the job asked to `keep_for_training`.
    """
    jobs = [read_id(IdKind.JOB, job) for job in dict.fromkeys(wanted.jobs)]
    for job in sorted(jobs):
        find_job(session, caller.tenant, job, lock=True)
    made = create(session, caller.tenant, wanted.wish(), jobs=jobs)
    session.flush()
    session.refresh(made)
    shown = dataset_object(made)
    record(session, caller, Action.DATASET_MADE, shown.id)
    response.headers["Location"] = f"{base}/v1/datasets/{shown.id}"
    return shown


@router.get("", summary="List data sets, newest first", responses={**problems()})
def get_datasets(
    *,
    session: Transaction,
    caller: Reader,
    name: Annotated[DatasetName | None, Query(description="only its versions")] = None,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[DatasetObject]:
    """Page through the versions of your data sets; `counts` are told of each by itself."""
    rows = DatasetRepository(session).page(
        caller.tenant, name=name, before=decode_id(cursor), limit=paging.fetch
    )
    return paging.page(rows, show=dataset_object, cursor_of=lambda row: encode_id(row.public_id))


@router.get(
    "/{dataset_id}",
    summary="Get a data set",
    responses={**problems(ProblemCode.NOT_FOUND)},
)
def get_dataset(session: Transaction, caller: Reader, dataset_id: DatasetId) -> DatasetObject:
    """Tell what a version holds, and what was taken out of it."""
    found = _find(session, caller, dataset_id)
    return dataset_object(found, DatasetRepository(session).counts(found))


@router.get(
    "/{dataset_id}/archive",
    summary="Download a data set",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {TAR: {"schema": {"type": "string", "format": "binary"}}},
            "description": "`faces/*.jpg`, `votes.csv`, `dataset.json`, `croissant.json` and"
            " `README.md`: what `make finetune DATA=` takes",
        },
        **problems(ProblemCode.NOT_FOUND, ProblemCode.DATASET_NOT_READY),
    },
)
@audits(Action.DATASET_DOWNLOADED)
def get_archive(
    state: State, session: Transaction, caller: FaceReader, dataset_id: DatasetId
) -> Response:
    """Stream a tar of the faces that a version has now, with their votes and what is known of it.

    Whoever downloads it answers for it: what is erased here afterwards has to be erased there too.
    """
    found = _find(session, caller, dataset_id)
    if caller.output.blurs_faces:
        raise ApiError(
            ProblemCode.OUTPUT_RESTRICTED,
            "The faces of a data set are not blurred; download it with a key of the output full.",
        )
    if found.state != READY:
        raise DatasetNotReadyError(
            found.failure or "The data set is being built; look at its state until it is ready."
        )
    counts = DatasetRepository(session).counts(found)
    record(session, caller, Action.DATASET_DOWNLOADED, format_id(IdKind.DATASET, dataset_id))
    name = f"{found.name}-{found.version}.tar"
    return StreamingResponse(
        while_live(state, caller, stream_archive(state, dataset_object(found, counts), found)),
        media_type=TAR,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.delete(
    "/{dataset_id}",
    status_code=204,
    summary="Delete a data set",
    responses={**problems(ProblemCode.NOT_FOUND)},
)
@audits(Action.DATASET_DELETED)
def delete_dataset(session: Transaction, caller: Eraser, dataset_id: DatasetId) -> None:
    """Delete a version, and the faces that no other version has; reviews stay.

    The bytes leave the bucket within an hour or so. Models that were trained on it stay, and say
    that it is deleted.
    """
    found = _find(session, caller, dataset_id)
    ThinningRepository(session).delete(found)
    record(session, caller, Action.DATASET_DELETED, format_id(IdKind.DATASET, dataset_id))


def _find(session: Session, caller: Principal, dataset_id: DatasetId) -> Dataset:
    found = DatasetRepository(session).get(caller.tenant, dataset_id)
    if found is None:
        raise not_found(IdKind.DATASET)
    return found
