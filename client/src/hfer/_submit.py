"""From paths to a job: with one request, or by presigned URLs that can be gone on with."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hfer import _resume
from hfer._files import Sendable
from hfer._links import Link
from hfer._multipart import MultipartBody, UploadProgress
from hfer._photos import fit_one_request, worth_resuming
from hfer._transport import Call, Transport, json_call
from hfer._uploads import PhotoUpload
from hfer.aio.job import AsyncJob
from hfer.aio.job_core import job_state
from hfer.errors import ApiError, BucketError
from hfer.models import Limits

# What the service says when an upload that was begun cannot be gone on with.
LOST_CODES = frozenset({"gone", "upload-mismatch", "idempotency-mismatch"})

_log = logging.getLogger("hfer")


@dataclass(frozen=True, slots=True)
class Submission:
    """What one submit sends: the photos, the job's settings, and what is reported meanwhile."""

    photos: Sequence[Sendable]
    config: Mapping[str, object]
    limits: Limits
    on_upload: UploadProgress | None

    async def send(self, transport: Transport, key: str) -> AsyncJob:
        """Send everything under an idempotency key; a few photos go with one request."""
        fits = fit_one_request(self.photos, self.limits)
        if fits and not worth_resuming(self.photos, self.limits):
            return await self._by_request(transport, key)
        try:
            return await self._by_urls(transport, key, insist=not fits)
        except BucketError as error:
            if error.answered or not fits:
                raise
            # Behind NAT or a proxy the bucket may be out of reach while the API is not.
            _log.warning("%s; sending the photos through the service instead", error)
            return await self._by_request(transport, str(uuid.uuid5(_NAMESPACE, key)))

    async def _by_request(self, transport: Transport, key: str) -> AsyncJob:
        body = MultipartBody(self.photos, config=self.config, on_progress=self.on_upload)
        headers = body.headers | {"Idempotency-Key": key}
        call = Call("POST", "/v1/jobs", headers=headers, body=body)
        return await _job(transport, call)

    async def _by_urls(self, transport: Transport, key: str, *, insist: bool) -> AsyncJob:
        upload_id = await PhotoUpload(
            transport,
            self.photos,
            page=self.limits.declare_files,
            on_progress=self.on_upload,
            insist=insist,
        ).send(idempotency_key=key)
        sealing = {"upload_id": upload_id, "config": self.config}
        return await _job(transport, json_call("POST", "/v1/jobs", sealing))


@dataclass(frozen=True, slots=True)
class LinkSubmission:
    """Photos that the service fetches: one small request, whatever they weigh."""

    links: Sequence[Link]
    config: Mapping[str, object]
    limits: Limits

    async def send(self, transport: Transport, key: str) -> AsyncJob:
        """Send the URLs under an idempotency key."""
        wanted = {
            "inputs": [link.as_input(self.limits) for link in self.links],
            "config": self.config,
        }
        call = json_call("POST", "/v1/jobs", wanted)
        headers = {**call.headers, "Idempotency-Key": key}
        return await _job(transport, replace(call, headers=headers))


# One key is one kind of request; the other way of sending the same photos derives its own.
_NAMESPACE = uuid.UUID("5ad6a2f1-5a5e-4f0b-9c43-0a1f7d2f7f0e")


async def send_resumably(
    submission: Submission | LinkSubmission, transport: Transport, *, folder: Path, name: str
) -> AsyncJob:
    """Send, going on with what an earlier program began; noted in ``folder`` until it ended."""
    try:
        begun = _resume.begin(folder, name)
    except OSError as error:
        _log.warning("cannot note the upload in %s (%s): it will not be resumable", folder, error)
        return await submission.send(transport, str(uuid.uuid4()))
    if begun.found:
        _log.info("going on with an upload that was interrupted")
    try:
        job = await submission.send(transport, begun.key)
    except ApiError as error:
        if not begun.found or error.code not in LOST_CODES:
            raise
        begun.ended()
        return await send_resumably(submission, transport, folder=folder, name=name)
    begun.ended()
    return job


async def _job(transport: Transport, call: Call) -> AsyncJob:
    state = job_state(await transport.send_json(call))
    return AsyncJob(transport, state.id, state=state)
