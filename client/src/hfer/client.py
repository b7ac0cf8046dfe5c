"""The way in: ``Client(url, key).submit("photos/").wait()``."""

import os
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import httpx

from hfer._codec import decode
from hfer._multipart import MultipartBody, UploadProgress
from hfer._photos import find_photos, fit_one_request
from hfer._retry import RetryPolicy
from hfer._transport import Call, Transport, json_call
from hfer._uploads import PhotoUpload
from hfer.jobs import Job, Jobs, job_state
from hfer.models import Limits
from hfer.registry import Models
from hfer.webhook_endpoints import WebhookEndpoints


class Client:
    """A connection to one HFER service. Use it as a context manager, or close it.

    Args:
        base_url: where the service answers, for example ``http://127.0.0.1:8000``.
        api_key: ``hfer_<env>_<secret>``, as shown once when the key was made.
        retry: how often and how patiently failed requests are repeated.
        http_transport: an httpx transport in place of the network, for tests and proxies.
        sleep: what waits between tries and polls, in seconds.
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
        self._retry = retry or RetryPolicy()
        self._transport = Transport(
            base_url,
            api_key,
            retry=self._retry,
            http_transport=http_transport,
            sleep=sleep,
        )
        self.jobs = Jobs(self._transport)
        self.models = Models(self._transport)
        self.webhook_endpoints = WebhookEndpoints(self._transport)

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
        """Close all connections."""
        self._transport.close()

    def limits(self) -> Limits:
        """Ask how much the service takes."""
        return decode(Limits, self._transport.send_json(Call("GET", "/v1/limits")))

    def submit(
        self,
        *paths: str | os.PathLike[str],
        top_n: int | None = None,
        min_face_px: int | None = None,
        detection_threshold: float | None = None,
        annotated: bool | None = None,
        labels: Mapping[str, str] | None = None,
        client_ref: str | None = None,
        idempotency_key: str | None = None,
        on_upload: UploadProgress | None = None,
    ) -> Job:
        """Send photos as one job; it runs on whether or not anybody waits.

        The photos are streamed from disk. More than one request takes (`limits`) go into the
        service's bucket by presigned URL, eight at a time. Each call makes one job: tries that
        are repeated under way carry the same idempotency key. What is left out takes the
        service's default.

        Args:
            paths: photos, and folders whose photos are taken, sorted, with all subfolders.
            top_n: how many expressions ``Face.top`` lists, 1..7.
            min_face_px: leave out faces whose longer side is shorter than this, in pixels.
            detection_threshold: leave out faces detected with less confidence, 0.5..1.
            annotated: draw the annotated photos at once rather than on demand.
            labels: words of your own to find the job again.
            client_ref: your own id of the job.
            idempotency_key: give the same key, with the same photos, to get the same job
                again even from another process; by default a fresh one. An upload by URL that
                was interrupted goes on where it stopped.
            on_upload: told the photo bytes sent so far and in all.

        Raises:
            PhotoFileError: a path cannot be sent; nothing was sent.
            ApiError: the service refused the job.
            BucketError: photos could not be put by URL, after all tries.
            ServiceUnreachableError: no answer, after all tries.
        """
        photos = find_photos(paths)
        limits = self.limits()
        by_request = fit_one_request(photos, limits)
        config = {
            "top_n": top_n,
            "min_face_px": min_face_px,
            "detection_threshold": detection_threshold,
            "annotated": annotated,
            "labels": dict(labels) if labels else None,
            "client_ref": client_ref,
        }
        chosen = {name: value for name, value in config.items() if value is not None}
        key = idempotency_key or str(uuid.uuid4())
        if by_request:
            body = MultipartBody(photos, config=chosen, on_progress=on_upload)
            headers = body.headers | {"Idempotency-Key": key}
            call = Call("POST", "/v1/jobs", headers=headers, body=body)
        else:
            upload = PhotoUpload(
                self._transport,
                photos,
                page=limits.declare_files,
                retry=self._retry,
                on_progress=on_upload,
            ).send(idempotency_key=key)
            call = json_call("POST", "/v1/jobs", {"upload_id": upload, "config": chosen})
        state = job_state(self._transport.send_json(call))
        return Job(self._transport, state.id, state=state)
