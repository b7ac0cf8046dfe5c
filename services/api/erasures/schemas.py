"""What receipts of erasures look like over HTTP."""

import base64
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.schemas import UtcTime
from services.common.db.erasure_tables import Erasure, ReceiptKey
from services.common.domain.ids import IdKind, format_id

_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
_KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
RECEIPT_EXAMPLE: dict[str, Any] = {
    "id": "job_01936fd2c0a27b6e8f3a5b7c9d1e2f30",
    "object": "erasure",
    "status": "confirmed",
    "tenant": "archive",
    "key": "key_01936fd2c0a27b6e8f3a5b7c9d1e2f32",
    "key_name": "nightly batch",
    "reason": "request of 2026-11-22",
    "photos": 12,
    "job": None,
    "items": None,
    "photos_kept": 0,
    "training_faces": 0,
    "reviews": 31,
    "draws": 1,
    "erased_at": "2026-11-23T07:00:00Z",
    "bucket_empty_at": "2026-11-23T08:01:10Z",
    "signature": "eyJhbGciOiJFZERTQSJ9.eyJ0eXBlIjoiaGZlci1lcmFzdXJlIn0.c2lnbmF0dXJl",
}
KEYS_EXAMPLE: dict[str, Any] = {
    "keys": [{"kty": "OKP", "crv": "Ed25519", "x": _X, "kid": _KID, "alg": "EdDSA", "use": "sig"}]
}


class ErasureObject(BaseModel):
    """The receipt of an erasure: who wanted it, and what is gone since when."""

    model_config = ConfigDict(json_schema_extra={"example": RECEIPT_EXAMPLE})

    id: str = Field(
        description="of the job; that of an upload given up, with the head `job_`; of photos"
        " that were erased out of a job, the erasure's own (`ers_…`)"
    )
    object: Literal["erasure"] = "erasure"
    status: Literal["pending", "confirmed"] = Field(
        description="`pending`: the rows are gone, and objects may still lie in the bucket"
    )
    tenant: str
    key: str = Field(description="that asked for it")
    key_name: str
    reason: str | None = Field(description="in words of who asked")
    job: str | None = Field(description="that the photos were of; null where a whole job went")
    items: list[str] | None = Field(
        description="ids of the photos, in their order; null where a whole job went"
    )
    photos: int
    photos_kept: int | None = Field(
        description="objects that stay because another photo of the tenant has the same bytes;"
        " null while pending"
    )
    training_faces: int | None = Field(
        description="faces that were kept to train on: they are in no data set any more; null for"
        " erasures of before there were data sets"
    )
    reviews: int | None = Field(
        description="words of reviewers that went along; null where it was not counted yet"
    )
    draws: int | None = Field(
        description="random draws of its faces that went along; null like `reviews`"
    )
    erased_at: UtcTime = Field(description="when rows, results and faces went")
    bucket_empty_at: UtcTime | None = Field(
        description="when the bucket was looked through and held nothing else of the job"
    )
    signature: str | None = Field(
        description="JWS (RFC 7515) over the same facts; null while pending, and for good where"
        " the service had no key to sign with"
    )


class ReceiptKeyObject(BaseModel):
    """The public half of a key that signs receipts, as a JWK (RFC 8037)."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    x: str
    kid: str
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"


class ReceiptKeys(BaseModel):
    """A JWK set (RFC 7517), the newest key first; empty where receipts are not signed."""

    model_config = ConfigDict(json_schema_extra={"example": KEYS_EXAMPLE})

    keys: list[ReceiptKeyObject]


def erasure_object(erasure: Erasure) -> ErasureObject:
    """Turn a row into its public form."""
    kind = IdKind.JOB if erasure.of_job is None else IdKind.ERASURE
    return ErasureObject(
        id=format_id(kind, erasure.job_public_id),
        job=None if erasure.of_job is None else format_id(IdKind.JOB, erasure.of_job),
        items=None
        if erasure.items is None
        else [format_id(IdKind.ITEM, item) for item in erasure.items],
        status="pending" if erasure.bucket_empty_at is None else "confirmed",
        tenant=erasure.tenant,
        key=erasure.key_id or "",
        key_name=erasure.key_name or "",
        reason=erasure.stated_reason,
        photos=erasure.photos,
        photos_kept=erasure.photos_kept,
        training_faces=erasure.training_faces,
        reviews=erasure.reviews,
        draws=erasure.draws,
        erased_at=erasure.erased_at,
        bucket_empty_at=erasure.bucket_empty_at,
        signature=erasure.signature,
    )


def key_object(key: ReceiptKey) -> ReceiptKeyObject:
    """Turn a row into its public form."""
    x = base64.urlsafe_b64encode(key.public_key).rstrip(b"=").decode()
    return ReceiptKeyObject(x=x, kid=key.kid)
