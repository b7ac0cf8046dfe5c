"""Which model a job asks for, and whether any worker can answer with it."""

import re

from sqlalchemy.orm import Session

from services.common.db.tables import Model
from services.common.domain.bundles import model_version
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, parse_id
from services.common.jobs.options import JobModel
from services.common.processes.repositories import WorkerRepository
from services.common.registry.repository import ModelRepository

_VERSION = re.compile(r"^([a-z0-9][a-z0-9-]*)-([0-9]+\.[0-9]+\.[0-9]+)(?:\+([0-9a-f]{8}))?$")


def choose_model(session: Session, asked: str | None) -> JobModel | None:
    """Return the model that ``asked`` names, by its id or version; None where nothing is asked.

    Where no worker lives the job is taken and waits, as it is with detectors.

    Raises:
        JobError: MODEL_UNAVAILABLE, it is not published, or no live worker can answer with it.
    """
    if asked is None:
        return None
    model = _find(ModelRepository(session), asked)
    if model is None:
        raise _unavailable(
            f"No model is published as '{asked}'; GET /v1/models lists those that are."
        )
    version = model_version(model.name, model.version, model.sha256.hex())
    if "+" in asked and asked != version:
        raise _unavailable(f"'{asked}' was withdrawn: its bundle was replaced by '{version}'.")
    if not model.active:
        _check_workers(session, version, model.sha256)
    return JobModel(version, model.sha256)


def _find(models: ModelRepository, asked: str) -> Model | None:
    by_id = parse_id(IdKind.MODEL, asked)
    if by_id is not None:
        return models.get(by_id)
    named = _VERSION.match(asked)
    return models.by_version(name=named[1], version=named[2]) if named else None


def _check_workers(session: Session, version: str, sha256: bytes) -> None:
    told = WorkerRepository(session).job_models()
    if not told:
        return
    able = [one for one in told if one is not None]
    if not able:
        raise _unavailable(
            "No worker of this service can answer with a model of a job's choosing; have its"
            " operator upgrade the workers, or leave 'model' out."
        )
    roomy = [one for one in able if one.room]
    if not roomy:
        raise _unavailable(
            "No worker has the memory for a model besides the active one; have the operator raise"
            " HFER_WORKER__MAX_MEMORY_MB, or leave 'model' out."
        )
    reasons = [one.refused.get(sha256.hex()) for one in roomy]
    if all(reasons):
        raise _unavailable(f"No worker can load '{version}': {reasons[0]}")


def _unavailable(detail: str) -> JobError:
    return JobError(JobErrorCode.MODEL_UNAVAILABLE, detail)
