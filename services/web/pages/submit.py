"""`POST /jobs` and `/uploads`: photos on their way from the browser to the API.

A submission that fits one request is passed on byte by byte as it comes. A larger one comes in
batches that go into an upload of the API (its ADR 0010): a batch sent again changes nothing, so
a broken connection costs one batch.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.web.batches import BatchError, Spooled, spool
from services.web.gateway import Gateway, path_of
from services.web.state import address, see_other, web_of
from services.web.views.jobs import NAME_LABEL

# The API lists what is missing when a page is declared again; then only that is put.
_PUT_TRIES = 3
_PARALLEL_PUTS = 4
_MAX_JSON = 10_000
_SENT_ON = ("content-type", "content-length")


async def submit(request: Request) -> Response:
    """Pass a multipart form on to the API; a script gets the address, a plain form is led there."""
    headers = {name: request.headers[name] for name in _SENT_ON if name in request.headers}
    if key := request.headers.get("idempotency-key"):
        headers["Idempotency-Key"] = key
    job = await web_of(request).gateway.submit(request.stream(), headers=headers)
    path = f"/jobs/{job['id']}"
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"job": job["id"], "address": address(request, path)}, status_code=201)
    return see_other(request, path)


async def take_batch(request: Request) -> Response:
    """Take a batch: the first one begins an upload, others name it and their place in it."""
    web = web_of(request)
    upload_id = request.path_params.get("upload_id", "")
    start = _number(request.query_params.get("start", "0"))
    key = request.headers.get("idempotency-key", "")
    async with web.batches:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="hfer-web-"))
        try:
            files = await spool(request.stream(), folder)
            upload_id = await _send(web.gateway, upload_id, files, start=start, key=key)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return JSONResponse({"upload": upload_id, "next": start + len(files)}, status_code=201)


async def seal(request: Request) -> Response:
    """Make a job of an upload."""
    body = await small_json(request)
    name = str(body.get("name") or "").strip()
    job = await web_of(request).gateway.post(
        "/v1/jobs",
        {
            "upload_id": request.path_params["upload_id"],
            "config": config_of(name, whole=body.get("whole") is True),
        },
    )
    path = f"/jobs/{job['id']}"
    return JSONResponse({"job": job["id"], "address": address(request, path)}, status_code=201)


async def give_up(request: Request) -> Response:
    """Erase an upload that the visitor broke off."""
    await web_of(request).gateway.delete(path_of("uploads", request.path_params["upload_id"]))
    return Response(status_code=204)


def config_of(name: str, *, whole: bool = False) -> dict[str, Any]:
    """Make the settings of a job that is called ``name``, if anything.

    ``whole`` says that each picture is one face.
    """
    named = {"labels": {NAME_LABEL: name}} if name else {}
    return {**named, "faces": "whole"} if whole else named


async def _send(
    gateway: Gateway, upload_id: str, files: Sequence[Spooled], *, start: int, key: str
) -> str:
    declared = [{"filename": f.name, "size": f.size, "sha256": f.sha256} for f in files]
    for left in reversed(range(_PUT_TRIES)):
        if upload_id:
            path = path_of("uploads", upload_id, "files")
            page = await gateway.post(path, {"start": start, "files": declared})
        else:
            headers = {"Idempotency-Key": key} if key else {}
            page = await gateway.post("/v1/uploads", {"files": declared}, headers=headers)
            upload_id = str(page["id"])
        failures = await _put_missing(gateway, page["data"], files)
        if not failures:
            break
        if not left:
            raise failures[0]
    return upload_id


async def _put_missing(
    gateway: Gateway, slots: Sequence[Mapping[str, Any]], files: Sequence[Spooled]
) -> list[Exception]:
    turns = asyncio.Semaphore(_PARALLEL_PUTS)

    async def put(url: str, file: Spooled) -> None:
        async with turns:
            await gateway.put(url, file.blocks(), size=file.size)

    wanted = [(slot["url"], file) for slot, file in zip(slots, files, strict=True) if slot["url"]]
    outcomes = await asyncio.gather(
        *(put(url, file) for url, file in wanted), return_exceptions=True
    )
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 7):  # noqa: PLR2004 - 100,000
        raise BatchError("The upload lost its place; reload the page and try again.")
    return int(text)


async def small_json(request: Request) -> dict[str, Any]:
    """Read a script's small JSON object; anything else that is JSON is an empty one.

    Raises:
        BatchError: it is larger than any of ours, or no JSON.
    """
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MAX_JSON:
            raise BatchError("The request is too large.")
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise BatchError("The request is no JSON; reload the page and try again.") from None
    return body if isinstance(body, dict) else {}


routes = [
    Route("/jobs", submit, methods=["POST"]),
    Route("/uploads", take_batch, methods=["POST"]),
    Route("/uploads/{upload_id}/batches", take_batch, methods=["POST"]),
    Route("/uploads/{upload_id}/seal", seal, methods=["POST"]),
    Route("/uploads/{upload_id}", give_up, methods=["DELETE"]),
]
