"""The S3 server of the local stack and of the tests."""

import io

from services.common.config import StorageSettings
from services.common.storage import build_storage

# A test session writes to one bucket per test; 71 was the end of it on a 252 GB disk.
BUCKETS = 100


class TestS3:
    def test_every_bucket_of_a_test_session_finds_room(self, s3_settings: StorageSettings) -> None:
        for number in range(BUCKETS):
            bucket = s3_settings.model_copy(update={"bucket": f"room-{number}"})
            storage = build_storage(bucket)
            storage.ensure_bucket()
            storage.put("key", io.BytesIO(b"x"), size=1, content_type="text/plain")
            assert storage.exists("key")
