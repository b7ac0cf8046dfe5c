import hashlib
import threading
import uuid
from collections.abc import Iterator

import pytest

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.common.storage import ObjectMissingError
from services.worker.photos.fetcher import PhotoFetcher


class Bucket:
    """Objects in memory; reading ``slow`` waits for ``answer_now``."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects
        self.answer_now = threading.Event()
        self.is_down = False

    def get(self, key: str, *, at_most: int) -> bytes:
        if key == "slow":
            self.answer_now.wait()
        if key == "stormy":
            raise TransientError("connection reset")
        if key not in self.objects:
            raise ObjectMissingError(f"no object {key}")
        return self.objects[key][:at_most]

    def check(self) -> None:
        if self.is_down:
            raise TransientError("no answer")


def item(key: str, *, content: bytes | None = None, number: int = 1) -> ClaimedItem:
    digest = hashlib.sha256(content if content is not None else key.encode()).digest()
    return ClaimedItem(number, uuid.uuid4(), key, digest, 1, 1, solo=False)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket(a=b"a", b=b"b", slow=b"slow")


@pytest.fixture
def fetcher(bucket: Bucket) -> Iterator[PhotoFetcher]:
    fetcher = PhotoFetcher(bucket, threads=2, timeout_s=0.05)
    yield fetcher
    bucket.answer_now.set()
    fetcher.close()


def test_fetches_in_the_order_asked(fetcher: PhotoFetcher) -> None:
    started = fetcher.start([item("a", number=1), item("b", number=2)])
    assert fetcher.collect([started[2], started[1]]) == [b"b", b"a"]


def test_never_reads_more_than_was_declared(fetcher: PhotoFetcher, bucket: Bucket) -> None:
    bucket.objects["a"] = b"a" * 5_000
    (fetched,) = fetcher.collect([*fetcher.start([item("a")]).values()])
    assert fetched == b"a"


def test_refuses_other_bytes_than_were_sent(fetcher: PhotoFetcher) -> None:
    (fetched,) = fetcher.collect([*fetcher.start([item("a", content=b"z")]).values()])
    assert isinstance(fetched, ItemError)
    assert fetched.code is ItemErrorCode.HASH_MISMATCH


@pytest.mark.parametrize(
    ("key", "error"), [("nowhere", ObjectMissingError), ("stormy", TransientError)]
)
def test_hands_trouble_over_instead_of_raising(
    fetcher: PhotoFetcher, key: str, error: type[Exception]
) -> None:
    (fetched,) = fetcher.collect([*fetcher.start([item(key)]).values()])
    assert isinstance(fetched, error)


def test_does_not_wait_for_ever(fetcher: PhotoFetcher) -> None:
    (fetched,) = fetcher.collect([*fetcher.start([item("slow")]).values()])
    assert isinstance(fetched, TransientError)


def test_asks_whether_the_bucket_is_down(fetcher: PhotoFetcher, bucket: Bucket) -> None:
    assert not fetcher.storage_is_down()
    bucket.is_down = True
    assert fetcher.storage_is_down()


def test_a_bucket_that_does_not_answer_is_down(fetcher: PhotoFetcher) -> None:
    fetcher.start([item("slow", number=1), item("slow", number=2)])  # both threads hang
    assert fetcher.storage_is_down()
