"""``AsyncClient``: as `hfer.Client`, for asyncio."""

import asyncio
import os
import uuid
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
)
from contextlib import aclosing
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from hfer._archives import Archives
from hfer._codec import decode
from hfer._doctor import Finding, examine
from hfer._links import find_links
from hfer._multipart import UploadProgress
from hfer._notebook import upload_bar
from hfer._pages import entries
from hfer._photos import readable, report_skipped
from hfer._resume import default_folder, fingerprint
from hfer._retry import RetryPolicy
from hfer._s3 import DAY_S
from hfer._shrink import OnShrink, check_longest_side, shrink_all
from hfer._sources import AsyncSource, Sources, unpacked
from hfer._spool import Spool
from hfer._submit import LinkSubmission, Submission, send_resumably
from hfer._transport import Call, Transport
from hfer._wire import AsyncioWire, Wire
from hfer.aio.api_keys import AsyncApiKeys
from hfer.aio.audit import AsyncAudit
from hfer.aio.datasets import AsyncDatasets
from hfer.aio.job import AsyncJob
from hfer.aio.jobs import AsyncJobs
from hfer.aio.receipts import AsyncErasures
from hfer.aio.registry import AsyncModels
from hfer.aio.reviews import AsyncReviews
from hfer.aio.tenants import AsyncTenants
from hfer.aio.webhook_endpoints import AsyncWebhookEndpoints
from hfer.errors import SettingsError
from hfer.models import Limits
from hfer.skipped import OnSkip, Skipped
from hfer.tenant_models import DailyUsage


class AsyncClient:
    """A connection to one HFER service, for asyncio; arguments as of `hfer.Client`.

    For the tasks of one event loop, in one thread. Safe across forks: a child, under an event
    loop of its own, opens connections of its own, and closes only those.

    ``wire`` is for the blocking client, which is this one over another wire.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        retry: RetryPolicy | None = None,
        http_transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wire: Wire | None = None,
    ) -> None:
        self._key = api_key
        self.transport = Transport(
            base_url,
            api_key,
            wire=wire or AsyncioWire(transport=http_transport, sleep=sleep),
            retry=retry or RetryPolicy(),
        )
        self.jobs = AsyncJobs(self.transport)
        self.models = AsyncModels(self.transport)
        self.tenants = AsyncTenants(self.transport)
        self.erasures = AsyncErasures(self.transport)
        self.audit = AsyncAudit(self.transport)
        self.webhook_endpoints = AsyncWebhookEndpoints(self.transport)
        self.api_keys = AsyncApiKeys(self.transport)
        self.datasets = AsyncDatasets(self.transport)
        self.reviews = AsyncReviews(self.transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections of this process."""
        await self.transport.wire.close()

    async def limits(self) -> Limits:
        """Ask how much the service takes."""
        return decode(Limits, await self.transport.send_json(Call("GET", "/v1/limits")))

    async def usage(
        self, *, first: date | None = None, last: date | None = None, tenant: str | None = None
    ) -> AsyncGenerator[DailyUsage, None]:
        """Iterate over what was used by day; see `hfer.Client.usage`."""
        asked = {"from": first, "to": last, "tenant": tenant}
        query = {name: str(value) for name, value in asked.items() if value is not None}
        async with aclosing(entries(self.transport, "/v1/usage", query=query)) as found:
            async for entry in found:
                yield decode(DailyUsage, entry)

    async def examine(self) -> list[Finding]:
        """Look for what may keep this service from working; see `hfer.Client.examine`."""
        return await examine(self.transport)

    async def submit(
        self,
        *sources: AsyncSource,
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
    ) -> AsyncJob:
        """Send photos as one job; see `hfer.Client.submit`."""
        skipped: list[Skipped] = []
        config = {
            "top_n": top_n,
            "min_face_px": min_face_px,
            "detection_threshold": detection_threshold,
            "annotated": annotated,
            "faces": faces,
            "detector": detector,
            "model": model,
            "keep_photos_s": keep_photos_s,
            "keep_for_training": keep_for_training,
            "labels": dict(labels) if labels else None,
            "client_ref": client_ref,
        }
        chosen = {name: value for name, value in config.items() if value is not None}
        if shrink is not None:
            check_longest_side(shrink)
        with Spool() as spool, Archives() as archives:
            given = Sources(spool)
            await self._gather(sources, given)
            urls = given.sorted_out()
            find = partial(Sources.photos, on_skip=skipped.append)
            found = [] if urls else await self.transport.wire.call(find, given)
            limits = await self.limits()
            files = list(readable(found, limits.formats, on_skip=skipped.append))
            submission: Submission | LinkSubmission
            if urls:
                if shrink is not None:
                    raise SettingsError("Photos by URL do not pass here: they cannot be shrunk.")
                link = partial(find_links, most=limits.request_urls, s3_expiry_s=s3_expiry_s)
                links = await self.transport.wire.call(link, urls)
                submission = LinkSubmission(links, chosen, limits)
            else:
                unpack = partial(unpacked, archives, limits=limits, on_skip=skipped.append)
                photos = await self.transport.wire.call(unpack, files)
                report_skipped(skipped, on_skip, strict=strict, left=len(files))
                if shrink is not None:
                    smaller = partial(shrink_all, longest_side=shrink, limits=limits, spool=spool)
                    sent = await self.transport.wire.call(smaller, photos)
                    if on_shrink is not None:
                        on_shrink(
                            sum(new is not old for new, old in zip(sent, photos, strict=True))
                        )
                    photos = sent
                submission = Submission(photos, chosen, limits, on_upload or upload_bar())
            if idempotency_key or resume is False:
                key = idempotency_key or str(uuid.uuid4())
                return await submission.send(self.transport, key)
            base_url = self.transport.base_url
            settings = chosen if shrink is None else chosen | {"shrink": shrink}
            mark = partial(fingerprint, base_url, self._key, config=settings, urls=urls)
            name = await self.transport.wire.call(mark, files)
            folder = default_folder() if resume is True else Path(resume)
            return await send_resumably(submission, self.transport, folder=folder, name=name)

    async def _gather(self, sources: Iterable[AsyncSource], given: Sources) -> None:
        wire = self.transport.wire
        for source in sources:
            if isinstance(source, AsyncIterable) and isinstance(wire, AsyncioWire):
                async for item in source:
                    await wire.call(given.add, item)
            else:
                await wire.call(given.add, source)
