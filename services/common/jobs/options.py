"""A job's options, whether they can be had, and their way into its row and back.

What came after the first release is stored only where a job asks for it, so that a worker of
before reads every other job while a deployment is upgraded.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.faces import AnalysisOptions, DetectorName, FaceSearch
from services.common.processes.repositories import WorkerRepository

_ADDED = ("faces", "detector", "keep_for_training")
_DEFAULTS = asdict(AnalysisOptions())
# No worker has a detector of this name. One of before job models reads it and claims nothing of
# such a job, which it would answer with the active model; `WANTED_DETECTOR` knows where to look.
BY_MODEL = "by_model"


@dataclass(frozen=True, slots=True)
class JobModel:
    """The published model that a job asks to be answered with, whichever is active."""

    version: str
    sha256: bytes


def to_stored(options: AnalysisOptions, model: JobModel | None = None) -> dict[str, Any]:
    """Turn options into what ``job.options`` holds."""
    stored = {
        name: value
        for name, value in asdict(options).items()
        if name not in _ADDED or value != _DEFAULTS[name]
    }
    if model is None:
        return stored
    detector = {"detector": stored["detector"]} if "detector" in stored else {}
    named = {"version": model.version, "sha256": model.sha256.hex(), **detector}
    return {**stored, "detector": BY_MODEL, "model": named}


def from_stored(stored: Mapping[str, Any]) -> AnalysisOptions:
    """Read options back."""
    asked = stored.get("model", stored).get("detector")
    plain = {name: value for name, value in stored.items() if name != "model"}
    return AnalysisOptions(
        **{
            **plain,
            "faces": FaceSearch(stored.get("faces", FaceSearch.DETECT)),
            "detector": None if asked is None else DetectorName(asked),
        }
    )


def model_of(stored: Mapping[str, Any]) -> JobModel | None:
    """Read which model a job asks for; None for whichever is active."""
    named = stored.get("model")
    return None if named is None else JobModel(named["version"], bytes.fromhex(named["sha256"]))


def check_options(session: Session, options: AnalysisOptions, *, keeps_faces: bool) -> None:
    """Refuse what this deployment cannot do.

    Args:
        session: to see which workers live.
        options: that a job asks for.
        keeps_faces: whether faces may outlive their photos, to train on.

    Raises:
        JobError: INVALID_REQUEST, DETECTOR_UNAVAILABLE.
    """
    _check_detector(session, options)
    _check_keeping(options, keeps_faces=keeps_faces)


def _check_keeping(options: AnalysisOptions, *, keeps_faces: bool) -> None:
    """Refuse a job that wants faces kept to train on where the deployment keeps none.

    Raises:
        JobError: INVALID_REQUEST.
    """
    if options.keep_for_training and not keeps_faces:
        raise JobError(
            JobErrorCode.INVALID_REQUEST,
            "This service keeps no faces to train on (HFER_RETENTION__TRAINING_S is 0); leave"
            " 'keep_for_training' out.",
        )


def _check_detector(session: Session, options: AnalysisOptions) -> None:
    """Refuse a job that asks for a detector which no live worker has.

    Where no worker lives, as in a deployment that scales to zero, the job is taken and waits.

    Raises:
        JobError: DETECTOR_UNAVAILABLE.
    """
    if options.detector is None:
        return
    live = WorkerRepository(session).detectors()
    if not live or options.detector in live:
        return
    others = " or ".join(f"'{name}'" for name in sorted(live - {""}))
    raise JobError(
        JobErrorCode.DETECTOR_UNAVAILABLE,
        f"No worker of this service has the detector '{options.detector}'; leave 'detector' out"
        + (f", or ask for {others}." if others else "."),
    )
