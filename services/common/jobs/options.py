"""A job's options, and their way into its row and back.

What came after the first release is stored only where a job asks for it, so that a worker of
before reads every other job while a deployment is upgraded.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.common.domain.faces import AnalysisOptions, DetectorName, FaceSearch

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
