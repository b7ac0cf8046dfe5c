"""Results for a spreadsheet: xlsx by the client's writer, or CSV that Excel takes for UTF-8."""

import asyncio
import importlib.util
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import IO
from urllib.parse import urlencode

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hfer._codec import decode
from hfer.exports.xlsx import XlsxWriter
from hfer.models import JobState, PhotoResult
from services.web.gateway import path_of
from services.web.pages.filters import filters
from services.web.state import WebState, see_other, web_of

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# Rows of an xlsx made here: 8 s of a core, and 75 MB in the temporary folder, which may be memory.
# Jobs of more come as CSV, or as xlsx from the client.
MOST_ROWS = 20_000
_BLOCK = 256 * 1024


class TooManyRowsError(Exception):
    """A job has more rows than an xlsx is made of here."""


def spreadsheet_form(photos: int) -> str:
    """Name the download of a job of so many photos that suits a spreadsheet."""
    here = importlib.util.find_spec("xlsxwriter") is not None
    return "xlsx" if here and photos <= MOST_ROWS else "excel"


async def xlsx(request: Request) -> Response:
    """Give the results that fit the filter as xlsx; as CSV for Excel where they are too many."""
    job_id, web = request.path_params["job_id"], web_of(request)
    job = await web.gateway.get(path_of("jobs", job_id))
    state = decode(JobState, job)
    narrow = filters(request)
    asked = f"?{urlencode(narrow)}" if narrow else ""
    as_csv = see_other(request, f"/jobs/{job_id}/download/excel{asked}")
    if spreadsheet_form(state.counts.total) != "xlsx":
        return as_csv
    async with web.spreadsheets:
        file = tempfile.TemporaryFile(prefix="hfer-xlsx-")  # noqa: SIM115 - the answer closes it
        try:
            await _write(state, _batches(web, job_id, narrow), file)
        except TooManyRowsError:
            file.close()
            return as_csv
        except BaseException:
            file.close()
            raise
    plain = "".join(char for char in job_id if char.isalnum() or char == "_")
    headers = {"Content-Disposition": f'attachment; filename="hfer-{plain}.xlsx"'}
    return StreamingResponse(
        iterate_in_threadpool(_blocks(file)), media_type=_MEDIA_TYPE, headers=headers
    )


async def _write(
    state: JobState, batches: AsyncIterator[list[PhotoResult]], file: IO[bytes]
) -> None:
    writer = XlsxWriter(file, state)
    left = MOST_ROWS
    try:
        async for photos in batches:
            left -= sum(max(1, len(photo.faces)) for photo in photos)
            if left < 0:
                raise TooManyRowsError
            await asyncio.to_thread(_add, writer, photos)
        await asyncio.to_thread(writer.close)
    finally:
        writer.abandon()


def _add(writer: XlsxWriter, photos: list[PhotoResult]) -> None:
    for photo in photos:
        writer.add(photo)


async def _batches(
    web: WebState, job_id: str, narrow: Mapping[str, str]
) -> AsyncIterator[list[PhotoResult]]:
    """Yield the photos of each block that comes. Lines end with a line feed, and with it alone."""
    path = path_of("jobs", job_id, "results")
    query = {"format": "jsonl", "partial": "true", **narrow}
    async with web.gateway.opened("GET", path, query=query) as answer:
        rest = b""
        async for block in answer.aiter_bytes():
            *lines, rest = (rest + block).split(b"\n")
            if lines:
                yield [decode(PhotoResult, json.loads(line)) for line in lines]


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while block := file.read(_BLOCK):
            yield block


routes = [Route("/jobs/{job_id}/download/xlsx", xlsx)]
