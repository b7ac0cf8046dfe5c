import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.web.batches import MAX_BATCH_BYTES, MAX_BATCH_FILES, BatchError, Spooled, spool


def body_of(files: Sequence[tuple[str, bytes]], *, tail: bytes = b"") -> bytes:
    line = json.dumps([{"name": name, "size": len(data)} for name, data in files]).encode()
    return line + b"\n" + b"".join(data for _, data in files) + tail


async def chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
    yield b""


def taken(body: bytes, folder: Path, *, size: int = 7) -> list[Spooled]:
    return asyncio.run(spool(chunks(body, size), folder))


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=9), st.binary(min_size=1, max_size=99)),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 200),
)
def test_every_file_arrives_whole_however_the_body_is_cut(
    files: list[tuple[str, bytes]], size: int
) -> None:
    with TemporaryDirectory() as name:
        spooled = taken(body_of(files), Path(name), size=size)
        assert [(file.name, file.path.read_bytes()) for file in spooled] == files
        assert [file.sha256 for file in spooled] == [
            hashlib.sha256(data).hexdigest() for _, data in files
        ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "list of files"),
        (b"no line at all", "list of files"),
        (b"x" * 300_000, "list of files"),
        (b"{}\n", "list"),
        (b"[]\n", "list"),
        (b'[{"name":"a","size":0}]\n', "not empty"),
        (b'[{"name":"a","size":true}]\nx', "not empty"),
        (b'[{"name":"a","size":"1"}]\nx', "not empty"),
        (b'[{"name":"","size":1}]\nx', "not empty"),
        (b'[{"name":"a","size":5}]\nxxx', "broke off"),
        (body_of([("a", b"xx")], tail=b"y"), "more than was announced"),
        (json.dumps([{"name": "a", "size": MAX_BATCH_BYTES + 1}]).encode() + b"\n", "64 MB"),
        (json.dumps([{"name": "a", "size": 1}] * (MAX_BATCH_FILES + 1)).encode() + b"\n", "200"),
    ],
)
def test_what_is_no_batch_is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(BatchError, match=words):
        taken(body, tmp_path, size=50_000)


def test_a_sender_that_falls_silent_is_not_waited_for(tmp_path: Path) -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield body_of([("a", b"xyz")])[:-1]
        await asyncio.Event().wait()

    with pytest.raises(BatchError, match="standstill"):
        asyncio.run(spool(silent(), tmp_path, stall_s=0.01))


def test_a_spooled_file_is_read_in_blocks(tmp_path: Path) -> None:
    data = bytes(700_000)
    (file,) = taken(body_of([("a", data)]), tmp_path, size=100_000)

    async def read() -> list[int]:
        return [len(block) async for block in file.blocks()]

    sizes = asyncio.run(read())
    assert sum(sizes) == len(data)
    assert max(sizes) < 300_000
