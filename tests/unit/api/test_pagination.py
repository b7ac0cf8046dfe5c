"""Cursors: what comes back is what was given out, anything else is refused."""

import base64
import json
import uuid
from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st

from services.api.errors import ApiError
from services.api.pagination import (
    Page,
    Pager,
    decode_day,
    decode_id,
    decode_name,
    decode_page_key,
    decode_place,
    decode_review,
    encode_day,
    encode_id,
    encode_name,
    encode_page_key,
    encode_place,
    encode_review,
)
from services.api.problems import ProblemCode
from services.common.jobs.repositories.jobs import PageKey
from services.common.reviews.repository import ReviewKey


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


class TestNames:
    @given(st.text("aZ09 ._@-", min_size=1, max_size=100))
    def test_come_back(self, name: str) -> None:
        assert decode_name(encode_name(name)) == name

    def test_none_is_the_first_page(self) -> None:
        assert decode_name(None) is None

    @pytest.mark.parametrize(
        "bad", [cursor(["a\x00"]), cursor(["\ud800"]), cursor([1]), cursor([])]
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_name(bad)


class TestReviews:
    @given(
        st.integers(0, 2**31 - 1), st.integers(0, 2**15 - 1), st.text("aß\u200d👩", max_size=100)
    )
    def test_come_back_and_fit_their_cursor(self, seq: int, face: int, reviewer: str) -> None:
        key = ReviewKey(seq, face, reviewer)
        assert decode_review(encode_review(key)) == key
        assert len(encode_review(key)) <= 1_700

    @pytest.mark.parametrize(
        "bad",
        [
            cursor([1, 2]),
            cursor([1, 2, 3]),
            cursor([-1, 0, "a"]),
            cursor([2**31, 0, "a"]),
            cursor([0, 2**15, "a"]),
            cursor([0, 0, "a\x00"]),
            cursor([0, 0, "\ud800"]),
        ],
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_review(bad)


class TestDays:
    @given(st.dates(), st.text("aZ09 ._@-", min_size=1, max_size=100))
    def test_come_back(self, day: date, name: str) -> None:
        assert decode_day(encode_day(day, name)) == (day, name)

    @pytest.mark.parametrize(
        "bad", [cursor(["2026-11-30"]), cursor(["2026-13-30", "a"]), cursor(["2026-11-30", "\x00"])]
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_day(bad)


class TestPlaces:
    @given(st.integers(0, 2**63 - 1))
    def test_come_back(self, place: int) -> None:
        assert decode_place(encode_place(place)) == place

    def test_none_is_the_first_page(self) -> None:
        assert decode_place(None) is None

    @pytest.mark.parametrize(
        "bad",
        ["", "x", "é", "====", cursor(3), cursor([]), cursor([-1]), cursor([True]), cursor([2**63]),
         cursor(["3"]), cursor([1, 2]), cursor({"a": 1}), base64.b64encode(b"[" * 100).decode()],
    )  # fmt: skip
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError) as caught:
            decode_place(bad)
        assert caught.value.code == ProblemCode.VALIDATION
        assert caught.value.errors[0].pointer == "#/query/cursor"


class TestIds:
    @given(st.uuids())
    def test_come_back(self, public_id: uuid.UUID) -> None:
        assert decode_id(encode_id(public_id)) == public_id

    def test_none_is_the_first_page(self) -> None:
        assert decode_id(None) is None

    @pytest.mark.parametrize("bad", ["", "x", cursor([]), cursor(["3"]), cursor([1, 2])])
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_id(bad)

    def test_the_number_of_a_row_is_refused_with_what_to_do(self) -> None:
        with pytest.raises(ApiError, match="begin with the first page"):
            decode_id(cursor([41]))


class TestPageKeys:
    @given(
        st.datetimes(timezones=st.just(UTC)),
        st.uuids(),
    )
    def test_come_back(self, created_at: datetime, public_id: uuid.UUID) -> None:
        key = PageKey(created_at, public_id)
        assert decode_page_key(encode_page_key(key)) == key

    def test_an_earlier_one_gives_its_time_alone(self) -> None:
        time = datetime(2026, 11, 23, 7, tzinfo=UTC)
        assert decode_page_key(cursor([time.isoformat(), 41])) == PageKey(time, None)

    @pytest.mark.parametrize(
        "bad",
        [
            "x",
            cursor([1]),
            cursor(["2026-11-23T07:00:00+00:00", "41"]),
            cursor(["yesterday", 1]),
            cursor(["2026-11-23T07:00:00", 1]),
            cursor([1, 1]),
        ],
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(ApiError):
            decode_page_key(bad)


class TestPager:
    def page(self, rows: list[int], *, more: bool = False) -> tuple[Page[int], Response]:
        scope = {"type": "http", "path": "/v1/things", "query_string": b"limit=2", "headers": []}
        request = Request({**scope, "server": ("hfer", 80), "app": FastAPI()})
        response = Response()
        pager = Pager(request, response, limit=2)
        assert pager.fetch == 3
        return pager.page(rows, show=lambda row: row, cursor_of=str, more=more), response

    @pytest.mark.parametrize(
        ("rows", "shown", "following"),
        [([1, 2, 3], [1, 2], "2"), ([1, 2], [1, 2], None), ([], [], None)],
    )
    def test_tells_of_more_only_when_there_is_more(
        self, rows: list[int], shown: list[int], following: str | None
    ) -> None:
        page, _ = self.page(rows)
        assert (page.data, page.next_cursor) == (shown, following)
        assert page.has_more == (following is not None)

    def test_goes_on_after_a_page_that_is_full_before_its_limit(self) -> None:
        page, _ = self.page([1], more=True)
        assert (page.data, page.next_cursor) == ([1], "1")

    def test_links_to_the_next_page_alone(self) -> None:
        assert self.page([1, 2, 3])[1].headers["Link"] == (
            '</v1/things?limit=2&cursor=2>; rel="next"'
        )
        assert "Link" not in self.page([1, 2])[1].headers
