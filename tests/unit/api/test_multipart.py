"""The multipart reader, however the body is cut into chunks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.errors import ApiError
from services.api.multipart import Event, MultipartReader, PartBegin, PartData, PartEnd
from services.api.problems import ProblemCode

TYPE = 'multipart/form-data; boundary="b0"'
BODY = (
    b'--b0\r\nContent-Disposition: form-data; name="files"; filename="\xc3\xa9 1.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n"
    b"one\r\n--b\r\n-two"
    b'\r\n--b0\r\nContent-Disposition: form-data; name="config"\r\n\r\n{}'
    b"\r\n--b0--\r\n"
)


def read(body: bytes, cuts: list[int], *, content_type: str = TYPE) -> list[Event]:
    reader = MultipartReader(content_type)
    bounds = [0, *sorted(cuts), len(body)]
    events = [
        event for start, end in itertools.pairwise(bounds) for event in reader.feed(body[start:end])
    ]
    reader.finish()
    return events


def joined(events: list[Event]) -> list[tuple[PartBegin, bytes]]:
    parts: list[tuple[PartBegin, bytes]] = []
    for event in events:
        match event:
            case PartBegin():
                parts.append((event, b""))
            case PartData(data):
                parts[-1] = (parts[-1][0], parts[-1][1] + data)
            case PartEnd():
                pass
    return parts


class TestFeed:
    @given(st.lists(st.integers(0, len(BODY)), max_size=8))
    def test_gives_the_same_parts_for_any_chunks(self, cuts: list[int]) -> None:
        assert joined(read(BODY, cuts)) == [
            (PartBegin("files", "é 1.jpg"), b"one\r\n--b\r\n-two"),
            (PartBegin("config", None), b"{}"),
        ]

    @pytest.mark.parametrize(
        "body",
        [
            b"no boundary at all",
            b"--b0\r\nbroken header\r\n\r\nx\r\n--b0--\r\n",
            b"--b0\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--b0--\r\n",
            b'--b0\r\nContent-Disposition: attachment; name="files"\r\n\r\nx\r\n--b0--\r\n',
            b"--b0\r\n" + b"A" * 10_000 + b": 1\r\n\r\nx\r\n--b0--\r\n",
            b"--b0\r\n" + b"A: 1\r\n" * 100 + b"\r\nx\r\n--b0--\r\n",
        ],
        ids=["garbage", "header", "no disposition", "no form-data", "long header", "many headers"],
    )
    def test_refuses_what_is_malformed(self, body: bytes) -> None:
        with pytest.raises(ApiError) as caught:
            read(body, [])
        assert caught.value.code == ProblemCode.INVALID_REQUEST


class TestFinish:
    @given(st.integers(0, len(BODY) - 5))
    def test_refuses_a_body_cut_short(self, end: int) -> None:
        with pytest.raises(ApiError) as caught:
            read(BODY[:end], [])
        assert caught.value.code == ProblemCode.INVALID_REQUEST


class TestInit:
    @pytest.mark.parametrize("content_type", [None, "", "application/json", "text/plain; a=b"])
    def test_refuses_another_media_type(self, content_type: str | None) -> None:
        with pytest.raises(ApiError) as caught:
            MultipartReader(content_type)
        assert caught.value.code == ProblemCode.UNSUPPORTED_MEDIA

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            f"multipart/form-data; boundary={'x' * 300}",
        ],
    )
    def test_refuses_a_missing_or_endless_boundary(self, content_type: str) -> None:
        with pytest.raises(ApiError) as caught:
            MultipartReader(content_type)
        assert caught.value.code == ProblemCode.INVALID_REQUEST
