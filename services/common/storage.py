"""Objects in a bucket, over plain S3 calls with the `minio` client.

Two errors leave this module: `ObjectMissingError` when a key names nothing, and
`TransientError` for everything else, because a bucket that refuses, stalls or drops the
connection may be back when the work is retried.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import certifi
import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error

from services.common.config import StorageSettings
from services.common.domain.errors import HferError, TransientError

CHUNK_BYTES = 256 * 1024
# Nearly every photo is one PUT, not an upload of parts in two requests more; a larger one goes
# in parts, of which the memory of a process holds one.
PART_BYTES = 16 * 1024 * 1024
# One process' threads share the pool; an API process has 40 of them.
POOL_SIZE = 40

# Twice each, with the second try.
_HASTY_CONNECT_S, _HASTY_READ_S = 1.0, 3.0

_MISSING_CODES = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
_OWNED_CODES = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class ObjectMissingError(HferError):
    """A key names no object."""

    code = "object-missing"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing tells about an object; ``modified`` is in UTC by the server's clock."""

    key: str
    size: int
    modified: datetime


class ObjectStorage:
    """One bucket. Safe to share between threads, to be built anew in each process."""

    def __init__(self, client: Minio, *, bucket: str, region: str) -> None:
        self._client = client
        self._bucket = bucket
        self._region = region

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self._bucket

    def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
        """Store ``size`` bytes of ``stream`` under ``key``; an object there is replaced whole.

        A stream that ends early or a connection that breaks leaves what was there before.

        Raises:
            OSError: the stream cannot be read, or ends before ``size`` bytes.
        """
        with _translated(key):
            self._client.put_object(
                self._bucket,
                key,
                stream,
                size,
                content_type=content_type,
                part_size=PART_BYTES,
                num_parallel_uploads=1,
            )

    def get(self, key: str, *, at_most: int | None = None) -> bytes:
        """Return the bytes of an object, or its first ``at_most``: the rest is not read."""
        with self._opened(key) as response, _translated(key):
            # In one piece, so that no byte is copied twice. A body that is cut raises: urllib3
            # reads on until it has as many bytes as asked for, or as the header promised.
            return response.read(at_most)

    @contextmanager
    def open(self, key: str) -> Iterator[Iterator[bytes]]:
        """Open an object as an iterator of chunks of at most 256 KiB."""
        with self._opened(key) as response:
            yield _chunks(key, response)

    @contextmanager
    def _opened(self, key: str) -> Iterator[urllib3.BaseHTTPResponse]:
        with _translated(key):
            response = self._client.get_object(self._bucket, key)
        try:
            yield response
        finally:
            # Closed, not returned: a body read half would answer the pool's next request.
            response.close()
            response.release_conn()

    def exists(self, key: str) -> bool:
        """Tell whether ``key`` names an object."""
        try:
            with _translated(key):
                self._client.stat_object(self._bucket, key)
        except ObjectMissingError:
            return False
        return True

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, 1,000 a request; keys that name nothing are no error."""
        with _translated("objects to delete"):
            deletions = (DeleteObject(key) for key in keys)
            failures = list(self._client.remove_objects(self._bucket, deletions))
        if failures:
            raise TransientError(f"the object storage kept {len(failures)} objects")

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """Walk every object below ``prefix`` in key order, page by page, from ``after`` on."""
        with _translated(prefix):
            for entry in self._client.list_objects(
                self._bucket, prefix=prefix, recursive=True, start_after=after
            ):
                yield StoredObject(entry.object_name, entry.size, entry.last_modified)

    def ensure_bucket(self) -> None:
        """Create the bucket unless it is there; two callers at once both succeed."""
        with _translated(self._bucket):
            if self._client.bucket_exists(self._bucket):
                return
            try:
                self._client.make_bucket(self._bucket, location=self._region)
            except S3Error as error:
                if error.code not in _OWNED_CODES:
                    raise

    def check(self) -> None:
        """Return when the bucket answers, for readiness.

        Raises:
            TransientError: the server is away, refuses us, or has no such bucket.
        """
        with _translated(self._bucket):
            found = self._client.bucket_exists(self._bucket)
        if not found:
            raise TransientError(f"the bucket {self._bucket} does not exist")


def build_storage(settings: StorageSettings, *, hasty: bool = False) -> ObjectStorage:
    """Build the storage of a process; nothing is connected until the first call.

    ``hasty``: for what may fail, and nobody should wait for. It gives up within eight seconds.
    """
    connect_s, read_s = settings.connect_timeout_s, settings.read_timeout_s
    if hasty:
        connect_s, read_s = min(connect_s, _HASTY_CONNECT_S), min(read_s, _HASTY_READ_S)
    http = urllib3.PoolManager(
        maxsize=POOL_SIZE,
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(settings.ca_file or certifi.where()),
        timeout=urllib3.Timeout(connect=connect_s, read=read_s),
        retries=urllib3.Retry(
            total=1 if hasty else 2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)
        ),
    )
    client = Minio(
        settings.endpoint,
        access_key=settings.access_key.get_secret_value(),
        secret_key=settings.secret_key.get_secret_value(),
        region=settings.region,
        secure=settings.secure,
        http_client=http,
    )
    return ObjectStorage(client, bucket=settings.bucket, region=settings.region)


def _chunks(key: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body; a connection cut in the middle is an error, never a short object."""
    with _translated(key):
        yield from response.stream(CHUNK_BYTES)


@contextmanager
def _translated(subject: str) -> Iterator[None]:
    """Turn the client's errors into ours; ``subject`` is a key or what the call is about."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING_CODES:
            raise ObjectMissingError(f"no object {subject}") from error
        raise TransientError(f"the object storage refused: {error.code}") from error
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise TransientError("the object storage is not reachable") from error
