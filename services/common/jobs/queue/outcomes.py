"""What came of one photo, and its way into the database and back.

The payload's shape is a contract with the API, which turns it into public face objects::

    {"width", "height", "exif_orientation", "faces_truncated", "precision", "detector",
     "captured_at", "warnings": [code], "original": [width, height],
     "faces": [{"face_index", "box": [x, y, w, h], "landmarks": [[x, y] * 5], "confidence",
                "probabilities": [7], "margin", "uncertain", "blur", "roll"}]}

``landmarks`` is empty where a whole picture was one face. ``original`` is there only of photos that
their client shrank; coordinates are of what was sent. Payloads of before November 2026 have
neither ``precision`` nor ``detector``, those of before December neither ``captured_at``,
``warnings`` nor ``roll``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysedFace, Box, PhotoAnalysis, PhotoWarning
from services.common.domain.jobs import Verdict


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """The result or the error of one item, how long its analysis took, and how much CPU time."""

    item_id: int
    result: PhotoAnalysis | ItemError
    milliseconds: float | None = None
    core_ms: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What the item's row says."""
        if isinstance(self.result, ItemError):
            return Verdict.FAILED
        return Verdict.SUCCEEDED if self.result.faces else Verdict.NO_FACE

    @property
    def label(self) -> str:
        """The verdict or the error's code, for metrics."""
        if isinstance(self.result, ItemError):
            return str(self.result.code)
        return self.verdict.name.lower()

    @property
    def faces(self) -> int:
        """How many faces were found."""
        return 0 if isinstance(self.result, ItemError) else len(self.result.faces)


def to_columns(outcomes: Sequence[ItemOutcome]) -> dict[str, list[Any]]:
    """Turn outcomes into parallel arrays, sorted by id so that writers lock in one order."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.item_id)
    return {
        "ids": [outcome.item_id for outcome in ordered],
        "verdicts": [outcome.verdict.value for outcome in ordered],
        "payloads": [_payload_json(outcome.result) for outcome in ordered],
        "codes": [_code(outcome.result) for outcome in ordered],
        "details": [_detail(outcome.result) for outcome in ordered],
        "milliseconds": [outcome.milliseconds for outcome in ordered],
        "faces": [outcome.faces for outcome in ordered],
        "core_ms": [outcome.core_ms for outcome in ordered],
    }


def to_payload(analysis: PhotoAnalysis) -> dict[str, Any]:
    """Turn an analysis into the payload."""
    return {
        "width": analysis.width,
        "height": analysis.height,
        "exif_orientation": analysis.exif_orientation,
        "faces_truncated": analysis.faces_truncated,
        "precision": analysis.precision,
        "detector": analysis.detector,
        "captured_at": analysis.captured_at,
        "warnings": list(analysis.warnings),
        **({"original": list(analysis.original)} if analysis.original else {}),
        "faces": [
            {
                "face_index": face.face_index,
                "box": [face.box.x, face.box.y, face.box.w, face.box.h],
                "landmarks": [[x, y] for x, y in face.landmarks],
                "confidence": face.confidence,
                "probabilities": list(face.probabilities),
                "margin": face.margin,
                "uncertain": face.uncertain,
                "blur": face.blur,
                "roll": face.roll,
            }
            for face in analysis.faces
        ],
    }


def from_payload(payload: Mapping[str, Any]) -> PhotoAnalysis:
    """Read an analysis back."""
    return PhotoAnalysis(
        width=payload["width"],
        height=payload["height"],
        exif_orientation=payload["exif_orientation"],
        faces_truncated=payload["faces_truncated"],
        precision=payload.get("precision"),
        detector=payload.get("detector"),
        captured_at=payload.get("captured_at"),
        warnings=tuple(PhotoWarning(code) for code in payload.get("warnings", ())),
        original=_size(payload.get("original")),
        faces=tuple(
            AnalysedFace(
                face_index=face["face_index"],
                box=Box(*face["box"]),
                landmarks=tuple((x, y) for x, y in face["landmarks"]),
                confidence=face["confidence"],
                probabilities=tuple(face["probabilities"]),
                margin=face["margin"],
                uncertain=face["uncertain"],
                blur=face["blur"],
                roll=face.get("roll"),
            )
            for face in payload["faces"]
        ),
    )


def _size(said: Sequence[int] | None) -> tuple[int, int] | None:
    return (said[0], said[1]) if said else None


def _payload_json(result: PhotoAnalysis | ItemError) -> str | None:
    if isinstance(result, ItemError):
        return None
    # NaN is no JSON: better an error here than a payload that no client can read.
    return json.dumps(to_payload(result), allow_nan=False, separators=(",", ":"))


def _code(result: PhotoAnalysis | ItemError) -> str | None:
    return str(result.code) if isinstance(result, ItemError) else None


def _detail(result: PhotoAnalysis | ItemError) -> str | None:
    return result.detail if isinstance(result, ItemError) else None
