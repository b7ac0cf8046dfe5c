"""The way in: ``Client(url, key).submit("photos/").wait()``."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import TracebackType
from typing import Self

import httpx

from hfer._doctor import Finding
from hfer._multipart import UploadProgress
from hfer._retry import RetryPolicy
from hfer._s3 import DAY_S
from hfer._shrink import OnShrink
from hfer._sources import Source
from hfer._wire import BlockingWire, iterate, run
from hfer.aio.client import AsyncClient
from hfer.api_keys import ApiKeys
from hfer.audit import Audit
from hfer.datasets import Datasets
from hfer.jobs import Job, Jobs
from hfer.models import Limits
from hfer.receipts import Erasures
from hfer.registry import Models
from hfer.reviews import Reviews
from hfer.skipped import OnSkip
from hfer.tenant_models import DailyUsage
from hfer.tenants import Tenants
from hfer.webhook_endpoints import WebhookEndpoints


class Client:
    """A connection to one HFER service. Use it as a context manager, or close it.

    Safe between threads and across forks: a forked child opens connections of its own, and
    closes only those. A job's handle and what iterates over results belong to one thread.

    Args:
        base_url: where the service answers, for example ``http://127.0.0.1:8000``.
        api_key: ``hfer_<env>_<secret>``, as shown once when the key was made.
        retry: how often and how patiently failed requests are repeated.
        http_transport: an httpx transport in place of the network, for tests and proxies; a
            forked child refuses to use it (`ForkedTransportError`).
        sleep: what waits between tries and polls, in seconds.

    Raises:
        SettingsError: the URL or the key cannot be right.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        retry: RetryPolicy | None = None,
        http_transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        wire = BlockingWire(transport=http_transport, sleep=sleep)
        self._core = AsyncClient(base_url, api_key, retry=retry, wire=wire)
        self.jobs = Jobs(self._core.jobs)
        self.models = Models(self._core.models)
        self.tenants = Tenants(self._core.tenants)
        self.erasures = Erasures(self._core.erasures)
        self.audit = Audit(self._core.audit)
        self.webhook_endpoints = WebhookEndpoints(self._core.webhook_endpoints)
        self.api_keys = ApiKeys(self._core.api_keys)
        self.datasets = Datasets(self._core.datasets)
        self.reviews = Reviews(self._core.reviews)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections of this process."""
        run(self._core.close())

    def limits(self) -> Limits:
        """Ask how much the service takes."""
        return run(self._core.limits())

    def usage(
        self, *, first: date | None = None, last: date | None = None, tenant: str | None = None
    ) -> Iterator[DailyUsage]:
        """Iterate over what was used, by day of UTC and tenant.

        Args:
            first: first day; 30 days before the last if left out.
            last: last day, included; today if left out.
            tenant: for keys with the scope ``admin``, which else see all tenants.

        Raises:
            PermissionDeniedError: another's usage was asked for.
        """
        yield from iterate(self._core.usage(first=first, last=last, tenant=tenant))

    def examine(self) -> list[Finding]:
        """Look for what may keep this service from working, and say what to do about it.

        Nothing is left behind: the one small upload that is tried is given up again.
        """
        return run(self._core.examine())

    def submit(
        self,
        *sources: Source,
        top_n: int | None = None,
        min_face_px: int | None = None,
        detection_threshold: float | None = None,
        annotated: bool | None = None,
        faces: str | None = None,
        detector: str | None = None,
        model: str | None = None,
        keep_photos_s: int | None = None,
        keep_for_training: bool | None = None,
        labels: Mapping[str, str] | None = None,
        client_ref: str | None = None,
        idempotency_key: str | None = None,
        resume: bool | str | os.PathLike[str] = False,
        s3_expiry_s: int = DAY_S,
        on_upload: UploadProgress | None = None,
        strict: bool = False,
        on_skip: OnSkip | None = None,
        shrink: int | None = None,
        on_shrink: OnShrink | None = None,
    ) -> Job:
        """Send photos as one job; it runs on whether or not anybody waits.

        Photos are paths, bytes, binary files, pictures of Pillow, arrays of numpy, or ``(name,
        data)`` pairs, and iterables of all of them: a generator's photos are kept in a temporary
        folder until they are sent, never in memory as a whole.

        The photos are streamed from disk. From 200 photos or 100 MB on (or when one request
        takes no more, see `limits`) they go into the service's bucket by presigned URL, eight
        at a time. Each call makes one job: tries that are repeated under way carry the same
        idempotency key. What is left out takes the service's default.

        A photo is called (``filename``) by its path below the folder given, before the pattern or
        inside the archive; where several were given, below the folder that they share. In folders
        the content decides what a photo is; a file named outright is sent whatever it is.

        Zip and tar archives go as they are while they are small; the photos of larger ones are
        read out of them on this side, one by one, and go into the bucket like any others.

        Photos by URL are fetched by the service. ``s3://bucket/folder`` is listed on this side,
        with the credentials of the ``AWS_…`` variables (package ``hfer[s3]``), and the service
        gets a presigned URL for each photo, never a credential. Their ``client_ref`` is the
        URL without its query, or the ``s3://`` address.

        Args:
            sources: photos; folders, whose photos are taken, sorted, with all subfolders;
                patterns such as ``photos/**/*.jpg``; archives; photos in memory, named by
                themselves (``file.name``), by you in pairs, or ``photo-00001`` by their place;
                or URLs, ``https://…`` and ``s3://…``, which go in a job of their own. An open file
                is read from its beginning. Pictures and arrays (uint8, [H, W, 3] in RGB order, [H,
                W] or [H, W, 4]) are sent as PNG, a picture with its EXIF and colour profile.
            top_n: how many expressions ``Face.top`` lists, 1..7.
            min_face_px: leave out faces whose longer side is shorter than this, in pixels.
            detection_threshold: leave out faces detected with less confidence, 0.5..1.
            annotated: draw the annotated photos at once rather than on demand.
            faces: "detect" looks for faces; "whole" takes each picture for one face, cut out
                already.
            detector: name of the detector to use; refused where the service has no worker with it.
            model: id or version of the published model to answer with, whichever is active.
            keep_photos_s: how long the service keeps the photos after the job's end, in seconds, up
                to `Limits.inputs_retention_max_seconds`.
            keep_for_training: let faces that are reviewed outlive the photos, for data sets to
                train on: with the people's consent alone.
            labels: words of your own to find the job again.
            client_ref: your own id of the job.
            idempotency_key: give the same key, with the same photos, to get the same job
                again even from another process; by default a fresh one. An upload by URL that
                was interrupted continues where it stopped.
            resume: note the upload on disk, so that the same call in another process continues
                with it if this one is killed; True for the user's own folder, or a folder.
            s3_expiry_s: how long the service may read photos of ``s3://…``, 1 to 604,800 s (7
                days); URLs signed with temporary credentials end with them.
            on_upload: called with the photo bytes sent so far and in all, perhaps from a thread.
            strict: send nothing when files of folders or patterns would be left out, side files
                apart (`SkipReason`).
            on_skip: called with each file that is not sent, before the others are; by default a
                warning of the logger ``hfer`` counts them.
            shrink: send photos whose longer side exceeds so many pixels, 320 at least, at that
                size, for slow lines. Results tell sizes, boxes and landmarks in pixels of the
                originals and the factor as ``image.scale``; ``content_sha256`` and
                ``min_face_px`` are of what was sent. Archives that go whole are not shrunk.
                Needs Pillow.
            on_shrink: called, before they are sent, with how many photos were made smaller.

        Raises:
            SkippedError: files would be left out, and ``strict``; nothing was sent.
            PhotoFileError: a path, an archive or a bucket cannot be read, there are too many
                photos, or files were mixed with URLs; nothing was sent.
            SourceTypeError: a source is nothing that can be a photo; nothing was sent.
            MissingPackageError: ``s3://…`` was given without the package minio, or an array
                without Pillow.
            SettingsError: ``s3://…`` was given, and the environment holds no credentials.
            ApiError: the service refused the job.
            BucketError: photos could not be put by URL, after all tries.
            ServiceUnreachableError: no answer, after all tries.
        """
        sending = self._core.submit(
            *sources,
            top_n=top_n,
            min_face_px=min_face_px,
            detection_threshold=detection_threshold,
            annotated=annotated,
            faces=faces,
            detector=detector,
            model=model,
            keep_photos_s=keep_photos_s,
            keep_for_training=keep_for_training,
            labels=labels,
            client_ref=client_ref,
            idempotency_key=idempotency_key,
            resume=resume,
            s3_expiry_s=s3_expiry_s,
            on_upload=on_upload,
            strict=strict,
            on_skip=on_skip,
            shrink=shrink,
            on_shrink=on_shrink,
        )
        return Job(run(sending))
