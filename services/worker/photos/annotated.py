"""Annotated photos, rendered while the bytes are at hand. An extra: it never costs a result."""

import io
import uuid
from typing import BinaryIO, Protocol

from services.common.domain.errors import ItemError, TransientError
from services.common.domain.faces import PhotoAnalysis
from services.common.domain.limits import PhotoLimits
from services.common.storage_keys import annotated_key
from services.common.telemetry import get_logger

_log = get_logger(__name__)


class AnnotatedBucket(Protocol):
    """What is asked of the object storage."""

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an object."""


class AnnotatedPhotoWriter:
    """Renders and stores annotated photos; the API makes on request what is missing here."""

    def __init__(self, bucket: AnnotatedBucket, *, limits: PhotoLimits) -> None:
        self._bucket = bucket
        self._limits = limits

    def write(
        self, photo: bytes, analysis: PhotoAnalysis, *, job: uuid.UUID, item: uuid.UUID
    ) -> bool:
        """Draw the faces on a photo and store it; whether that worked."""
        from services.imaging.annotate import annotate_photo

        try:
            picture = annotate_photo(photo, analysis, limits=self._limits)
            self._bucket.put(
                annotated_key(job, item),
                io.BytesIO(picture),
                size=len(picture),
                content_type="image/jpeg",
            )
        except (ItemError, TransientError) as error:
            _log.warning("picture.skipped", item=item.hex, error=error.code)
            return False
        return True
