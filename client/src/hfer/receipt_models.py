"""Receipts of erasures as the service answers them; every field has a default."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """A job that was erased on demand, or photos of one.

    Attributes:
        id: of the job; of photos, the erasure's own.
        status: ``pending`` until the bucket was looked through, then ``confirmed``.
        tenant: whose job it was.
        key: id of the key that asked.
        key_name: its name.
        reason: why, in words of who asked.
        photos: how many went.
        photos_kept: objects that another photo of the tenant keeps.
        training_faces: faces that were kept to train on, and are in no data set any more.
        reviews: words of reviewers that went along; None from a service of before.
        draws: random draws of its faces that went along.
        erased_at: when rows, results and faces went.
        bucket_empty_at: when the bucket held nothing else of the job.
        signature: a JWS, see `hfer.receipts.verify_receipt`.
        job: that the photos were of; None where a whole job went.
        items: ids of the photos; None likewise.
    """

    id: str = ""
    status: str = ""
    tenant: str = ""
    key: str = ""
    key_name: str = ""
    reason: str | None = None
    photos: int = 0
    photos_kept: int | None = None
    training_faces: int | None = None
    erased_at: datetime | None = None
    bucket_empty_at: datetime | None = None
    signature: str | None = None
    reviews: int | None = None
    draws: int | None = None
    job: str | None = None
    items: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ErasedPhotos:
    """What `Job.erase_photos` erased.

    Attributes:
        erased: photos that it erased.
        erased_before: photos that had been erased already.
        erasures: ids of the receipts (`Client.erasures`), one for each 1,000 photos.
    """

    erased: int = 0
    erased_before: int = 0
    erasures: tuple[str, ...] = ()
