"""Data sets on their way: faces are cut out of stored photos, versions divided and called ready.

Photos are decoded in children that can do nothing else. A face of a job that lets its faces outlive
the photos is cut as soon as it is reviewed, any other when a data set asks for it.
"""

import hashlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import BinaryIO, Protocol

from services.common.datasets.repositories.crops import CropRepository, CutFace, PhotoToCut
from services.common.datasets.service import finish
from services.common.db.dataset_tables import Dataset
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.errors import ItemError
from services.common.domain.ids import IdKind, format_id
from services.common.domain.limits import PhotoLimits
from services.common.storage import ObjectMissingError
from services.common.storage_keys import training_key
from services.common.telemetry import get_logger
from services.imaging.child_pool.pool import ChildPool
from services.imaging.child_pool.process import Budget

PHOTO_SLICE = 20
# A loop that is silent for two minutes is taken for hung; a photo may take one and a half.
SLICE_S = 20.0
HOLD = timedelta(minutes=3)
JPEG = "image/jpeg"
# Pillow's 4 bytes and numpy's 3 are there at once (ADR 0021).
_BYTES_A_PIXEL = 8
_CHILDREN = 1
_OUTPUT_BYTES = 64_000_000

_log = get_logger(__name__)


class CropBucket(Protocol):
    """What is asked of the object storage."""

    def get(self, key: str, *, at_most: int | None = None) -> bytes:
        """Return the bytes of an object."""

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an object."""


class DatasetBuilder:
    """One step cuts a slice of faces, or calls a version ready."""

    def __init__(
        self,
        sessions: SessionFactory,
        bucket: CropBucket,
        *,
        limits: PhotoLimits,
        keeps: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Cut photos within ``limits``; whether the deployment ``keeps`` faces beyond their photos.

        No child is started before there is a photo.
        """
        self._sessions = sessions
        self._bucket = bucket
        self._limits = limits
        self._keeps = keeps
        self._clock = clock
        self._children = ChildPool(_CHILDREN, output_bytes=_OUTPUT_BYTES)

    def close(self) -> None:
        """End the children."""
        self._children.close()

    def step(self) -> bool:
        """Work once; whether more is waiting."""
        with unit_of_work(self._sessions) as session:
            dataset = CropRepository(session).hold(hold=HOLD)
        more = dataset is not None and self._build(dataset)
        if not self._keeps:
            return more
        with unit_of_work(self._sessions) as session:
            photos = CropRepository(session).reviewed_photos(limit=PHOTO_SLICE)
        self._cut(photos)
        return more or len(photos) == PHOTO_SLICE

    def _build(self, held: Dataset) -> bool:
        """Go on with a version; True, so that it is looked at again at once."""
        with unit_of_work(self._sessions) as session:
            photos = CropRepository(session).photos_of(held, limit=PHOTO_SLICE)
        self._cut(photos)
        with unit_of_work(self._sessions) as session:
            dataset = session.get(Dataset, held.id, with_for_update=True)
            if dataset is None:  # deleted meanwhile
                return True
            if photos:
                CropRepository(session).release(dataset)
                return True
            finish(session, dataset)
            _log.info(
                "dataset.built",
                dataset=format_id(IdKind.DATASET, dataset.public_id),
                state=dataset.state,
                faces=dataset.faces,
            )
        return True

    def _cut(self, photos: Sequence[PhotoToCut]) -> None:
        until = self._clock() + SLICE_S
        for photo in photos:
            if self._clock() > until:
                return
            with unit_of_work(self._sessions) as session:
                CropRepository(session).list_before(photo, wait=HOLD)
            faces = self._faces(photo)
            with unit_of_work(self._sessions) as session:
                if not CropRepository(session).add(photo, faces):
                    _log.info("dataset.job_erased", job=format_id(IdKind.JOB, photo.job))

    def _faces(self, photo: PhotoToCut) -> list[CutFace]:
        """Cut and put the faces of a photo; one that cannot be read gives faces without bytes.

        Raises:
            TransientError: the bucket does not answer, or no child can be started.
        """
        found = {face["face_index"]: face for face in photo.payload["faces"]}
        there = [index for index in photo.faces if index in found]
        gone = [CutFace(index) for index in photo.faces if index not in found]
        try:
            boxes = [found[index]["box"] for index in there]
            crops = self._crops(photo, self._bytes(photo), boxes)
        except (ItemError, ObjectMissingError) as error:
            _log.warning(
                "dataset.photo_unreadable",
                photo=format_id(IdKind.ITEM, photo.item),
                code=error.code,
            )
            return [CutFace(index) for index in photo.faces]
        cut = []
        for index, (crop, look) in zip(there, crops, strict=True):
            key = training_key(photo.job, photo.item, index)
            self._bucket.put(key, io.BytesIO(crop), size=len(crop), content_type=JPEG)
            digest = hashlib.sha256(crop).digest()
            cut.append(CutFace(index, digest, len(crop), look, found[index].get("roll")))
        return cut + gone

    def _bytes(self, photo: PhotoToCut) -> bytes:
        """Fetch a stored photo.

        Raises:
            ObjectMissingError: it is gone, or is not the one that was analysed.
        """
        data = self._bucket.get(photo.object_key, at_most=self._limits.photo_bytes + 1)
        if hashlib.sha256(data).digest() != photo.sha256:
            raise ObjectMissingError("the stored photo is another one")
        return data

    def _crops(
        self, photo: PhotoToCut, data: bytes, boxes: Sequence[Sequence[float]]
    ) -> list[tuple[bytes, bytes]]:
        """Return a JPEG and its difference hash for each box."""
        pixels = int(photo.payload["width"]) * int(photo.payload["height"])
        budget = Budget.of_photo(
            pixels, bytes_each=_BYTES_A_PIXEL, file_bytes=self._limits.photo_bytes
        )
        task = {"do": "training", "boxes": boxes, "limits": asdict(self._limits)}
        made = self._children.run(task, [data], budget)
        whole = made.read()
        ends = [0, *accumulate(made.facts["bytes"])]
        looks = [bytes.fromhex(look) for look in made.facts["hashes"]]
        pieces = [whole[start:end] for start, end in pairwise(ends)]
        return list(zip(pieces, looks, strict=True))
