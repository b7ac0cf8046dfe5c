"""The object storage against a real S3 server."""

import hashlib
import io
import threading
from datetime import UTC, datetime, timedelta

import pytest

from services.common.config import StorageSettings
from services.common.domain.errors import TransientError
from services.common.storage import ObjectMissingError, ObjectStorage, build_storage


def put(storage: ObjectStorage, key: str, data: bytes) -> None:
    storage.put(key, io.BytesIO(data), size=len(data), content_type="application/octet-stream")


class TestPutAndGet:
    @pytest.mark.parametrize("size", [0, 1, 300_000, 17_000_000])
    def test_gives_back_what_was_put(self, storage: ObjectStorage, size: int) -> None:
        data = (hashlib.sha256(b"seed").digest() * (size // 32 + 1))[:size]
        put(storage, "photos/a/one", data)
        assert storage.get("photos/a/one") == data

    def test_reads_no_more_than_asked_for(self, storage: ObjectStorage) -> None:
        put(storage, "k", bytes(600_000))
        assert [len(storage.get("k", at_most=n)) for n in (1, 300_000, 600_000, 10**9)] == [
            1,
            300_000,
            600_000,
            600_000,
        ]

    def test_replaces_an_object_whole(self, storage: ObjectStorage) -> None:
        put(storage, "k", b"long old content")
        put(storage, "k", b"new")
        assert storage.get("k") == b"new"

    def test_names_a_missing_object(self, storage: ObjectStorage) -> None:
        with pytest.raises(ObjectMissingError):
            storage.get("photos/none")

    def test_leaves_the_old_object_when_the_stream_ends_early(self, storage: ObjectStorage) -> None:
        put(storage, "k", b"old")
        with pytest.raises(OSError, match="having not enough data"):
            storage.put("k", io.BytesIO(b"sho"), size=10, content_type="image/png")
        assert storage.get("k") == b"old"

    def test_reads_in_chunks(self, storage: ObjectStorage) -> None:
        put(storage, "k", bytes(600_000))
        with storage.open("k") as chunks:
            sizes = [len(chunk) for chunk in chunks]
        assert sum(sizes) == 600_000
        assert max(sizes) <= 256 * 1024

    def test_a_body_read_half_does_not_spoil_the_next_answer(self, storage: ObjectStorage) -> None:
        put(storage, "big", b"x" * 5_000_000)
        put(storage, "small", b"small")
        for _ in range(3):
            with storage.open("big") as chunks:
                next(chunks)
            assert storage.get("small") == b"small"

    def test_serves_many_threads(self, storage: ObjectStorage) -> None:
        read: list[bytes] = []

        def work(number: int) -> None:
            put(storage, f"t/{number}", str(number).encode())
            read.append(storage.get(f"t/{number}"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(int(data) for data in read) == list(range(20))


class TestExists:
    def test_tells_present_from_missing(self, storage: ObjectStorage) -> None:
        put(storage, "here", b"1")
        assert storage.exists("here")
        assert not storage.exists("there")


class TestDelete:
    def test_removes_many_and_forgives_missing_ones(self, storage: ObjectStorage) -> None:
        keys = [f"d/{number}" for number in range(5)]
        for key in keys:
            put(storage, key, b"1")
        storage.delete([*keys[:4], "d/never"])
        assert [entry.key for entry in storage.list("d/")] == ["d/4"]

    def test_of_nothing_is_nothing(self, storage: ObjectStorage) -> None:
        storage.delete([])


class TestList:
    def test_walks_a_prefix_in_key_order(self, storage: ObjectStorage) -> None:
        for key in ("a/2", "a/1", "a/b/3", "c/1"):
            put(storage, key, b"12345")
        entries = list(storage.list("a/"))
        assert [entry.key for entry in entries] == ["a/1", "a/2", "a/b/3"]
        assert {entry.size for entry in entries} == {5}
        age = datetime.now(UTC) - entries[0].modified
        assert abs(age) < timedelta(minutes=1)


class TestBucket:
    def test_is_made_once_and_by_racing_callers(self, bucket_settings: StorageSettings) -> None:
        storages = [build_storage(bucket_settings) for _ in range(4)]
        errors: list[Exception] = []

        def ensure(storage: ObjectStorage) -> None:
            try:
                storage.ensure_bucket()
            except TransientError as error:
                errors.append(error)

        threads = [threading.Thread(target=ensure, args=(storage,)) for storage in storages]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        storages[0].ensure_bucket()
        storages[0].check()
        assert errors == []

    def test_check_tells_of_a_missing_bucket(self, bucket_settings: StorageSettings) -> None:
        with pytest.raises(TransientError, match="does not exist"):
            build_storage(bucket_settings).check()


class TestTrouble:
    def test_wrong_credentials_are_transient(
        self, storage: ObjectStorage, bucket_settings: StorageSettings
    ) -> None:
        put(storage, "k", b"1")
        wrong = StorageSettings.model_validate(
            {**bucket_settings.model_dump(), "secret_key": "wrong"}
        )
        with pytest.raises(TransientError) as caught:
            build_storage(wrong).get("k")
        assert "wrong" not in caught.value.detail

    def test_an_unreachable_server_is_transient(self, bucket_settings: StorageSettings) -> None:
        away = bucket_settings.model_copy(update={"endpoint": "127.0.0.1:1"})
        with pytest.raises(TransientError, match="not reachable"):
            build_storage(away).check()
