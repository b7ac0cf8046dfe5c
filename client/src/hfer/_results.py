"""Results as a stream that survives being cut: read on from where it broke."""

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from hfer._codec import decode
from hfer._transport import Call, Transport
from hfer.errors import BrokenOffError, UnexpectedAnswerError
from hfer.models import PhotoResult, ResultFormat

MEDIA_TYPES = {
    ResultFormat.JSON: "application/json",
    ResultFormat.JSONL: "application/x-ndjson",
    ResultFormat.CSV: "text/csv",
}


async def result_lines(
    transport: Transport, job_path: str, *, partial: bool
) -> AsyncGenerator[PhotoResult, None]:
    """Iterate over the results of a job; photos given before a cut are passed over after it."""
    given: set[int] = set()
    attempt = 1
    while True:
        before = len(given)
        try:
            async with aclosing(_lines(transport, job_path, partial=partial)) as lines:
                async for line in lines:
                    photo = decode(PhotoResult, _json_line(line))
                    if photo.index not in given:
                        given.add(photo.index)
                        yield photo
        except BrokenOffError as error:
            attempt = 1 if len(given) > before else attempt
            await transport.pause(error, attempt=attempt)
            attempt += 1
        else:
            return


async def result_bytes(
    transport: Transport, job_path: str, encoding: ResultFormat, *, partial: bool
) -> AsyncGenerator[bytes, None]:
    """Stream results as they are encoded; after a cut the bytes given are read over.

    Raises:
        UnexpectedAnswerError: what was given is no longer how the results begin, so that
            going on would mix two states of a running job.
    """
    given, digest = 0, hashlib.sha256()
    attempt = 1
    while True:
        before, over, check = given, given, hashlib.sha256()
        try:
            call = _call(job_path, encoding, partial=partial)
            async with aclosing(transport.stream(call)) as blocks:
                async for block in blocks:
                    known, fresh = block[:over], block[over:]
                    check.update(known)
                    over -= len(known)
                    if not over and known and check.digest() != digest.digest():
                        break
                    if fresh:
                        digest.update(fresh)
                        given += len(fresh)
                        yield fresh
                else:
                    if not over:
                        return
            raise UnexpectedAnswerError(
                "The results changed while they were read again after a cut; fetch them anew."
            )
        except BrokenOffError as error:
            attempt = 1 if given > before else attempt
            await transport.pause(error, attempt=attempt)
            attempt += 1


async def _lines(
    transport: Transport, job_path: str, *, partial: bool
) -> AsyncGenerator[bytes, None]:
    # Cut at line feeds alone: JSON may hold U+2028 as it is, which str.splitlines cuts at.
    rest = b""
    call = _call(job_path, ResultFormat.JSONL, partial=partial)
    async with aclosing(transport.stream(call)) as blocks:
        async for block in blocks:
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                if line.strip():
                    yield line
    if rest.strip():
        yield rest


def _call(job_path: str, encoding: ResultFormat, *, partial: bool) -> Call:
    query = {"format": encoding.value} | ({"partial": "true"} if partial else {})
    headers = {"Accept": MEDIA_TYPES[encoding]}
    return Call("GET", f"{job_path}/results", query=query, headers=headers)


def _json_line(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError as error:
        raise UnexpectedAnswerError("A line of the results is no JSON.") from error
