import io
import uuid
from typing import BinaryIO

from PIL import Image

from services.common.domain.errors import TransientError
from services.common.domain.limits import PhotoLimits
from services.common.storage_keys import annotated_key
from services.worker.photos.annotated import AnnotatedPhotoWriter
from tests.fixtures.analysers import expected_analysis, fake_photo

JOB, ITEM = uuid.uuid4(), uuid.uuid4()
FACES = next(
    analysis
    for analysis in (expected_analysis(fake_photo(number)) for number in range(20))
    if analysis.faces
)


class Bucket:
    def __init__(self, *, refuses: bool = False) -> None:
        self.objects: dict[str, bytes] = {}
        self._refuses = refuses

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
        if self._refuses:
            raise TransientError("the object storage refused")
        assert content_type == "image/jpeg"
        self.objects[key] = stream.read()
        assert len(self.objects[key]) == size


def photo() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


def writer(bucket: Bucket) -> AnnotatedPhotoWriter:
    return AnnotatedPhotoWriter(bucket, limits=PhotoLimits())


def test_stores_a_picture_under_its_key() -> None:
    bucket = Bucket()
    assert writer(bucket).write(photo(), FACES, job=JOB, item=ITEM)
    (picture,) = [bucket.objects[annotated_key(JOB, ITEM)]]
    assert Image.open(io.BytesIO(picture)).size == (640, 480)


def test_a_photo_that_cannot_be_drawn_on_is_skipped() -> None:
    bucket = Bucket()
    assert not writer(bucket).write(b"no photo", FACES, job=JOB, item=ITEM)
    assert bucket.objects == {}


def test_a_bucket_that_refuses_costs_no_result() -> None:
    assert not writer(Bucket(refuses=True)).write(photo(), FACES, job=JOB, item=ITEM)
