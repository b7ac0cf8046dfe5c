"""Server-sent events: read from bytes that may be cut anywhere."""

import json

import pytest

from hfer.sse import Event, EventReader

# What `str.splitlines` and httpx end lines at, and server-sent events do not.
NO_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def read(data: bytes, *, size: int) -> list[Event]:
    reader = EventReader()
    blocks = (data[start : start + size] for start in range(0, len(data), size))
    return [event for block in blocks for event in reader.feed(block)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("data: a\n\n", [Event("message", "a")]),
        ("event: e\ndata: a\ndata:b\nid: 7\n\n", [Event("e", "a\nb", "7")]),
        (': ping\n\nevent: a\ndata: {"x":"b: c"}\n\n', [Event(""), Event("a", '{"x":"b: c"}')]),
        ("id: 3\nretry: 3000\n\ndata: next\n\n", [Event("message", "next")]),
        ("event:\ndata: a\n\n", [Event("message", "a")]),
        ("event: e\ndata: cut off", []),
        ("event: e\ndata: cut off\n", []),
        ("nonsense\ndata\n\n", [Event("message", "")]),
    ],
)
def test_reads_as_the_standard_says(text: str, events: list[Event]) -> None:
    assert EventReader().feed(text.encode()) == events


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_lines_end_with_cr_lf_or_both_wherever_blocks_cut(end: str, size: int) -> None:
    lines = [": ping", "event: e", "data: a", "data: ", "data: é🙂", "id: 7", "", "data: next", ""]
    text = "".join(line + end for line in lines)
    expected = [Event(""), Event("e", "a\n\né🙂", "7"), Event("message", "next")]
    assert read(text.encode(), size=size) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("sign", NO_LINE_ENDS)
def test_nothing_else_ends_a_line(sign: str, size: int) -> None:
    data = json.dumps({"name": f"a{sign}b", "labels": {f"k{sign}": sign}}, ensure_ascii=False)
    raw = f"data: a{sign}b\ndata: {data}\n\n".encode()
    assert read(raw, size=size) == [Event("message", f"a{sign}b\n{data}")]


def test_an_event_that_cr_ends_is_not_held_back() -> None:
    reader = EventReader()
    assert reader.feed(b"data: a\r\r") == [Event("message", "a")]
    assert reader.feed(b"") == []
    assert reader.feed(b"\ndata: b\r\n\r") == [Event("message", "b")]


def test_every_cut_in_two_gives_the_same() -> None:
    data = ": ping\r\n\r\nevent: e\r\ndata: \u2028🙂\r\nid: 7\r\n\r\n".encode()
    for cut in range(len(data)):
        reader = EventReader()
        found = [*reader.feed(data[:cut]), *reader.feed(data[cut:])]
        assert found == [Event(""), Event("e", "\u2028🙂", "7")]
