"""Photos of a bucket of the user's own: listed here, handed to the service as presigned URLs.

Listing and signing use the credentials of this machine's environment. The service gets URLs
that open one photo each for a limited time, and never a credential.
"""

import importlib.util
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hfer._kinds import PHOTO_SUFFIXES, is_photo_name
from hfer._names import order_of
from hfer.errors import MissingPackageError, NoPhotosError, S3ListError, SettingsError

if TYPE_CHECKING:
    from minio import Minio

S3_SCHEME = "s3://"
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
AWS = "https://s3.amazonaws.com"
# What signature version 4 allows.
DAY_S, LONGEST_EXPIRY_S = 86_400, 604_800
CONNECT_S, READ_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class SignedPhoto:
    """A photo of a bucket: ``name`` is its ``s3://`` address, ``url`` opens it for a while.

    ``below`` is its path below the folder that was given.
    """

    name: str
    url: str
    below: str


def signed_photos(address: str, *, most: int, expiry_s: int) -> list[SignedPhoto]:
    """List the photos that ``s3://bucket/…`` names, at most ``most``, and sign a URL for each.

    An object of just this key is taken whatever it is called. Else the key is a folder, and
    the photos in it and below are taken, sorted; hidden ones are not.

    Raises:
        MissingPackageError: minio is not installed.
        SettingsError: the environment holds no credentials, or an expiry is out of range.
        S3ListError: the bucket refused, or did not answer.
        NoPhotosError: there is no photo of this address.
    """
    if not 1 <= expiry_s <= LONGEST_EXPIRY_S:
        raise SettingsError(f"s3_expiry_s must be 1 to {LONGEST_EXPIRY_S:,} s, not {expiry_s:,}.")
    if importlib.util.find_spec("minio") is None:
        raise MissingPackageError("s3:// needs minio: pip install 'hfer[s3]'.")
    bucket, _, key = address[len(S3_SCHEME) :].partition("/")
    if not bucket:
        raise S3ListError(f"{address!r} names no bucket; write s3://bucket/folder.")
    expiry = timedelta(seconds=expiry_s)
    store = connect(os.environ)
    with _told(address):
        # Servers differ in their order: some list folder by folder, Amazon's by whole keys.
        keys = sorted(islice(_keys(store, bucket, key), most), key=order_of)
        outer = len(key.rpartition("/")[0]) + 1 if keys == [key] else len(_folder(key))
        photos = [
            SignedPhoto(
                f"{S3_SCHEME}{bucket}/{found}",
                store.presigned_get_object(bucket, found, expires=expiry),
                found[outer:].lstrip("/"),
            )
            for found in keys
        ]
    if not photos:
        shown = ", ".join(sorted(PHOTO_SUFFIXES))
        raise NoPhotosError(f"No photos ({shown}) at {address}.")
    return photos


def connect(environment: Mapping[str, str]) -> "Minio":
    """Build the S3 client that the usual variables describe.

    ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` (Amazon's when there is none),
    ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ``AWS_REGION`` or
    ``AWS_DEFAULT_REGION``.

    Raises:
        SettingsError: a key is missing or damaged, or the endpoint is no URL.
    """
    import urllib3
    from minio import Minio

    secrets = {name: _secret(environment, name) for name in SECRETS}
    missing = [name for name in SECRETS[:2] if not secrets[name]]
    if missing:
        raise SettingsError(f"s3:// needs your own credentials: set {' and '.join(missing)}.")
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or AWS
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
        raise SettingsError(
            f"The endpoint of S3 must be http(s)://host[:port], not {endpoint!r};"
            " see AWS_ENDPOINT_URL_S3."
        )
    http = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
        retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
    )
    return Minio(
        parts.netloc,
        access_key=secrets["AWS_ACCESS_KEY_ID"],
        secret_key=secrets["AWS_SECRET_ACCESS_KEY"],
        session_token=secrets["AWS_SESSION_TOKEN"],
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None,
        secure=parts.scheme == "https",
        http_client=http,
    )


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    secret = environment.get(name, "").strip()
    if not (secret.isascii() and secret.isprintable()):
        raise SettingsError(f"{name} holds a character that no header can carry; copy it anew.")
    return secret or None


def _keys(store: "Minio", bucket: str, key: str) -> Iterator[str]:
    folder = _folder(key)
    if folder != key:
        # The key itself sorts before all that begin with it.
        first = next(iter(store.list_objects(bucket, prefix=key, recursive=True)), None)
        if first is not None and first.object_name == key:
            yield key
            return
    for found in store.list_objects(bucket, prefix=folder, recursive=True):
        name = found.object_name or ""
        parts = PurePosixPath(name.removeprefix(folder)).parts
        hidden = any(part.startswith(".") for part in parts)
        if not hidden and is_photo_name(name):
            yield name


def _folder(key: str) -> str:
    return key if not key or key.endswith("/") else f"{key}/"


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn what S3 says into an error of ours."""
    import urllib3
    from minio.error import MinioException, S3Error

    try:
        yield
    except S3Error as error:
        raise S3ListError(f"Cannot list {address}: {error.message} ({error.code}).") from error
    except (MinioException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise S3ListError(f"Cannot list {address}: {error}") from error
