"""A job's options, whether they can be had, and their way into its row and back.

What came after the first release is stored only where a job asks for it, so that a worker of
before reads every other job while a deployment is upgraded.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.faces import AnalysisOptions, DetectorName, FaceSearch
from services.common.processes.repositories import WorkerRepository

_ADDED = ("faces", "detector")
_DEFAULTS = asdict(AnalysisOptions())


def to_stored(options: AnalysisOptions) -> dict[str, Any]:
    """Turn options into what ``job.options`` holds."""
    return {
        name: value
        for name, value in asdict(options).items()
        if name not in _ADDED or value != _DEFAULTS[name]
    }


def from_stored(stored: Mapping[str, Any]) -> AnalysisOptions:
    """Read options back."""
    asked = stored.get("detector")
    return AnalysisOptions(
        **{
            **stored,
            "faces": FaceSearch(stored.get("faces", FaceSearch.DETECT)),
            "detector": None if asked is None else DetectorName(asked),
        }
    )


def check_detector(session: Session, options: AnalysisOptions) -> None:
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
