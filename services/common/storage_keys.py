"""The key scheme of the bucket: every object's name is made here and nowhere else.

    photos/<tenant digest>/<sha256>       a photo that came with a request, under its content
    photos/<tenant digest>/<job>/<page>/<sha256>   one that the client put there itself
    annotated/<job>/<item>.jpg            a rendered picture, made on demand
    annotated/<job>/<item>-<size>.jpg     the photo itself, upright and scaled for a screen
    annotated/<job>/<item>[-<size>]-blurred.jpg    the same, its faces blurred
    annotated/<job>/<item>[-blurred].tiles    its thumbnail and crops of its faces, in one object
    training/<job>/<item>-<face>.jpg      a face that is kept to train on
    bundles/<sha256 of its manifest>/<file>   a published model

A tenant's name may hold any character; its digest keeps keys plain and tenants apart.
"""

import hashlib
import re
from uuid import UUID

PHOTOS = "photos/"
ANNOTATED = "annotated/"
BUNDLES = "bundles/"
TRAINING = "training/"

UPLOAD_PAGE = 1_000

_DIGEST_CHARS = 16
_BLURRED = "-blurred"
_TRAINING = re.compile(TRAINING + r"[0-9a-f]{32}/(?P<item>[0-9a-f]{32})-(?P<face>[0-9]{1,5})\.jpg")
_PICTURE = re.compile(ANNOTATED + r"(?P<job>[0-9a-f]{32})/(?P<item>[0-9a-f]{32})[.-]")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def tenant_prefix(tenant: str) -> str:
    """Prefix of every photo of ``tenant``."""
    digest = hashlib.sha256(tenant.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{PHOTOS}{digest}/"


def photo_key(tenant: str, sha256: bytes) -> str:
    """Key of the photo with this content: sent twice by one tenant, stored once.

    Args:
        tenant: whose photo it is; another tenant's equal photo is another object.
        sha256: the 32 bytes of the content's digest.
    """
    return tenant_prefix(tenant) + sha256.hex()


def uploads_prefix(tenant: str, job: UUID) -> str:
    """Prefix of every photo of an upload."""
    return f"{tenant_prefix(tenant)}{job.hex}/"


def upload_prefix(tenant: str, job: UUID, seq: int) -> str:
    """Prefix of a page of 1,000 photos of an upload, the one with the photo number ``seq``.

    One listing request shows which photos of a page are there, however large the upload is.
    """
    return f"{uploads_prefix(tenant, job)}{seq // UPLOAD_PAGE:03d}/"


def upload_key(tenant: str, job: UUID, seq: int, sha256: bytes) -> str:
    """Key of a photo that the client puts into the bucket itself.

    Apart from the photos of other jobs: the bytes are what the client says they are only once
    a worker has hashed them, and until then they must not stand in for a photo of another job.

    Args:
        tenant: whose photo it is.
        job: the job that the upload becomes.
        seq: place of the photo in the job, from 0.
        sha256: the 32 bytes of the digest that the client declared.
    """
    return upload_prefix(tenant, job, seq) + sha256.hex()


def annotated_prefix(job: UUID) -> str:
    """Prefix of every picture of a job, tiles included, so that an erasure finds them all."""
    return f"{ANNOTATED}{job.hex}/"


def pictures_prefix(job: UUID, item: UUID) -> str:
    """Prefix of every picture of one item, below `annotated_prefix`."""
    return f"{annotated_prefix(job)}{item.hex}"


def picture_of(key: str) -> tuple[UUID, UUID] | None:
    """Return job and item of a key below `pictures_prefix`; None for a key of another shape."""
    found = _PICTURE.match(key)
    return None if found is None else (UUID(hex=found["job"]), UUID(hex=found["item"]))


def annotated_key(job: UUID, item: UUID, *, blurred: bool = False) -> str:
    """Key of the annotated picture of one item, a JPEG; ``blurred``, of that with blurred faces."""
    return f"{annotated_prefix(job)}{item.hex}{_BLURRED if blurred else ''}.jpg"


def preview_key(job: UUID, item: UUID, size: str, *, blurred: bool = False) -> str:
    """Key of one item's photo as scaled for a screen, a JPEG; below `annotated_prefix`."""
    return f"{annotated_prefix(job)}{item.hex}-{size}{_BLURRED if blurred else ''}.jpg"


def tiles_key(job: UUID, item: UUID, *, blurred: bool = False) -> str:
    """Key of one item's thumbnail and crops; ``blurred``, of a blurred thumbnail alone."""
    return f"{annotated_prefix(job)}{item.hex}{_BLURRED if blurred else ''}.tiles"


def training_prefix(job: UUID) -> str:
    """Prefix of every face of a job that is kept to train on."""
    return f"{TRAINING}{job.hex}/"


def training_faces_prefix(job: UUID, item: UUID) -> str:
    """Prefix of the faces of one item that are kept to train on, below `training_prefix`."""
    return f"{training_prefix(job)}{item.hex}-"


def training_key(job: UUID, item: UUID, face_index: int) -> str:
    """Key of a face that is kept to train on, a JPEG."""
    return f"{training_faces_prefix(job, item)}{face_index}.jpg"


def training_face(key: str) -> tuple[UUID, int] | None:
    """Return item and face of a `training_key`; None for a key of another shape."""
    found = _TRAINING.fullmatch(key)
    return None if found is None else (UUID(hex=found["item"]), int(found["face"]))


def bundle_key(sha256: bytes, name: str) -> str:
    """Key of one file of a published bundle.

    Args:
        sha256: of the bundle's manifest, hence of every file of it: content never changes.
        name: of the file, without a folder.

    Raises:
        ValueError: the name is not made of letters, digits, dot, underscore and dash.
    """
    if not _PLAIN.fullmatch(name):
        raise ValueError(f"not fit for an object key: {name!r}")
    return f"{BUNDLES}{sha256.hex()}/{name}"
