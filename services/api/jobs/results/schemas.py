"""What a photo's result looks like over HTTP."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.jobs.examples import PHOTO_EXAMPLE
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.errors import RETRYABLE_ERRORS
from services.common.domain.faces import LANDMARKS, SMALL_FACE_PX, Landmark, PhotoWarning
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.domain.reviews import Answer
from services.common.jobs.repositories.results import PhotoRecord
from services.common.reviews.accuracy import majority
from services.common.reviews.vote_repository import VotesByFace

NO_VOTES: VotesByFace = {}
# What a reviewer must not see who is to answer blind; members stay, so that readers need no second
# form of a face.
_UNSEEN: dict[str, Any] = {
    "emotions": {},
    "top": [],
    "margin": 0.0,
    "uncertain": False,
    "reviewed": None,
}
# Not the enumeration: a schema of its own would be another type in generated clients.
FaceWarning = Literal["small_face", "cut_off"]


class BoxObject(BaseModel):
    """Top left corner and size."""

    x: float
    y: float
    w: float
    h: float


class PointObject(BaseModel):
    """A point in pixels of the upright original."""

    x: float
    y: float


class Quality(BaseModel):
    """What limits how far the result can be trusted."""

    face_px: float = Field(
        description="longer side of the box in pixels of the picture that was analysed"
    )
    blur: float = Field(description="variance of the Laplacian of the crop; low means blurred")


class LabelScore(BaseModel):
    """One expression and its probability."""

    label: Emotion
    p: float


class ReviewedObject(BaseModel):
    """What reviewers say of a face, of all votes: blind or not."""

    answer: Answer | None = Field(description="what most of them say; null on a tie")
    votes: int = Field(description="how many have a vote on the face")
    differs: bool = Field(
        description="whether that is another than the model's first answer; a tie and"
        " `cannot_tell` are not"
    )


class FaceObject(BaseModel):
    """A face and its apparent expression, not inner feeling.

    Boxes and landmarks are in pixels of the upright original (EXIF orientation applied),
    clipped to the image. Landmarks are named in the face's own upright frame, left and right as
    a viewer sees them who turns the picture until the face stands upright.
    """

    face_index: int = Field(description="the number on the annotated photo; 0 is the largest")
    box: BoxObject
    box_norm: BoxObject = Field(description="the box in shares of width and height, 0..1")
    landmarks: dict[Landmark, PointObject] = Field(
        description="five points; empty where the whole picture was taken for the face"
    )
    roll: float | None = Field(
        description="how far the head is turned in the picture, in degrees, clockwise positive,"
        " above -180 up to 180; null where it is not known",
    )
    detection_confidence: float
    quality: Quality
    emotions: dict[Emotion, float] = Field(description="seven probabilities, sum 1")
    top: list[LabelScore] = Field(description="the `top_n` most probable, best first")
    margin: float = Field(description="lead of the best over the second")
    uncertain: bool = Field(description="the best is below the model's abstention threshold")
    warnings: list[FaceWarning]
    reviewed: ReviewedObject | None = Field(
        description="what people say of it, beside the model's answer and never instead; null"
        " where nobody has a vote, and in events"
    )


class ImageObject(BaseModel):
    """Size of the upright original and the EXIF orientation (1..8) that was applied."""

    width: int
    height: int
    exif_orientation: int
    scale: float = Field(
        description="sides of the analysed picture over those of the original: below 1 where the"
        " client shrank it before it was sent (`hfer submit --shrink`)",
    )


class ItemErrorObject(BaseModel):
    """Why the photo has no result."""

    code: str = Field(examples=["decode_failed"])
    detail: str | None
    retryable: bool = Field(
        description="whether a retry of the job may help: not where the photo itself is at fault,"
        " nor once its bytes are erased"
    )


class PhotoResult(BaseModel):
    """One photo of a job and what came of it: apparent expression, not inner feeling."""

    model_config = ConfigDict(json_schema_extra={"example": PHOTO_EXAMPLE})

    item_id: str
    index: int = Field(description="place among the photos as sent, from 0")
    filename: str
    client_ref: str | None
    source_url: str | None = Field(description="where it was fetched from, if a URL named it")
    content_sha256: str | None = Field(description="null before the photo was seen whole")
    status: ItemStatus
    attempts: int
    model_version: str | None = Field(description="the model that made this result")
    precision: str | None = Field(
        description="arithmetic of the model: `fp32`, `bf16` or `int8`, near ties of the latter two"
        " asked again in fp32; null in results of before it was noted"
    )
    detector: str | None = Field(
        description="what found the faces: `retinaface`, or MTCNN as `openvino` or `facenet`;"
        " `none` where the job took each picture for one face; null like `precision`"
    )
    image: ImageObject | None
    captured_at: str | None = Field(
        description="when the photo was taken, from EXIF, in ISO 8601; with an offset only where"
        " the camera wrote one, else in the camera's local time; null where it wrote none",
    )
    warnings: list[PhotoWarning] = Field(
        description="what was mended so that the photo could be read: `end_missing`, the file ends"
        " early but what a viewer shows is there; `side_chunk_skipped`, damaged side data was left"
        " out; `empty_alpha_ignored`, a transparency that hides everything was ignored;"
        " `sample_range_guessed`, no tag says which of the 16-bit numbers is white",
    )
    faces: list[FaceObject]
    faces_truncated: bool = Field(description="more faces were found than are listed")
    error: ItemErrorObject | None


def photo_result(
    record: PhotoRecord,
    *,
    top_n: int,
    kept: bool = True,
    votes: VotesByFace = NO_VOTES,
    blind: bool = False,
) -> PhotoResult:
    """Turn a stored photo into its public form.

    Args:
        record: as it is stored.
        top_n: the job's.
        kept: whether the job still has its photos.
        votes: what reviewers say of its faces.
        blind: leave out what the model and reviewers say of its faces.
    """
    payload = record.payload or {}
    faces = [_face(face, payload, top_n=top_n, votes=votes) for face in payload.get("faces", ())]
    return PhotoResult.model_validate(
        {
            "item_id": format_id(IdKind.ITEM, record.public_id),
            "index": record.seq,
            "filename": record.filename,
            "client_ref": record.client_ref,
            "source_url": record.source_url,
            "content_sha256": None if record.sha256 is None else record.sha256.hex(),
            "status": record.status,
            "attempts": record.attempts,
            "model_version": record.model_version,
            "precision": payload.get("precision"),
            "detector": payload.get("detector"),
            "image": _image(payload) if payload else None,
            "captured_at": payload.get("captured_at"),
            "warnings": payload.get("warnings", ()),
            "faces": [face | _UNSEEN for face in faces] if blind else faces,
            "faces_truncated": payload.get("faces_truncated", False),
            "error": _error(record, kept=kept),
        }
    )


def _error(record: PhotoRecord, *, kept: bool) -> dict[str, Any] | None:
    if record.error_code is None:
        return None
    stored = bool(record.object_key) or record.source_url is not None
    return {
        "code": record.error_code,
        "detail": record.error_detail,
        "retryable": kept and stored and record.error_code in RETRYABLE_ERRORS,
    }


def _image(payload: dict[str, Any]) -> dict[str, Any]:
    width, height = _original_size(payload)
    scale = max(payload["width"], payload["height"]) / max(width, height)
    return {
        "width": width,
        "height": height,
        "exif_orientation": payload["exif_orientation"],
        "scale": scale,
    }


def _original_size(payload: dict[str, Any]) -> tuple[int, int]:
    """Return the size that coordinates are told in: of the original where it was shrunk."""
    width, height = payload.get("original") or (payload["width"], payload["height"])
    return width, height


def _face(
    face: dict[str, Any], image: dict[str, Any], *, top_n: int, votes: VotesByFace
) -> dict[str, Any]:
    x, y, w, h = face["box"]
    width, height = image["width"], image["height"]
    # Of what was analysed to the original, in which the sender draws; 1 unless it was shrunk.
    full_width, full_height = _original_size(image)
    across, down = full_width / width, full_height / height
    scores = dict(zip(EMOTIONS, face["probabilities"], strict=True))
    ranked = sorted(scores, key=lambda label: scores[label], reverse=True)
    return {
        "face_index": face["face_index"],
        "box": {"x": x * across, "y": y * down, "w": w * across, "h": h * down},
        "box_norm": {"x": x / width, "y": y / height, "w": w / width, "h": h / height},
        "landmarks": {
            name: {"x": point[0] * across, "y": point[1] * down}
            for name, point in zip(LANDMARKS, face["landmarks"], strict=bool(face["landmarks"]))
        },
        "detection_confidence": face["confidence"],
        "roll": face.get("roll"),
        "quality": {"face_px": max(w, h), "blur": face["blur"]},
        "emotions": scores,
        "top": [{"label": label, "p": scores[label]} for label in ranked[:top_n]],
        "margin": face["margin"],
        "uncertain": face["uncertain"],
        "warnings": _warnings(face, width=width, height=height),
        "reviewed": _reviewed(votes.get(face["face_index"], ()), model=ranked[0]),
    }


def _reviewed(votes: Sequence[str], *, model: Emotion) -> dict[str, Any] | None:
    if not votes:
        return None
    answer = majority(votes)
    return {
        "answer": answer,
        "votes": len(votes),
        "differs": answer not in {None, model, Answer.CANNOT_TELL},
    }


def _warnings(face: dict[str, Any], *, width: int, height: int) -> list[str]:
    x, y, w, h = face["box"]
    at_edge = x <= 0 or y <= 0 or x + w >= width or y + h >= height
    # Without landmarks the whole picture is the face: it ends where its sender wants it to.
    cut = at_edge and bool(face["landmarks"])
    small = max(w, h) < SMALL_FACE_PX
    return [name for name, holds in (("small_face", small), ("cut_off", cut)) if holds]
